"""Observation terms of the Reach task, by hand."""

from typing import Any

import pytest
import torch
from worlds import BALL, CONE, CUBE, LEFT, RIGHT, beside_hand, hand_axis, move_object, set_goal, set_joints, step

from humanoid_vla.language.embeddings import embed


def observe(env: Any, group: str, name: str) -> torch.Tensor:
    """One term out of a group of observations."""
    manager = env.observation_manager
    sizes = [int(torch.tensor(shape).prod()) for shape in manager.group_obs_term_dim[group]]
    parts = manager.compute_group(group).split(sizes, dim=-1)
    return dict(zip(manager.active_terms[group], parts, strict=True))[name]


def geometry(env: Any, name: str) -> torch.Tensor:
    """A part of the term `touch_geometry`."""
    names, sizes = ("object_positions", "hand_positions", "hand_clearance"), (12, 6, 8)
    return dict(zip(names, observe(env, "state", "touch_geometry").split(sizes, dim=-1), strict=True))[name]


def test_hand_and_object_positions_are_in_the_environments_frame(env: Any) -> None:
    position = torch.tensor([0.3, -0.2, 0.8])
    move_object(env, CONE, position)
    objects = geometry(env, "object_positions").view(4, -1, 3)
    torch.testing.assert_close(objects[:, CONE], position.expand(4, 3))
    palms = torch.cat([torch.stack(hand_axis(env, hand)).mean(0) for hand in (LEFT, RIGHT)], dim=1)
    torch.testing.assert_close(geometry(env, "hand_positions"), palms)
    # the default posture is symmetric: the hands mirror each other
    torch.testing.assert_close(palms[:, 1], -palms[:, 4], atol=1e-4, rtol=0)
    assert torch.all(palms[:, 1] > 0.05)


def test_hand_clearance_lists_objects_by_hand(env: Any) -> None:
    move_object(env, CUBE, beside_hand(env, LEFT, 0.04))
    move_object(env, CONE, beside_hand(env, RIGHT, 0.01))
    clearance = geometry(env, "hand_clearance").view(4, 2, -1)
    torch.testing.assert_close(clearance[:, LEFT, CUBE], torch.full((4,), 0.04), atol=1e-5, rtol=0)
    torch.testing.assert_close(clearance[:, RIGHT, CONE], torch.full((4,), 0.01), atol=1e-5, rtol=0)
    assert torch.all(clearance[:, RIGHT, CUBE] > 0.1)


@pytest.mark.parametrize(("number", "hand"), [(BALL, LEFT), (CUBE, RIGHT)])
def test_hand_to_goal_follows_the_goal(env: Any, number: int, hand: int) -> None:
    set_goal(env, number, hand)
    vector = torch.tensor([0.1, -0.2, 0.3])
    move_object(env, number, torch.stack(hand_axis(env, hand)).mean(0) + vector)
    torch.testing.assert_close(observe(env, "goal", "hand_to_goal"), vector.expand(4, 3), atol=1e-6, rtol=0)


def test_held_time_is_what_the_command_counts(env: Any) -> None:
    assert not observe(env, "goal", "held_time").any()
    move_object(env, BALL, beside_hand(env, LEFT, 0.005))
    step(env)
    torch.testing.assert_close(observe(env, "goal", "held_time"), torch.full((4, 1), env.step_dt))


def test_the_goal_is_one_hot(env: Any) -> None:
    set_goal(env, CONE, RIGHT)
    assert observe(env, "goal", "goal")[0].tolist() == [0, 0, 0, 1, 0, 1]
    set_goal(env, BALL, LEFT)
    assert observe(env, "goal", "goal")[0].tolist() == [0, 1, 0, 0, 1, 0]


def test_the_instruction_is_the_embedding_of_a_sentence_that_names_the_goal(env: Any) -> None:
    set_goal(env, CONE, RIGHT)
    goal = env.command_manager.get_term("goal")
    told = observe(env, "language", "instruction")
    assert told.shape == (4, 384)
    torch.testing.assert_close(told.norm(dim=-1), torch.ones(4))
    for embedding, index in zip(told, goal.instruction_index.tolist(), strict=True):
        sentence = goal.instructions.sentences[index]
        assert sentence in goal.instruction_set.seen[goal.instruction_set.goals.index("cone_right")]
        assert torch.equal(embedding, embed([sentence])[0])


def test_joint_targets_are_relative_to_the_default_posture(env: Any) -> None:
    robot = env.scene["robot"]
    default = robot.data.default_joint_pos.torch[0, robot.joint_names.index("right_elbow_joint")].item()
    set_joints(env, right_elbow_joint=default + 0.25)  # the targets start where the joints are
    names = env.action_manager.get_term("joint_pos").joint_names
    expected = torch.zeros(4, len(names))
    expected[:, names.index("right_elbow_joint")] = 0.25
    torch.testing.assert_close(observe(env, "proprio", "joint_target"), expected, atol=1e-6, rtol=0)


def test_the_last_action_is_what_was_commanded(env: Any) -> None:
    actions = torch.rand(4, env.action_manager.total_action_dim) * 2 - 1
    step(env, actions)
    torch.testing.assert_close(observe(env, "proprio", "last_action"), actions)


def test_noise_is_on_the_sensors_alone(env: Any) -> None:
    first, second = ({name: observe(env, "proprio", name) for name in ("joint_pos", "joint_vel")} for _ in range(2))
    noise = env.cfg.observations.proprio
    for name, cfg in (("joint_pos", noise.joint_pos), ("joint_vel", noise.joint_vel)):
        assert not torch.equal(first[name], second[name])
        # all joints are at their default, at rest: what is left is the noise
        assert first[name].abs().max() <= cfg.noise.n_max + 1e-5
        assert first[name].abs().max() > 0.5 * cfg.noise.n_max
    for group in ("language", "goal", "state"):
        assert torch.equal(*(env.observation_manager.compute_group(group) for _ in range(2)))
