"""Targets between two of a policy's steps, held against the task's own action term."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from bundles import N, make_bundle, make_joints, with_grippers

from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.targets import TargetShaper, smooth


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("bundles") / "bundle")


def test_they_move_as_in_the_task(bundle: Bundle) -> None:
    """At the policy's own rate they are the targets of ``RateLimitedJointPositionAction``."""
    from humanoid_vla.tasks.mdp.actions import RateLimitedJointPositionAction

    joints, rng = bundle.joints, np.random.default_rng(0)

    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float64)[None]

    term = object.__new__(RateLimitedJointPositionAction)  # what its constructor reads from a simulation, by hand
    term.cfg = SimpleNamespace(max_lead=joints.max_lead[0])  # type: ignore
    term._max_step = joints.max_speed[0] * bundle.policy_dt
    term._limits = torch.stack([tensor(joints.soft_lower), tensor(joints.soft_upper)], dim=-1)
    term._default, term._scale = tensor(joints.default), tensor(joints.scale)[0]
    term._raw_actions, term._targets = tensor(np.zeros(N)), tensor(joints.default)
    term._joint_ids, term.safety = list(range(N)), None
    shaper, last = TargetShaper(bundle, bundle.policy_dt), joints.default
    for _ in range(100):
        action, pos = rng.uniform(-1.5, 1.5, N), last + rng.normal(0.0, 0.15, N)
        term._asset = SimpleNamespace(data=SimpleNamespace(joint_pos=SimpleNamespace(torch=tensor(pos))))  # type: ignore
        term.process_actions(tensor(action))
        wanted = joints.default + joints.scale * action.clip(-1.0, 1.0)
        last = shaper.follow(wanted, 1.0, last, pos)[0].copy()
        assert last == pytest.approx(term._targets[0].numpy(), abs=1e-6)


def test_coupled_joints_lead_their_mean(bundle: Bundle) -> None:
    """As the gripper's action term has it: both fingers get one target, whatever one of them is kept from."""
    joints = with_grippers(make_joints())
    shaper, pos = TargetShaper(replace(bundle, joints=joints), 10.0), joints.default.copy()
    pos[-4:] = 0.020, 0.030, 0.040, 0.042
    wanted = joints.default + joints.scale  # closed
    targets = shaper.follow(wanted, 1.0, joints.default, pos)[0]
    assert targets[-4:] == pytest.approx([0.015, 0.015, 0.031, 0.031])
    slow = TargetShaper(replace(bundle, joints=joints), 0.01).follow(wanted, 1.0, joints.default, joints.default)[0]
    assert slow[-4:] == pytest.approx(0.025 - 0.0008)
    assert slow[3] == pytest.approx(joints.default[3] + 0.012)


def test_a_policy_fades_in(bundle: Bundle) -> None:
    shaper, start, wanted = TargetShaper(bundle, 10.0), bundle.joints.default, bundle.joints.default + 0.1
    shaper.begin(start)
    for share in (0.0, 0.25, 1.0):
        assert shaper.follow(wanted, share, start, start)[0] == pytest.approx(start + 0.1 * share)


def test_a_stop_fades_out(bundle: Bundle) -> None:
    shaper, pos = TargetShaper(bundle, 0.01), bundle.joints.default
    shaper.begin(pos + 0.1)
    assert shaper.release(1.0, pos)[0] == pytest.approx(pos + 0.1)
    assert shaper.release(0.0, pos)[0] == pytest.approx(pos)
    assert shaper.hold(pos + 0.2)[0] == pytest.approx(pos + 0.2)


def test_smooth_has_no_kinks() -> None:
    assert [smooth(x) for x in (-1.0, 0.0, 0.5, 1.0, 2.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert smooth(0.01) < 0.001
