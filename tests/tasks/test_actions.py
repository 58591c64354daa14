"""The action term: whatever a policy says, no joint is told to go beyond its limits or to jump."""

from typing import Any

import pytest
import torch
from worlds import ended, set_joints, step

INSANE = {
    "far": 1e9,
    "far the other way": -1e9,
    "infinite": float("inf"),
    "not a number": float("nan"),
}


@pytest.fixture
def term(env: Any) -> Any:
    return env.action_manager.get_term("joint_pos")


def full(env: Any, action: float) -> torch.Tensor:
    return torch.full((env.num_envs, env.action_manager.total_action_dim), action)


def soft_limits(env: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Lowest and highest positions [rad], in the robot's joint order, shape (num_envs, num_joints)."""
    return env.scene["robot"].data.soft_joint_pos_limits.torch.unbind(-1)


@pytest.mark.parametrize("action", INSANE.values(), ids=INSANE.keys())
def test_no_action_commands_beyond_the_soft_limits(env: Any, term: Any, action: float) -> None:
    low, high = soft_limits(env)
    for _ in range(25):
        step(env, full(env, action))
        sent = env.scene["robot"].actuators.target_command.position.torch
        assert torch.all((sent >= low - 1e-6) & (sent <= high + 1e-6))
        assert torch.all(term.raw_actions.abs() <= 1.0)


def test_soft_limits_hold_even_where_the_range_of_actions_is_wider(env: Any, term: Any) -> None:
    scale, lead = term._scale.clone(), term.cfg.max_lead
    try:
        term._scale[:], term.cfg.max_lead = 100.0, 100.0
        for action, limit in zip((-1.0, 1.0), soft_limits(env), strict=True):
            for _ in range(200):
                term.process_actions(full(env, action))
            torch.testing.assert_close(term.processed_actions, limit[:, term._joint_ids])
    finally:
        term._scale[:], term.cfg.max_lead = scale, lead


def test_a_target_moves_no_faster_than_allowed(env: Any, term: Any) -> None:
    most = term.cfg.max_speed * env.step_dt
    fastest = 0.0
    for number in range(20):
        before = term.processed_actions.clone()
        term.process_actions(full(env, 1.0 if number % 2 else -1.0))
        change = (term.processed_actions - before).abs().max().item()
        assert change <= most + 1e-6
        fastest = max(fastest, change)
    assert fastest == pytest.approx(most, abs=1e-6)


def test_a_target_does_not_run_away_from_a_blocked_joint(env: Any, term: Any) -> None:
    measured = env.scene["robot"].data.joint_pos.torch[:, term._joint_ids].clone()
    for _ in range(100):  # without a step of the simulation no joint moves
        term.process_actions(full(env, 1.0))
    lead = (term.processed_actions - measured).abs()
    assert lead.max().item() == pytest.approx(term.cfg.max_lead, abs=1e-5)


def test_an_action_asks_for_its_share_of_the_range(env: Any, term: Any) -> None:
    elbow = term.joint_names.index("left_elbow_joint")
    move = 0.5 * min(term.cfg.max_speed * env.step_dt, term.cfg.max_lead)  # little enough for one step
    actions = full(env, 0.0)
    actions[:, elbow] = move / term._scale[elbow]
    term.process_actions(actions)
    expected = env.scene["robot"].data.default_joint_pos.torch[:, term._joint_ids].clone()
    expected[:, elbow] += move
    torch.testing.assert_close(term.processed_actions, expected)
    assert term.cfg.scale[".*_(shoulder|elbow)_.*"] == pytest.approx(term._scale[elbow].item())


def test_an_episode_starts_without_a_jump(env: Any, term: Any) -> None:
    for _ in range(5):
        step(env, full(env, 1.0))
    env.reset()
    measured = env.scene["robot"].data.joint_pos.torch
    low, high = soft_limits(env)
    torch.testing.assert_close(term.processed_actions, measured.clamp(low, high)[:, term._joint_ids])
    assert not term.raw_actions.any()
    assert not measured.eq(env.scene["robot"].data.default_joint_pos.torch).any()  # or nothing was tested


def test_only_the_environments_that_are_reset_start_anew(env: Any, term: Any) -> None:
    step(env, full(env, 1.0))
    targets, raw = term.processed_actions.clone(), term.raw_actions.clone()
    env.action_manager.reset(torch.tensor([2]))
    assert torch.equal(term.processed_actions[[0, 1, 3]], targets[[0, 1, 3]])
    assert torch.equal(term.raw_actions[[0, 1, 3]], raw[[0, 1, 3]])
    assert not term.raw_actions[2].any()


def test_zero_actions_lead_back_to_the_default_posture(env: Any) -> None:
    robot = env.scene["robot"]
    default = robot.data.default_joint_pos.torch
    set_joints(env, left_elbow_joint=default[0, robot.joint_names.index("left_elbow_joint")].item() - 0.3)
    for _ in range(30):
        step(env)
        assert ended(env) == {}
    assert (robot.data.joint_pos.torch - default).abs().max() < 0.05


def test_a_joint_without_a_range_is_refused(env: Any, term: Any) -> None:
    cfg = term.cfg.copy()
    cfg.scale = {".*_elbow_joint": 1.0}
    with pytest.raises(ValueError, match=r"scale names no value for the joints \[.*'left_shoulder_pitch_joint'"):
        type(term)(cfg, env)
