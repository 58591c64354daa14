"""A filtered action can be differentiated: like its target where the filter lets it through, and never not finite."""

from __future__ import annotations

import math

import pytest
import torch
from safety_robots import UPPER, make_filter, make_g1, posture_of, random_postures

from humanoid_vla.safety.filter import ActionFilter
from humanoid_vla.safety.torch_backend import TorchBackend

UPPER_BODY = make_g1(UPPER)


def begin(batch: int = 1) -> tuple[ActionFilter, torch.Tensor]:
    """A filter of robots that rest with straight arms, and that posture."""
    safety = make_filter(UPPER_BODY, batch, TorchBackend(dtype=torch.float64))
    joint_pos = torch.tensor(posture_of(UPPER_BODY)).repeat(batch, 1)
    safety.reset(joint_pos)
    return safety, joint_pos


def jacobian(safety: ActionFilter, targets: torch.Tensor, joint_pos: torch.Tensor) -> torch.Tensor:
    """Of one robot's command by its targets, (n, n)."""
    targets = targets.clone().requires_grad_()
    command = safety.step(targets, joint_pos, torch.zeros_like(joint_pos))
    rows = [torch.autograd.grad(value, targets, retain_graph=True)[0][0] for value in command[0]]
    return torch.stack(rows)


def test_it_is_one_where_targets_pass() -> None:
    safety, joint_pos = begin()
    targets = joint_pos + 1e-4 * torch.linspace(-1.0, 1.0, 17, dtype=torch.float64)
    assert jacobian(safety, targets, joint_pos).tolist() == torch.eye(17).tolist()


def test_it_is_zero_where_they_are_clipped() -> None:
    safety, joint_pos = begin()
    targets = joint_pos + 1e-4
    clipped = [UPPER.index(f"{side}_wrist_roll_joint") for side in ("left", "right")]
    targets[0, clipped[0]], targets[0, clipped[1]] = 0.5, -1e9
    expected = torch.eye(17, dtype=torch.float64)
    expected[clipped, clipped] = 0.0
    assert jacobian(safety, targets, joint_pos).tolist() == expected.tolist()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_it_is_zero_where_targets_are_no_numbers(value: float) -> None:
    safety, joint_pos = begin()
    targets = joint_pos + 1e-4
    targets[0, 3] = value
    expected = torch.eye(17, dtype=torch.float64)
    expected[3, 3] = 0.0
    assert jacobian(safety, targets, joint_pos).tolist() == expected.tolist()


def test_it_is_finite_in_any_posture() -> None:
    """Among them bodies that overlap, contradictory constraints, and measurements that are missing."""
    batch = 64
    safety, _ = begin(batch)
    joint_pos = torch.tensor(random_postures(UPPER_BODY, batch))
    safety.reset(joint_pos)
    targets = torch.tensor(random_postures(UPPER_BODY, batch, seed=1))
    targets[::2] = joint_pos[::2] + 1e-3
    targets.requires_grad_()
    measured = torch.where(torch.rand(batch, 17) < 0.1, torch.nan, joint_pos)
    command = safety.step(targets, measured, torch.randn(batch, 17, dtype=torch.float64))
    assert safety.counters.figures()["collision"] > 0.3
    (gradient,) = torch.autograd.grad(command.sum(), targets)
    assert gradient.isfinite().all()
    assert (gradient != 0.0).any()
