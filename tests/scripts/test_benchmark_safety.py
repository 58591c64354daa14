"""The benchmark of the action filter: its adversary, its settings, and the whole of it for a moment."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from adversary import BLACKOUT_STEPS, DROPOUT_SHARE, INVALID_SHARE, NAMES, Adversary
from benchmark_safety import follow, read_settings
from common import InputError
from humanoid_vla.assets.g1_figures import load_figures
from humanoid_vla.safety.filter import ActionFilter
from humanoid_vla.safety.pairs import load_pairs
from humanoid_vla.safety.robot import make_robot
from humanoid_vla.safety.settings import FilterSettings
from humanoid_vla.safety.torch_backend import TorchBackend

ROBOTS = 40


@pytest.fixture(scope="module")
def safety() -> ActionFilter:
    names = [joint.name for joint in load_figures().joints]
    robot = make_robot(load_figures(), names, np.full(29, 100.0), np.full(29, 5.0), load_pairs())
    return ActionFilter(robot, 0.01, FilterSettings(), TorchBackend(), ROBOTS)


@pytest.fixture(scope="module")
def targets(safety: ActionFilter) -> torch.Tensor:
    """150 steps against robots that stand still, (150, robots, 29)."""
    adversary, joint_pos = Adversary(safety, seed=0), torch.zeros(ROBOTS, 29)
    return torch.stack([adversary.targets(joint_pos) for _ in range(150)])


def of_kind(targets: torch.Tensor, name: str) -> torch.Tensor:
    return targets[:, NAMES.index(name) :: len(NAMES)]


def lengths_held(targets: torch.Tensor) -> list[int]:
    """For how many steps one robot was asked for the same, but for targets that are not finite."""
    lengths = [1]
    for before, after in itertools.pairwise(targets):
        same = (before == after) | ~before.isfinite() | ~after.isfinite()
        lengths = [*lengths[:-1], lengths[-1] + 1] if same.all() else [*lengths, 1]
    return lengths


def test_settings_are_read_by_name() -> None:
    assert read_settings([]) == FilterSettings()
    assert read_settings(["max_speed=1.5", "limit_margin=0.2"]) == FilterSettings(max_speed=1.5, limit_margin=0.2)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["top_speed=1"], "--set top_speed=1: .*'top_speed'"),
        (["max_speed=fast"], "--set max_speed=fast: .*'fast'"),
        (["max_speed"], "--set max_speed: "),
        (["max_speed=0"], "--set max_speed=0: max_speed must be a positive number, got 0.0"),
        (["max_speed=nan"], "max_speed must be a positive number, got nan"),
        (["max_speed=1", "minimum_distance=1"], "--set max_speed=1 minimum_distance=1: detection_distance"),
        (["keep_out=1"], "--set keep_out=1: .*keep_out"),
    ],
)
def test_settings_that_cannot_be_are_named(pairs: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_settings(pairs)


def test_every_robot_has_its_adversary(safety: ActionFilter) -> None:
    adversary = Adversary(safety, seed=0)
    assert adversary.kind.bincount().tolist() == [ROBOTS // len(NAMES)] * len(NAMES)


def test_a_share_of_the_targets_is_not_finite(targets: torch.Tensor) -> None:
    share = (~targets.isfinite()).float().mean().item()
    assert share == pytest.approx(INVALID_SHARE, rel=0.05)
    assert targets.isnan().any()
    assert targets.isposinf().any()
    assert targets.isneginf().any()


def test_targets_are_of_their_kind(safety: ActionFilter, targets: torch.Tensor) -> None:
    lower, upper = (torch.tensor(limit).float() for limit in (safety.robot.lower, safety.robot.upper))
    for name in ("random", "bang_bang", "far_targets"):
        finite = torch.where(of_kind(targets, name).isfinite(), of_kind(targets, name), 0.0)
        assert ((finite >= lower - 1e-6) & (finite <= upper + 1e-6)).all(), name
        spread = finite.amax(dim=(0, 1)) - finite.amin(dim=(0, 1))
        assert (spread > 0.75 * (upper - lower)).all(), name
    bang_bang = of_kind(targets, "bang_bang")
    at_ends = ((bang_bang - lower).abs() < 1e-6) | ((bang_bang - upper).abs() < 1e-6) | ~bang_bang.isfinite()
    assert at_ends.all()
    assert set(lengths_held(of_kind(targets, "random")[:, 0])) == {1}
    for name in ("bang_bang", "far_targets"):
        *whole, _ = lengths_held(of_kind(targets, name)[:, 0])
        assert len(whole) > 1
        assert min(whole) >= 10
        assert max(whole) <= 62


def test_bodies_are_driven_together(safety: ActionFilter) -> None:
    adversary, joint_pos = Adversary(safety, seed=0), torch.zeros(ROBOTS, 29)
    rows = adversary.kind == NAMES.index("towards_collision")

    def smallest() -> torch.Tensor:
        return safety.collisions.distances(safety.kinematics.posture(joint_pos))[0].amin(dim=-1)[rows]

    before = smallest()
    for _ in range(20):
        asked = adversary.targets(joint_pos)
        asked = torch.where(asked.isfinite(), asked, joint_pos)
        assert ((asked - joint_pos)[rows].abs() <= 2.0 + 1e-6).all()
        joint_pos = joint_pos + 0.02 * (asked - joint_pos).clamp(-1.0, 1.0)
    assert (smallest() < before - 0.005).all()


def test_measurements_are_lost_for_a_while(safety: ActionFilter) -> None:
    adversary, joint_pos, joint_vel = Adversary(safety, seed=0), torch.ones(ROBOTS, 29), torch.zeros(ROBOTS, 29)
    lost = []
    for _ in range(500):
        seen_pos, seen_vel = adversary.dropouts(joint_pos, joint_vel)
        assert (seen_pos.isnan() == seen_vel.isnan()).all()
        assert ((seen_pos == joint_pos) | seen_pos.isnan()).all()
        lost.append(seen_pos.isnan())
    missing = torch.stack(lost)  # (steps, robots, joints)
    dark = missing.all(dim=-1)
    assert missing[~dark].float().mean().item() == pytest.approx(DROPOUT_SHARE, rel=0.05)
    assert 5 < (dark[1:] & ~dark[:-1]).sum() < 40  # 20 are expected
    windows = dark.float().unfold(0, BLACKOUT_STEPS + 2, 1)
    assert not windows.all(dim=-1).any()


def test_the_same_seed_makes_the_same_adversary(safety: ActionFilter, targets: torch.Tensor) -> None:
    for seed, same in ((0, True), (1, False)):
        again = Adversary(safety, seed).targets(torch.zeros(ROBOTS, 29))
        assert again.nan_to_num().equal(targets[0].nan_to_num()) == same


def test_joints_follow_late_by_hand() -> None:
    # 0.5 rad away and a lag of 0.1 s: 5 rad/s, for a step of 0.01 s
    joint_pos, joint_vel = follow(np.array([[0.0, 1.0]]), np.array([[0.5, 1.0]]))
    assert joint_vel[0] == pytest.approx([5.0, 0.0])
    assert joint_pos[0] == pytest.approx([0.05, 1.0])


@pytest.mark.slow
def test_it_measures_what_the_filter_keeps_from_happening(tmp_path: Path, scripts: Path) -> None:
    command = [sys.executable, str(scripts / "benchmark.py"), "safety", "--num_envs", "8", "--steps", "30"]
    command += ["--unfiltered_steps", "30", "--json", str(tmp_path / "figures.json")]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    figures = json.loads((tmp_path / "figures.json").read_text())
    filtered, unfiltered = figures["filtered"], figures["unfiltered"]
    assert filtered["steps"] == unfiltered["steps"] == 8 * 30
    for name in ("commands_beyond_limits", "commands_too_fast", "commands_not_finite"):
        assert filtered[name] == 0, name
    assert filtered["deep_self_penetrations"] == 0
    assert unfiltered["deep_self_penetrations"] > 0
    assert unfiltered["commands_too_fast"] > 0
    assert filtered["counters"]["steps"] == 8 * 30
    assert figures["latency"]["p99_us"] >= figures["latency"]["p50_us"] > 0.0
