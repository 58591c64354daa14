"""How joints answer to targets: gravity and inertia against MuJoCo's, the step by hand."""
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

from __future__ import annotations

import mujoco
import mujoco_model
import numpy as np
import pytest
from safety_robots import ALL, JOINT_SETS, make_g1, random_postures

from humanoid_vla.safety.backend import NumpyBackend
from humanoid_vla.safety.dynamics import GRAVITY, JointDynamics
from humanoid_vla.safety.kinematics import Kinematics


@pytest.mark.parametrize("joint_names", JOINT_SETS.values(), ids=JOINT_SETS.keys())
def test_gravity_is_mujocos(joint_names: tuple[str, ...]) -> None:
    robot = make_g1(joint_names)
    dynamics = JointDynamics(robot, NumpyBackend())
    joint_pos = random_postures(robot, 100)
    torques = dynamics.gravity(Kinematics(robot, NumpyBackend()).posture(joint_pos)) * dynamics.inertia
    model = mujoco_model.build()
    assert tuple(model.opt.gravity) == GRAVITY
    data = mujoco.MjData(model)
    for angles, ours in zip(joint_pos, torques, strict=True):
        for name, angle in zip(joint_names, angles, strict=True):
            data.joint(name).qpos[0] = angle
        mujoco.mj_forward(model, data)  # at rest, the bias is gravity's; that the base is free does not change it
        bias = np.array([data.joint(name).qfrc_bias[0] for name in joint_names])
        assert ours == pytest.approx(-bias, abs=1e-6)
    assert np.abs(torques).max() > 5.0


def test_inertias_and_loads_are_those_of_outstretched_limbs() -> None:
    robot = make_g1()
    dynamics = JointDynamics(robot, NumpyBackend())
    model = mujoco_model.build()
    data, mass = mujoco.MjData(model), np.zeros((model.nv, model.nv))
    order = [model.joint(name).dofadr[0] for name in ALL]
    places = [model.joint(name).qposadr[0] for name in ALL]
    inertias, loads = [], []
    for angles in random_postures(robot, 1000, seed=5):
        data.qpos[places] = angles
        mujoco.mj_forward(model, data)
        mujoco.mj_fullM(model, data, mass)
        inertias.append(mass.diagonal()[order].copy())
        loads.append(np.abs(data.qfrc_bias[order]))
    share = dynamics.inertia / np.percentile(inertias, 95, axis=0)
    # a link's own inertia is the mean of its three: an ankle about its length has an eighth too much
    assert ((share > 0.94) & (share < 1.15)).all()
    assert abs(np.median(share) - 1.0) < 0.02
    assert dynamics.load == pytest.approx(np.percentile(loads, 95, axis=0), rel=0.1, abs=0.05)


def test_constants_are_the_robots_over_its_inertias() -> None:
    robot = make_g1()
    dynamics = JointDynamics(robot, NumpyBackend())
    assert dynamics.stiffness * dynamics.inertia == pytest.approx(robot.stiffness)
    assert dynamics.damping * dynamics.inertia == pytest.approx(robot.damping)
    assert dynamics.acceleration * dynamics.inertia == pytest.approx(
        np.maximum(robot.effort_limit - dynamics.load, 0.0)
    )


def test_a_step_by_hand() -> None:
    dynamics = JointDynamics(make_g1(("left_elbow_joint",)), NumpyBackend())
    dynamics.stiffness, dynamics.damping = np.array([100.0]), np.array([20.0])
    joint_pos, joint_vel, targets, gravity = (np.array([[value]]) for value in (0.2, 1.0, 0.5, -3.0))
    # v + dt (100 (0.5 - 0.2) - 3) = 1 + 0.1 * 27 = 3.7; / (1 + 0.1 * 20 + 0.01 * 100 = 4) = 0.925
    position, velocity = dynamics.predicted(joint_pos, joint_vel, targets, gravity, 0.1)
    assert velocity.item() == pytest.approx(0.925)
    assert position.item() == pytest.approx(0.2 + 0.0925)
    # the equation that it solves: v+ = v + dt (kp / I (u - q+) - kd / I v+ + gravity)
    assert velocity.item() == pytest.approx(1.0 + 0.1 * (100.0 * (0.5 - position.item()) - 20.0 * 0.925 - 3.0))


@pytest.mark.parametrize("factor", [1.0, 1e6])
def test_steps_of_stiff_joints_come_to_rest_where_gravity_lets_them(factor: float) -> None:
    robot = make_g1()
    dynamics = JointDynamics(robot, NumpyBackend())
    dynamics.stiffness, dynamics.damping = factor * dynamics.stiffness, factor * dynamics.damping
    targets, joint_pos = random_postures(robot, 2)
    targets, joint_pos = targets[None], joint_pos[None]
    joint_vel, gravity = np.full_like(targets, 10.0), np.full_like(targets, 5.0)
    for _ in range(3000):
        joint_pos, joint_vel = dynamics.predicted(joint_pos, joint_vel, targets, gravity, 0.02)
        assert np.abs(joint_pos).max() < 20.0
    assert joint_vel == pytest.approx(np.zeros_like(joint_vel), abs=1e-6)
    assert joint_pos == pytest.approx(targets + gravity / dynamics.stiffness, abs=1e-5)
