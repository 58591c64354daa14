"""The Balance task: pushes, the posture that stands, rewards by hand, the mirror."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import balance_cases
import pytest
import torch
from walk_cases import ALL, put_root
from worlds import ended, open_env, set_joints, step

from humanoid_vla.tasks.balance.env_cfg import ACTING_JOINTS
from humanoid_vla.tasks.balance.symmetry import MIRRORS
from humanoid_vla.tasks.mdp.pushes import last_push

SPEED = 0.5


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with open_env("VLA-Balance-G1") as env:
        yield env


@pytest.fixture
def env(world: Any) -> Any:
    balance_cases.stand(world)
    return world


def push(env: Any, env_ids: list[int]) -> None:
    cfg = env.event_manager.get_term_cfg("push")
    cfg.func(env, torch.tensor(env_ids), **cfg.params)


def value(env: Any, name: str) -> list[float]:
    cfg = env.reward_manager.get_term_cfg(name)
    return [round(v, 4) for v in cfg.func(env, **cfg.params).tolist()]


def test_a_push_adds_its_speed_in_some_direction(env: Any) -> None:
    robot = env.scene["robot"]
    joint_vel = robot.data.joint_vel.torch.clone()
    put_root(env, ALL, 0.9, lin_vel=(0.1, 0.2, 0.3))
    before = robot.data.root_com_vel_w.torch.clone()
    push(env, [0, 2])
    change = robot.data.root_com_vel_w.torch - before
    torch.testing.assert_close(change[:, :2].norm(dim=1), torch.tensor([SPEED, 0.0, SPEED, 0.0]), atol=1e-5, rtol=0)
    torch.testing.assert_close(change[:, 2:], torch.zeros(4, 4), atol=1e-5, rtol=0)
    assert torch.equal(robot.data.joint_vel.torch, joint_vel)
    torch.testing.assert_close(last_push(env, "push"), change[:, :2], atol=1e-5, rtol=0)
    assert not torch.allclose(change[0], change[2])


def test_pushes_come_from_all_sides(env: Any) -> None:
    angles = []
    for _ in range(50):
        push(env, [0, 1, 2, 3])
        angles.append(torch.atan2(*last_push(env, "push").unbind(1)))
    counts = torch.histc(torch.cat(angles), bins=4, min=-math.pi, max=math.pi)
    assert counts.min() > 25, counts  # of 200; 50 expected


def test_the_first_push_comes_after_two_to_three_seconds_and_is_forgotten_in_the_next_episode(env: Any) -> None:
    env.reset()
    first = [0] * 4
    for number in range(1, int(3.0 / env.step_dt) + 2):
        step(env)
        for index in last_push(env, "push").any(dim=1).nonzero().flatten().tolist():
            first[index] = first[index] or number
    assert all(2.0 <= number * env.step_dt <= 3.02 for number in first), first
    env.reset()
    assert not last_push(env, "push").any()


def test_the_posture_stands_unless_it_is_pushed(env: Any) -> None:
    env.reset()
    for _ in range(int(1.9 / env.step_dt)):
        step(env)
        assert ended(env) == {}
    robot = env.scene["robot"]
    assert (robot.data.projected_gravity_b.torch[:, 2] < -0.99).all()
    arms = [number for number, name in enumerate(robot.joint_names) if name not in ACTING_JOINTS]
    off = (robot.data.joint_pos.torch - robot.data.default_joint_pos.torch)[:, arms]
    assert len(arms) == 14
    assert off.abs().max() < 0.06  # held: they hang below their targets by what gravity asks of the gains


def test_a_hard_push_fells_it(env: Any) -> None:
    put_root(env, [1], balance_cases.HEIGHT, lin_vel=(1.5, 0.0, 0.0))
    for _ in range(75):
        step(env)
        if fallen := ended(env):
            break
    assert {*fallen.get("tilted", []), *fallen.get("too_low", [])} == {1}


def test_rewards_by_hand(env: Any) -> None:
    put_root(env, ALL, 0.865, lin_vel=(0.3, 0.4, 0.0))
    assert value(env, "height") == [0.01] * 4
    assert value(env, "moving_feet") == [1.0] * 4  # two feet at 0.5 m/s
    assert value(env, "off_place") == [0.0] * 4
    balance_cases.moved_away(env)
    assert value(env, "off_place") == [0.0, 0.25, 0.0, 0.0]
    defaults = dict(
        zip(env.scene["robot"].joint_names, env.scene["robot"].data.default_joint_pos.torch[0], strict=True)
    )
    set_joints(env, [2], left_knee_joint=float(defaults["left_knee_joint"]) + 0.2, left_elbow_joint=1.5)
    assert value(env, "posture") == [0.0, 0.0, 0.04, 0.0]  # the arms do not count


def test_the_capture_point_runs_ahead_of_a_robot_that_moves(env: Any) -> None:
    at_rest = value(env, "capture_point")
    assert max(at_rest) < 0.015**2  # above the middle of the soles
    put_root(env, [1], balance_cases.HEIGHT, lin_vel=(0.0, 0.4, 0.0))  # all of it: 0.25 s of this
    put_root(env, [2], balance_cases.HEIGHT, lin_vel=(8.0, 0.0, 0.0))
    moved = value(env, "capture_point")
    assert moved[0] == at_rest[0]
    assert moved[1] == pytest.approx(0.1**2, abs=1e-3)
    assert moved[2] == 0.25  # the cap


def test_the_mirror_fits_what_is_observed(env: Any) -> None:
    obs = env.observation_manager.compute()
    assert obs.keys() == MIRRORS.keys()
    for group, value in obs.items():
        assert len(MIRRORS[group]) == value.shape[1], group
        assert torch.equal(MIRRORS[group](MIRRORS[group](value)), value), group
