"""The goal that is drawn, where objects are put, and what is randomised in the Reach task."""

import itertools
from typing import Any

import pytest
import torch
from worlds import set_goal, step

from humanoid_vla.assets.objects import OBJECT_CFGS, OBJECT_RADIUS, OBJECT_REST_HEIGHTS, TABLE_CFG, TABLE_HEIGHT
from humanoid_vla.tasks.mdp.instructions import choose_instructions


def event(env: Any, name: str) -> Any:
    return env.event_manager.get_term_cfg(name)


def test_goals_are_drawn_uniformly(env: Any) -> None:
    goal = env.command_manager.get_term("goal")
    counts = torch.zeros(len(OBJECT_CFGS), 2)
    for _ in range(500):
        goal._resample_command(slice(None))
        counts.index_put_((goal.object_index, goal.hand_index), torch.ones(4), accumulate=True)
        assert goal.command.sum(1).tolist() == [2.0] * 4
    # 2000 draws over 8 pairs: 250 each, standard deviation 15
    assert counts.sum() == 2000
    assert torch.all((counts - 250).abs() < 5 * 15), counts


def test_a_goal_is_kept_until_the_end_of_the_episode(env: Any) -> None:
    goal = env.command_manager.get_term("goal")
    before = goal.command.clone()
    for _ in range(10):
        step(env)
    assert torch.equal(goal.command, before)
    env.command_manager.reset(torch.tensor([2]))
    assert torch.equal(goal.command[[0, 1, 3]], before[[0, 1, 3]])


def test_a_goal_is_given_to_the_named_environments_alone(env: Any) -> None:
    goal = env.command_manager.get_term("goal")
    set_goal(env, 0, 0)
    goal.set_goal(torch.tensor([1, 3]), torch.tensor([2, 3]), torch.tensor([1, 0]))
    assert goal.object_index.tolist() == [0, 2, 0, 3]
    assert goal.hand_index.tolist() == [0, 1, 0, 0]
    assert goal.command[1].tolist() == [0, 0, 1, 0, 0, 1]


def test_a_sentence_is_drawn_with_the_goal_and_kept(env: Any) -> None:
    goal = env.command_manager.get_term("goal")
    told = set()
    for _ in range(50):
        goal._resample_command(slice(None))
        expected = goal.object_index * 2 + goal.hand_index
        assert torch.equal(goal.instructions.goal[goal.instruction_index], expected)
        assert torch.equal(goal.told_object_index, goal.object_index)
        told |= set(goal.instruction_index.tolist())
    assert len(told) > 100  # of 200 draws from hundreds of sentences
    before = goal.instruction_index.clone()
    step(env)
    assert torch.equal(goal.instruction_index, before)


def test_swapped_sentences_name_another_object_and_the_same_hand(env: Any) -> None:
    goal = env.command_manager.get_term("goal")
    goal.swapped = True
    try:
        for _ in range(20):
            goal._resample_command(slice(None))
            assert (goal.told_object_index != goal.object_index).all()
            told = goal.instructions.goal[goal.instruction_index]
            assert torch.equal(told, goal.told_object_index * 2 + goal.hand_index)
    finally:
        goal.swapped = False


def test_held_out_wordings_and_own_sentences_are_chosen_by_the_configuration(env: Any) -> None:
    instruction_set = env.command_manager.get_term("goal").instruction_set
    assert choose_instructions(instruction_set, "held_out", None, "cpu").sentences[0] == instruction_set.held_out[0][0]
    sentence = "kindly put a finger of your right hand on that blue tube"
    own = choose_instructions(instruction_set, "seen", sentence, "cpu")
    assert own.sentences == [sentence]
    name = instruction_set.goals.index("cylinder_right")
    assert own.draw_goals(3).tolist() == [name] * 3
    with pytest.raises(ValueError, match="wording 'shouted' is unknown; give 'seen' or 'held_out'"):
        choose_instructions(instruction_set, "shouted", None, "cpu")


