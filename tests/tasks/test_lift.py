"""Lift: the grippers, how episodes begin, what counts, and the scripted expert."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from lift_cases import raise_objects, rest, tell
from worlds import BALL, CUBE, LEFT, RIGHT, ended, open_env, set_joints, step

from common import InputError
from humanoid_vla.assets.gripper import STROKE
from humanoid_vla.assets.loose_objects import LOOSE_OBJECT_CFGS
from humanoid_vla.tasks.lift.expert import ScriptedExpert
from humanoid_vla.tasks.lift.goals import EveryGoal, OwnGoal
from humanoid_vla.tasks.mdp.grip import finger_openings, grip_centres, grip_distances
from humanoid_vla.tasks.mdp.touch import object_positions
from record_demos import find_expert

OPEN, CLOSE = -1.0, 1.0
RELEASE = len(LOOSE_OBJECT_CFGS)


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with open_env("VLA-Lift-G1", overrides=["env.observations.proprio.enable_corruption=False"]) as env:
        yield env


@pytest.fixture
def env(world: Any) -> Any:
    """Four environments of ``VLA-Lift-G1``: default posture, objects at the table's far edge, told to lift the ball."""
    torch.manual_seed(0)
    rest(world)
    return world


def command(env: Any) -> Any:
    return env.command_manager.get_term("goal")


