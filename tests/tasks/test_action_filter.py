"""The action filter as a part of the action term, on the real simulator."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from worlds import open_env, set_joints, step

from humanoid_vla.tasks.mdp.action_filter import make_filter


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with open_env("VLA-Reach-G1", overrides=["env.actions.joint_pos.filtered=true"]) as env:
        env.reset()
        yield env


@pytest.fixture
def term(world: Any) -> Any:
    world.reset()
    term = world.action_manager.get_term("joint_pos")
    term.safety.counters.clear()
    return term


def test_the_filter_knows_the_robot(term: Any) -> None:
    robot = term.safety.robot
    assert list(robot.joint_names) == term.joint_names
    low, high = term._asset.data.joint_pos_limits.torch[0, term._joint_ids].unbind(-1)
    torch.testing.assert_close(torch.tensor(robot.lower).float(), low)
    torch.testing.assert_close(torch.tensor(robot.upper).float(), high)
    # the nominal gains: those of each environment are drawn within 10 % of them
    gains = term._asset.data.joint_stiffness.torch[:, term._joint_ids]
    torch.testing.assert_close(torch.tensor(robot.stiffness).float().expand_as(gains), gains, rtol=0.12, atol=0.0)


def test_what_is_sent_is_what_the_filter_lets_through(world: Any, term: Any) -> None:
    for number in range(10):
        step(world, torch.full((world.num_envs, 17), (-1.0) ** number))
        torch.testing.assert_close(term.processed_actions, term.safety.command)
        sent = term._asset.actuators.target_command.position.torch[:, term._joint_ids]
        torch.testing.assert_close(sent, term.safety.command)
    assert term.safety.counters.figures()["steps"] == 10 * world.num_envs
    assert term.safety.counters.figures()["rate"] > 0.5


def test_an_arm_told_to_cross_the_chest_stops_before_it(world: Any, term: Any) -> None:
    # what tests/assets/test_dynamics.py shows to be a collision
    across = {"left_shoulder_yaw_joint": -1.5, "left_elbow_joint": -0.6}
    target = term._default.clone()
    for name, angle in across.items():
        target[:, term.joint_names.index(name)] = angle
    set_joints(world)
    for _ in range(60):
        safe = term.safety.step(
            target,
            term._asset.data.joint_pos.torch[:, term._joint_ids],
            term._asset.data.joint_vel.torch[:, term._joint_ids],
        )
        term._targets.copy_(safe)
        term._applied = False
        for _ in range(world.cfg.decimation):
            term.apply_actions()
            world.scene.write_data_to_sim()
            world.sim.step(render=False)
            world.scene.update(world.physics_dt)
    posture = term.safety.kinematics.posture(term._asset.data.joint_pos.torch[:, term._joint_ids])
    distances, _ = term.safety.collisions.distances(posture)
    assert distances.min() > 0.0
    assert distances.min() < 0.05  # it did come near
    assert term.safety.counters.figures()["collision"] > 0.0


def test_a_reset_begins_at_the_measured_posture(world: Any, term: Any) -> None:
    set_joints(world, envs=[1], left_elbow_joint=0.4)
    measured = term._asset.data.joint_pos.torch[:, term._joint_ids]
    elbow = term.joint_names.index("left_elbow_joint")
    assert term.safety.command[1, elbow] == pytest.approx(0.4)
    torch.testing.assert_close(term.processed_actions[1], term.safety.ends.nearest(torch, measured)[1])


def test_boxes_and_settings_come_from_the_configuration(term: Any) -> None:
    cfg = term.cfg.copy()
    cfg.keep_out, cfg.filter_settings = {"table": ((0.45, 0.0, -0.42), (0.5, 1.0, 0.7))}, {"max_speed": 0.5}
    safety = make_filter(cfg, term._asset, term.joint_names, 0.02)
    assert safety.settings.max_speed == 0.5
    assert safety.settings.keep_out[0].size == (0.5, 1.0, 0.7)
    cfg.filter_settings = {"haste": 1.0}
    with pytest.raises(ValueError, match="haste"):
        make_filter(cfg, term._asset, term.joint_names, 0.02)