def test_objects_are_put_apart_on_the_table_in_any_order(env: Any) -> None:
    term = event(env, "object_poses")
    objects = env.scene["objects"]
    placed, turned = [], []
    for _ in range(250):
        term.func(env, torch.arange(4), **term.params)
        placed.append(objects.data.body_link_pos_w.torch - env.scene.env_origins.unsqueeze(1))
        turned.append(objects.data.body_link_quat_w.torch.clone())
    pos, quat = torch.cat(placed), torch.cat(turned)  # (1000, 4, 3), (1000, 4, 4)

    nearest = min((pos[:, a] - pos[:, b]).norm(dim=-1).min() for a, b in itertools.combinations(range(4), 2))
    promised = term.params["pitch"] - 2 * term.params["jitter"]
    assert promised > 2 * OBJECT_RADIUS
    assert promised - 1e-5 <= nearest < 1.2 * promised

    table: Any = TABLE_CFG.spawn
    length, width = table.size
    middle = torch.tensor(TABLE_CFG.init_state.pos[:2])
    room = torch.tensor([length / 2, width / 2]) - OBJECT_RADIUS
    assert torch.all((pos[..., :2] - middle).abs() <= room + 1e-6)
    heights = torch.tensor([TABLE_HEIGHT + OBJECT_REST_HEIGHTS[name] for name in OBJECT_CFGS])
    torch.testing.assert_close(pos[..., 2], heights.expand(1000, 4))
    near, far = term.params["x_range"]
    assert near <= pos[..., 0].min() < near + 0.01
    assert far - 0.01 < pos[..., 0].max() <= far + 1e-6

    assert quat[..., :2].abs().max() < 1e-6  # turned about the vertical only
    yaw = 2 * torch.atan2(quat[..., 2], quat[..., 3])
    assert yaw.cos().mean().hypot(yaw.sin().mean()) < 0.1  # and by any angle: no direction is preferred

    # 24 orders, 1000 draws: chi squared with 23 degrees of freedom exceeds 60 once in 30 000
    orders = pos[..., 1].argsort(dim=1) @ torch.tensor([64, 16, 4, 1])
    _, counts = orders.unique(return_counts=True)
    assert len(counts) == 24
    assert ((counts - 1000 / 24).square() / (1000 / 24)).sum() < 60


def test_objects_move_in_the_environments_that_are_reset(env: Any) -> None:
    before = env.scene["objects"].data.body_link_pos_w.torch.clone()
    term = event(env, "object_poses")
    term.func(env, torch.tensor([1, 3]), **term.params)
    moved = (env.scene["objects"].data.body_link_pos_w.torch - before).norm(dim=-1)
    assert torch.all(moved[[1, 3]] > 0)
    assert not moved[[0, 2]].any()


def test_episodes_start_near_the_default_posture_at_rest(env: Any) -> None:
    low, high = event(env, "robot_pose").params["position_range"]
    robot = env.scene["robot"]
    env.reset()
    offset = robot.data.joint_pos.torch - robot.data.default_joint_pos.torch
    assert low - 1e-6 <= offset.min() < 0.8 * low
    assert 0.8 * high < offset.max() <= high + 1e-6
    assert not robot.data.joint_vel.torch.any()


def test_no_episode_starts_with_a_touch(env: Any) -> None:
    for _ in range(25):
        env.reset()
        step(env)
        assert not any(env.termination_manager.get_term(name).any() for name in env.termination_manager.active_terms)


def test_masses_and_gains_differ_between_environments(env: Any) -> None:
    robot = env.scene["robot"]
    low, high = event(env, "gains").params["stiffness_distribution_params"]
    nominal = torch.zeros(robot.num_joints)
    for actuator in robot.cfg.actuators.values():
        for name, stiffness in actuator.stiffness.items():
            nominal[robot.joint_names.index(name)] = stiffness
    scale = robot.data.joint_stiffness.torch / nominal
    assert low - 1e-5 <= scale.min() < scale.max() <= high + 1e-5
    assert scale.max() - scale.min() > 0.5 * (high - low)

    torso = robot.body_names.index("torso_link")
    masses = robot.data.body_mass.torch[:, torso]
    low, high = event(env, "mass").params["mass_distribution_params"]
    assert len(masses.unique()) == 4
    assert masses.max() / masses.min() <= high / low + 1e-5