def begin(env: Any, goals: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin episodes with these goals."""
    goal = command(env)
    monkeypatch.setattr(goal, "_draw", lambda num: torch.tensor(goals[:num]))
    env.reset()


def hold_still(env: Any, grippers: float) -> torch.Tensor:
    """Actions that ask the arms to stay where they are, and the grippers to open or close."""
    joint_pos = env.action_manager.get_term("joint_pos")
    wanted = (joint_pos.processed_actions - joint_pos._default) / joint_pos._scale
    return torch.cat((wanted, torch.full((env.num_envs, 2), grippers)), dim=1)


def openings(env: Any) -> torch.Tensor:
    return finger_openings(env, command(env).fingers)


def distances(env: Any) -> torch.Tensor:
    """From grippers to objects, (num_envs, hands, objects)."""
    goal = command(env)
    return grip_distances(grip_centres(env, goal.hands), object_positions(env, goal.objects))


def test_a_gripper_opens_and_closes_with_one_action(env: Any) -> None:
    step(env, torch.zeros(4, 19))
    assert env.action_manager.total_action_dim == 17 + 2
    for action, target in ((OPEN, STROKE), (CLOSE, 0.0)):
        for _ in range(25):
            env.step(hold_still(env, action))
        torch.testing.assert_close(openings(env), torch.full((4, 4), target), atol=0.003, rtol=0)


def test_both_fingers_move_alike_and_not_faster_than_they_may(env: Any) -> None:
    before = openings(env).clone()
    env.step(hold_still(env, OPEN))
    moved = openings(env) - before
    assert torch.all(moved > 0)
    assert torch.all(moved < 1.2 * env.action_manager.get_term("gripper").cfg.max_speed * env.step_dt)
    torch.testing.assert_close(moved[:, ::2], moved[:, 1::2], atol=5e-4, rtol=0)


def test_a_finger_pushes_no_harder_than_its_lead_allows(env: Any) -> None:
    """Closed on nothing or on something, the target stays within the lead of the fingers' mean."""
    lead = env.action_manager.get_term("gripper").cfg.max_lead
    for _ in range(10):
        targets = env.action_manager.get_term("gripper").processed_actions
        mean = openings(env).view(4, 2, 2).mean(2, keepdim=True).expand(4, 2, 2).flatten(1).clone()
        env.step(hold_still(env, CLOSE))
        assert torch.all((mean - targets) <= lead + 1e-6)


def test_who_is_told_to_let_go_holds_something(env: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(env, [RELEASE] * 4, monkeypatch)
    goal = command(env)
    nearest = distances(env)[torch.arange(4), goal.hand_index, goal.object_index]
    assert torch.all(nearest < 0.01)
    height = object_positions(env, goal.objects)[torch.arange(4), goal.object_index, 2]
    assert torch.all(height > 0.78)
    others = distances(env).amin(dim=1)
    others[torch.arange(4), goal.object_index] = 1.0
    assert torch.all(others > 0.05)
    assert all(text in goal.instruction_set.seen[RELEASE] for text in told(goal))


def test_who_is_told_to_lift_finds_all_objects_on_the_table(env: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(env, [0, 1, 2, 3], monkeypatch)
    goal = command(env)
    heights = object_positions(env, goal.objects)[..., 2]
    torch.testing.assert_close(heights, torch.tensor(goal.cfg.rest_heights).expand(4, 4))
    assert goal.object_index.tolist() == [0, 1, 2, 3]
    side = object_positions(env, goal.objects)[torch.arange(4), goal.object_index, 1]
    assert torch.equal(goal.hand_index, torch.where(side > 0, LEFT, RIGHT))  # the hand on the object's side
    assert [sentence in goal.instruction_set.seen[number] for number, sentence in enumerate(told(goal))] == [True] * 4


def told(goal: Any) -> list[str]:
    return [goal.instructions.sentences[index] for index in goal.instruction_index.tolist()]


def test_a_closed_gripper_holds_an_object_against_gravity(env: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(env, [RELEASE] * 4, monkeypatch)
    goal = command(env)
    start = distances(env)[torch.arange(4), goal.hand_index, goal.object_index]
    for _ in range(30):
        env.step(hold_still(env, CLOSE))
        assert not ended(env)
    # Arms sag a little; one that began lowest may have come down to the table.
    assert (goal.heights[torch.arange(4), goal.object_index] > 0.01).sum() >= 3
    assert torch.all(distances(env)[torch.arange(4), goal.hand_index, goal.object_index] < start + 0.015)


def test_an_open_gripper_does_not(env: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(env, [RELEASE] * 4, monkeypatch)
    goal = command(env)
    for _ in range(12):  # success, half a second later, would begin another episode
        env.step(hold_still(env, OPEN))
    assert torch.all(goal.heights[torch.arange(4), goal.object_index] < 0.01)


def test_objects_rest_on_the_table(env: Any) -> None:
    for _ in range(15):
        step(env)
    velocities = env.scene["objects"].data.body_com_vel_w.torch
    assert velocities.abs().max() < 0.01
    upright = env.scene["objects"].data.body_link_quat_w.torch[..., :2]
    assert upright.abs().max() < 0.01
    assert command(env).heights.abs().max() < 0.003


def test_a_goal_is_short_of_what_is_missing(env: Any) -> None:
    raise_objects(env, BALL, [2], 0.06)
    command(env).measure()
    shortfall = command(env).shortfall
    assert shortfall[:, BALL].tolist() == pytest.approx([0.1, 0.1, 0.04, 0.1], abs=1e-5)
    raise_objects(env, BALL, [])
    tell(env, RELEASE)
    assert command(env).releasing.all()
    command(env).measure()
    assert torch.all(command(env).shortfall[:, RELEASE] > 0)  # half open is not open
    set_joints(env, None, **dict.fromkeys(command(env).cfg.fingers, STROKE))
    command(env).measure()
    short = command(env).shortfall[:, RELEASE] > 0
    assert short.tolist() == [False] * 4


def test_swapped_sentences_tell_another_goal(env: Any) -> None:
    goal = command(env)
    goal.swapped = True
    try:
        for number in range(RELEASE + 1):
            tell(env, number)
            assert torch.all(goal.told_object_index != number)
            assert torch.equal(goal.instructions.goal[goal.instruction_index], goal.told_object_index)
            assert torch.all(goal.goal_index == number)
    finally:
        goal.swapped = False


def test_the_mirror_fits_the_groups_and_undoes_itself(env: Any) -> None:
    from humanoid_vla.tasks.lift.symmetry import ACTIONS, MIRRORS

    obs, *_ = step(env)
    assert obs.keys() == MIRRORS.keys()
    for group, value in obs.items():
        assert len(MIRRORS[group]) == value.shape[1], group
        torch.testing.assert_close(MIRRORS[group](MIRRORS[group](value)), value)
    actions = torch.arange(19.0)
    assert ACTIONS(actions)[-2:].tolist() == [18.0, 17.0]


def test_the_mirror_of_a_state_is_what_the_mirrored_robot_observes(env: Any) -> None:
    from humanoid_vla.tasks.lift.symmetry import MIRRORS

    lefts = {"left_shoulder_pitch_joint": 0.3, "left_shoulder_roll_joint": 0.4, "left_gripper_inner_joint": 0.04}
    rights = {"right_shoulder_pitch_joint": 0.3, "right_shoulder_roll_joint": -0.4, "right_gripper_inner_joint": 0.04}
    set_joints(env, [0], **lefts)
    set_joints(env, [1], **rights)
    obs = env.observation_manager.compute()
    torch.testing.assert_close(MIRRORS["proprio"](obs["proprio"])[0], obs["proprio"][1], atol=1e-5, rtol=0)
    grips = slice(12, 18)
    torch.testing.assert_close(MIRRORS["state"](obs["state"])[0, grips], obs["state"][1, grips], atol=1e-4, rtol=0)


def test_the_teacher_answers_for_every_goal_what_the_expert_does_when_told_it(
    env: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(env, [0, 1, 2, RELEASE], monkeypatch)
    teacher = EveryGoal(env)
    answers, answered = teacher.answers(None)
    own = answers[torch.arange(4), teacher.told()]
    torch.testing.assert_close(own, ScriptedExpert(env)())
    torch.testing.assert_close(OwnGoal(env).answers(None)[0][:, 0], own)
    assert answered[:, :RELEASE].all()
    assert answered[:, RELEASE].tolist() == [False] * 3 + [True]  # the others hold nothing to let go of
    expert = ScriptedExpert(env)
    for number in range(RELEASE):
        tell(env, number)
        torch.testing.assert_close(answers[:3, number], expert()[:3])


def test_the_teacher_puts_down_what_was_lifted(env: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(env, [RELEASE] * 4, monkeypatch)
    for _ in range(8):
        env.step(hold_still(env, CLOSE))
    goal, envs = command(env), torch.arange(4)
    goal.set_goal(slice(None), goal.object_index.clone())  # to lift what it holds
    teacher = EveryGoal(env)
    answers, answered = teacher.answers(None)
    assert answered.all()
    up, down = answers[envs, goal.object_index], answers[:, RELEASE]
    torch.testing.assert_close(up[envs, 17 + goal.hand_index], torch.ones(4))
    assert torch.all((up - down)[:, :17].abs().amax(dim=1) > 0.1)
    words = teacher.tell(torch.tensor([RELEASE, 0]))["language"]
    assert goal.instructions.goal[goal.instructions.find(words)].tolist() == [RELEASE, 0]


@pytest.mark.slow
def test_the_expert_lifts_every_object_and_lets_go(env: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expert = find_expert("VLA-Lift-G1", env.cfg)(env)
    for goals in ([0, 1, 2, 3], [RELEASE] * 4):
        begin(env, goals, monkeypatch)
        succeeded = torch.zeros(4, dtype=torch.bool)
        for _ in range(env.max_episode_length - 1):
            env.step(expert())
            succeeded |= env.termination_manager.get_term("success")
            if succeeded.all():
                break
        assert succeeded.tolist() == [True] * 4


def test_a_task_without_an_expert_says_so() -> None:
    from humanoid_vla.tasks.reach.env_cfg import ReachCommandEnvCfg

    with pytest.raises(InputError, match="VLA-Reach-G1 has no scripted expert; give a --checkpoint"):
        find_expert("VLA-Reach-G1", ReachCommandEnvCfg())


def test_the_cube_is_first() -> None:
    assert list(LOOSE_OBJECT_CFGS)[CUBE] == "cube"
