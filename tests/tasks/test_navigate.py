"""Navigate: its geometry, its hierarchy, and what stands in for the walk."""

from collections.abc import Iterator
from typing import Any

import navigate_cases as cases
import pytest
import torch
from worlds import open_env

from humanoid_vla.assets.trained import WALK_COMMAND_POLICY
from humanoid_vla.tasks.navigate.env_cfg import COMMANDS, DECISION_STEPS, NEAR
from humanoid_vla.tasks.navigate.geometry import landmark_offsets, polar

STOP, FORWARD, LEFT, RIGHT = torch.eye(4)


@pytest.fixture(scope="module")
def env() -> Iterator[Any]:
    with open_env("VLA-Navigate-G1", seed=1) as env:
        yield env


def test_bearings_are_to_the_left() -> None:
    distance, bearing = polar(torch.tensor([[2.0, 0.0], [0.0, 3.0], [0.0, -1.0]]))
    torch.testing.assert_close(distance, torch.tensor([2.0, 3.0, 1.0]))
    torch.testing.assert_close(bearing, torch.tensor([0.0, torch.pi / 2, -torch.pi / 2]))


def test_the_policy_of_the_package_is_only_data() -> None:
    saved = torch.load(WALK_COMMAND_POLICY, weights_only=True)
    assert saved["algorithm"] == "SAC"
    assert saved["policy_only"]


def test_things_stand_around_the_robot_and_apart(env: Any) -> None:
    for _ in range(10):
        env.reset()
        offsets = env.scene["landmarks"].data.body_link_pos_w.torch - env.scene.env_origins.unsqueeze(1)
        distance, bearing = polar(offsets[..., :2])
        assert distance.min() >= 1.0
        assert distance.max() <= 3.0
        order = bearing.sort(dim=1).values
        gaps = torch.cat((order.diff(dim=1), order[:, :1] + 2 * torch.pi - order[:, -1:]), dim=1)
        assert gaps.min() > torch.deg2rad(torch.tensor(39.9))


def test_offsets_turn_with_the_robot_and_not_with_its_lean(env: Any) -> None:
    cases.stand(env)
    half = 0.5**0.5
    cases.put_root(env, [1], quat=(0.0, 0.0, half, half))  # turned left by 90 degrees
    cases.put_root(env, [2], quat=cases.FACE_DOWN)
    offsets = landmark_offsets(env)
    torch.testing.assert_close(offsets[0], torch.tensor(cases.PLACES), atol=1e-3, rtol=0)
    torch.testing.assert_close(offsets[1, cases.BALL], torch.tensor([2.0, 0.0]), atol=1e-3, rtol=0)
    torch.testing.assert_close(offsets[2, cases.CONE], torch.tensor([2.5, 0.0]), atol=1e-2, rtol=0)


def test_robots_walk_as_they_are_told(env: Any) -> None:
    """Six decisions, 2.4 s: one robot each stands, walks ahead, turns left and turns right."""
    cases.stand(env)
    term = env.action_manager.get_term("walk")
    for _ in range(6):
        env.step(torch.stack((STOP, FORWARD, LEFT, RIGHT)))
    torch.testing.assert_close(term.processed_actions, torch.tensor(list(COMMANDS.values())))
    assert term._low_level_steps.tolist() == [6 * DECISION_STEPS] * 4
    data = env.scene["robot"].data
    moved = (data.root_link_pos_w.torch - env.scene.env_origins)[:, :2]
    x, y, z, w = data.root_link_quat_w.torch.unbind(-1)
    yaw = torch.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    assert moved[0].norm() < 0.25
    assert 0.6 < moved[1, 0] < 2.0  # at 0.6 m/s, from a stand
    assert abs(yaw[0]) < 0.4
    assert 0.7 < yaw[2] < 2.5
    assert -2.5 < yaw[3] < -0.7


def test_being_there_counts_only_when_the_robot_stops(env: Any) -> None:
    cases.stand(env)
    cases.put_landmark(env, cases.BALL, (0.0, NEAR - 0.15))
    _, _, terminated, _, _ = env.step(torch.stack((STOP, FORWARD, LEFT, STOP)))
    assert terminated.tolist() == [True, False, False, True]
    assert env.termination_manager.get_term("success").tolist() == [True, False, False, True]


def test_the_other_sentence_is_told_while_swapped(env: Any) -> None:
    goal = env.command_manager.get_term("goal")
    goal.swapped = True
    try:
        goal.tell_goal(slice(None), torch.tensor([0, 1, 2, 3]))
    finally:
        goal.swapped = False
    assert goal.goal_index.tolist() == [0, 1, 2, 3]
    assert (goal.told_object_index != goal.goal_index).all()
    assert (goal.instructions.goal[goal.instruction_index] == goal.told_object_index).all()
