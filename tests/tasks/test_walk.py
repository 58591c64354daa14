"""The Walk tasks: the gait clock, the mirror of a walking robot, and velocities told in sentences."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from tensordict import TensorDict
from walk_cases import ALL, command, put_root, stand
from worlds import open_env, write_joints

from humanoid_vla.assets.g1 import WHOLE_BODY_JOINTS
from humanoid_vla.assets.trained import WALK_POLICY
from humanoid_vla.language.walk import WALK_INSTRUCTIONS, WALK_VELOCITIES
from humanoid_vla.tasks.mdp.locomotion import SWING_SHARE, swing_profile
from humanoid_vla.tasks.mdp.symmetry import joints
from humanoid_vla.tasks.walk.env_cfg import GAIT_PERIOD
from humanoid_vla.tasks.walk.goals import WalkGoals
from humanoid_vla.tasks.walk.symmetry import MIRRORS, with_mirror_image

# No noise, and the robots of all environments are alike.
ALIKE = [
    "env.observations.proprio.enable_corruption=False",
    "env.events.mass.params.mass_distribution_params=[1.0,1.0]",
    "env.events.friction.params.static_friction_range=[1.0,1.0]",
    "env.events.friction.params.dynamic_friction_range=[1.0,1.0]",
    "env.events.gains.params.stiffness_distribution_params=[1.0,1.0]",
    "env.events.gains.params.damping_distribution_params=[1.0,1.0]",
]
MIRROR_JOINTS = joints(WHOLE_BODY_JOINTS)


@pytest.fixture(scope="module")
def env() -> Iterator[Any]:
    with open_env("VLA-Walk-G1", overrides=ALIKE) as env:
        env.reset()
        yield env


def test_the_policy_that_hears_is_only_data_and_reads_no_velocity() -> None:
    saved = torch.load(WALK_POLICY, weights_only=True)
    assert saved["algorithm"] == "DAgger"
    assert saved["policy_only"]
    assert saved["policy_shape"]["actor observation groups"] == ["proprio", "language"]
    assert WALK_POLICY.stat().st_size < 1.5e6


def test_a_foot_swings_in_the_middle_of_its_half_of_the_period() -> None:
    phase = torch.linspace(0.0, 1.0, 1001)[:-1]
    left, right = swing_profile(phase, 0.1).unbind(-1)
    assert left[250] == pytest.approx(0.1)
    assert left[500:].max() < 1e-6
    assert torch.allclose(left, right.roll(500), atol=1e-6)
    assert (left > 1e-6).float().mean().item() == pytest.approx(SWING_SHARE, abs=0.002)
    assert not ((left > 1e-6) & (right > 1e-6)).any()  # one foot always stands


def test_the_clock_runs_whether_the_robot_is_to_walk_or_to_stand(env: Any) -> None:
    stand(env)
    half = round(0.5 * GAIT_PERIOD / env.step_dt)
    clock = {}
    for number in range(half + 1):
        obs, *_ = env.step(torch.zeros(4, 29))
        clock[number] = obs["proprio"][0, -2:].clone()
        env.episode_length_buf[:] = number + 1  # also where it fell
    assert torch.allclose(clock[half], -clock[0], atol=1e-5)
    assert clock[0].norm().item() == pytest.approx(1.0, abs=1e-5)


def test_standing_feet_are_on_the_ground(env: Any) -> None:
    stand(env)
    for _ in range(3):
        obs, *_ = env.step(torch.zeros(4, 29))
    assert obs["state"][:, 4:6].tolist() == [[1.0, 1.0]] * 4
    assert obs["state"][:, 6:8].abs().max() < 0.004  # [m]
    assert obs["state"][:, 3].sub(0.75).abs().max() < 0.03  # [m]


def test_every_group_of_the_environment_has_its_mirror(env: Any) -> None:
    sizes = {name: (len(mirror),) for name, mirror in MIRRORS.items()}
    assert sizes | {"language": (384,)} == env.observation_manager.group_obs_dim
    assert env.action_manager.total_action_dim == len(MIRROR_JOINTS)


def test_a_mirrored_robot_observes_the_mirror_image(env: Any) -> None:
    """Environments 2 and 3 do in a mirror, half a gait period later, what 0 and 1 do."""
    stand(env)
    robot = env.scene["robot"]
    ids = [robot.joint_names.index(name) for name in WHOLE_BODY_JOINTS]
    order = [WHOLE_BODY_JOINTS.index(name) for name in robot.joint_names]
    joint_pos = robot.data.default_joint_pos.torch[:2, ids] + 0.1 * torch.rand(2, 29) - 0.05
    joint_vel = torch.rand(2, 29) - 0.5
    positions = torch.cat((joint_pos, MIRROR_JOINTS(joint_pos)))
    velocities = torch.cat((joint_vel, MIRROR_JOINTS(joint_vel)))
    write_joints(env, torch.arange(4), positions[:, order], velocities[:, order])
    put_root(env, (0, 1), lin_vel=(0.2, 0.1, 0.0), ang_vel=(0.3, 0.2, 0.4))
    put_root(env, (2, 3), lin_vel=(0.2, -0.1, 0.0), ang_vel=(-0.3, 0.2, -0.4))
    command(env, (0, 1), 0.5, 0.2, 0.4)
    command(env, (2, 3), 0.5, -0.2, -0.4)
    env.episode_length_buf[2:] += round(0.5 * GAIT_PERIOD / env.step_dt)
    # Contacts are stiff: by the sixth step 5e-3 rad/s of the root and 0.04 rad/s of a joint were seen.
    tolerances = {name: torch.full((len(mirror),), 5e-3) for name, mirror in MIRRORS.items()}
    tolerances["proprio"][:3], tolerances["proprio"][35:64] = 0.02, 0.1
    largest = {name: torch.zeros(len(mirror)) for name, mirror in MIRRORS.items()}
    for _ in range(6):
        actions = 0.6 * torch.rand(2, 29) - 0.3
        obs, rewards, terminated, *_ = env.step(torch.cat((actions, MIRROR_JOINTS(actions))))
        assert not terminated.any()
        assert torch.allclose(rewards[2:], rewards[:2], atol=1e-3)
        for name, mirror in MIRRORS.items():
            assert torch.all((obs[name][2:] - mirror(obs[name][:2])).abs() <= tolerances[name]), name
            largest[name] = torch.maximum(largest[name], obs[name].abs().amax(0))
    assert torch.all(largest["proprio"] > 2 * tolerances["proprio"])  # or a wrong sign would not have shown
    assert torch.all(largest["goal"] > 2 * tolerances["goal"])


def test_the_mirror_of_a_sentence_has_left_and_right_exchanged(env: Any) -> None:
    instructions = env.command_manager.get_term("goal").instructions
    index = torch.randperm(len(instructions.sentences))[:64]
    obs = TensorDict({"language": instructions.embeddings[index]}, batch_size=[64])
    both, _ = with_mirror_image(None, obs, None)
    assert both is not None
    swap = {"left": "right", "right": "left"}
    for before, after in zip(index.tolist(), instructions.find(both["language"][64:]).tolist(), strict=True):
        words = re.split(r"\b(left|right)\b", instructions.sentences[before])
        assert "".join(swap.get(word, word) for word in words) == instructions.sentences[after]


def test_a_sentence_tells_its_velocity(env: Any) -> None:
    term = env.command_manager.get_term("goal")
    for number, name in enumerate(WALK_INSTRUCTIONS.goals):
        term.tell_goal(slice(None), torch.full((4,), number))
        assert term.command.tolist() == [pytest.approx(WALK_VELOCITIES[name])] * 4
        for index in term.instruction_index.tolist():
            assert term.instructions.sentences[index] in WALK_INSTRUCTIONS.seen[number]


def test_while_swapped_sentences_tell_another_goal(env: Any) -> None:
    term = env.command_manager.get_term("goal")
    term.swapped = True
    try:
        for _ in range(20):
            term._resample_command(slice(None))
            assert (term.instructions.goal[term.instruction_index] != term.goal_index).all()
            assert torch.equal(term.command, term.velocities[term.goal_index])
    finally:
        term.swapped = False


def test_goals_are_told_anew_within_an_episode(env: Any) -> None:
    env.reset()
    term = env.command_manager.get_term("goal")
    before = term.instruction_index.clone()
    term.time_left[:] = 0.5 * env.step_dt
    put_root(env, ALL)
    env.step(torch.zeros(4, 29))
    assert not torch.equal(term.instruction_index, before)


def test_the_teacher_is_asked_for_every_velocity_and_goals_are_told_in_their_sentences(env: Any) -> None:
    goals = WalkGoals(env)
    assert goals.num_goals == len(WALK_VELOCITIES)
    obs = env.observation_manager.compute()
    asked = goals.teacher_obs(obs)
    velocities = asked["goal"].view(env.num_envs, goals.num_goals, 3)
    for number in range(goals.num_goals):
        env.command_manager.get_term("goal").tell_goal(slice(None), torch.full((4,), number))
        assert goals.told().tolist() == [number] * 4
        assert torch.equal(velocities[:, number], env.observation_manager.compute_group("goal"))
    for number in range(env.num_envs):
        assert (asked["proprio"].view(env.num_envs, goals.num_goals, -1)[number] == obs["proprio"][number]).all()
    told = torch.arange(goals.num_goals).repeat(20)
    instructions = env.command_manager.get_term("goal").instructions
    language = goals.tell(told)["language"]
    assert torch.equal(instructions.goal[instructions.find(language)], told)
    assert len(language.unique(dim=0)) > 200  # drawn anew each time
