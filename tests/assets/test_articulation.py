"""The configurations in Isaac Lab itself, on Newton: what the tasks will see."""
# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import isaaclab.sim as sim_utils
import pytest
import torch
from isaaclab.assets import RigidObjectCollectionCfg
from isaaclab.scene import InteractiveScene, InteractiveSceneCfg
from isaaclab.utils import configclass
from isaaclab_newton.physics import MJWarpSolverCfg, NewtonCfg
from mujoco_model import JOINTS

from humanoid_vla.assets.g1 import G1_CFG, G1_UPPER_BODY_CFG, HAND_BODIES, LEFT_ARM_JOINTS, WAIST_JOINTS
from humanoid_vla.assets.objects import GROUND_CFG, OBJECT_CFGS, OBJECT_REST_HEIGHTS, TABLE_CFG, TABLE_HEIGHT


@configclass
class _SceneCfg(InteractiveSceneCfg):
    num_envs = 2
    env_spacing = 4.0
    ground = GROUND_CFG
    table = TABLE_CFG.replace(init_state=TABLE_CFG.init_state.replace(pos=(0.6, 0.0, TABLE_HEIGHT)))
    objects = RigidObjectCollectionCfg(rigid_objects=OBJECT_CFGS)
    robot = G1_CFG.replace(
        prim_path="{ENV_REGEX_NS}/Robot", init_state=G1_CFG.init_state.replace(pos=(-1.0, 0.0, 0.76))
    )
    upper_body = G1_UPPER_BODY_CFG.replace(prim_path="{ENV_REGEX_NS}/UpperBody")


@pytest.fixture(scope="module")
def scene() -> Iterator[InteractiveScene]:
    solver = MJWarpSolverCfg(njmax=200, nconmax=60, integrator="implicitfast")
    cfg = sim_utils.SimulationCfg(dt=0.005, device="cpu", physics=NewtonCfg(solver_cfg=solver))
    with sim_utils.build_simulation_context(sim_cfg=cfg) as sim:
        scene = InteractiveScene(_SceneCfg())
        sim.reset()
        yield scene


def limits(robot: Any) -> dict[str, torch.Tensor]:
    data = robot.data
    return {
        "range": data.joint_pos_limits.torch,
        "effort_limit": data.joint_effort_limits.torch,
        "velocity_limit": data.joint_vel_limits.torch,
        "armature": data.joint_armature.torch,
    }


@pytest.mark.parametrize(("name", "joints"), [("robot", 29), ("upper_body", 17)])
def test_joints_have_the_figures_limits(scene: InteractiveScene, name: str, joints: int) -> None:
    robot = scene[name]
    assert len(robot.joint_names) == joints
    for key, values in limits(robot).items():
        expected = torch.tensor([JOINTS[joint][key] for joint in robot.joint_names])
        torch.testing.assert_close(values, expected.expand_as(values), rtol=1e-5, atol=1e-5)
    assert set(HAND_BODIES) < set(robot.body_names)


@pytest.fixture(scope="module")
def settled(scene: InteractiveScene) -> InteractiveScene:
    """The scene after one second in which every joint was told to keep its default position."""
    for _ in range(200):
        for robot in (scene["robot"], scene["upper_body"]):
            robot.actuators.target_command.set_position_index(value=robot.data.default_joint_pos.torch.clone())
        scene.write_data_to_sim()
        scene.sim.step(render=False)
        scene.update(0.005)
    return scene


def test_the_upper_body_holds_its_arms_against_gravity(settled: InteractiveScene) -> None:
    robot = settled["upper_body"]
    assert robot.is_fixed_base
    assert set(WAIST_JOINTS + LEFT_ARM_JOINTS) < set(robot.joint_names)
    assert (robot.data.joint_pos.torch - robot.data.default_joint_pos.torch).abs().max() < 0.03
    assert robot.data.joint_vel.torch.abs().max() < 0.05
    root = robot.data.root_pos_w.torch - settled.env_origins
    torch.testing.assert_close(root, torch.tensor([[0.0, 0.0, 0.793]]).expand(2, 3))


def test_the_whole_body_is_on_its_feet(settled: InteractiveScene) -> None:
    heights = settled["robot"].data.root_pos_w.torch[:, 2]
    assert torch.all((heights > 0.6) & (heights < 0.8)), heights


def test_objects_stay_where_they_are_put(settled: InteractiveScene) -> None:
    positions = settled["objects"].data.body_link_pos_w.torch - settled.env_origins.unsqueeze(1)
    expected = torch.tensor([cfg.init_state.pos for cfg in OBJECT_CFGS.values()])
    torch.testing.assert_close(positions, expected.expand(2, 4, 3))
    resting = torch.tensor([TABLE_HEIGHT + OBJECT_REST_HEIGHTS[name] for name in OBJECT_CFGS])
    torch.testing.assert_close(expected[:, 2], resting)
