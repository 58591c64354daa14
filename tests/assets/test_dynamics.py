"""The robot that Newton reads from the USD files against MuJoCo's, built from the json on its own."""
# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false

from __future__ import annotations

import re

import mujoco
import newton
import numpy as np
import pytest
import warp as wp
from mujoco_model import FIGURES, JOINTS, build

from humanoid_vla.assets.g1_figures import DATA_DIR

HANDS = ["left_wrist_yaw_link", "right_wrist_yaw_link"]
SAMPLES = 100


def newton_model(name: str) -> newton.Model:
    builder = newton.ModelBuilder(up_axis=newton.Axis.Z)
    newton.solvers.SolverMuJoCo.register_custom_attributes(builder)
    builder.add_usd(
        str(DATA_DIR / name),
        schema_resolvers=[newton.usd.SchemaResolverNewton(), newton.usd.SchemaResolverPhysx()],
    )
    return builder.finalize(device="cpu")


def joint_starts(model: newton.Model) -> dict[str, int]:
    """Where each hinge's angle stands in ``joint_q``."""
    starts = model.joint_q_start.numpy()
    return {label.split("/")[-1]: int(starts[i]) for i, label in enumerate(model.joint_label) if "joint" in label}


def random_angles(names: list[str]) -> np.ndarray:
    low, high = np.array([JOINTS[name]["range"] for name in names]).T
    return np.random.default_rng(0).uniform(low, high, (SAMPLES, len(names)))


@pytest.mark.parametrize("name", ["g1.usda", "g1_upper_body.usda"])
def test_hands_are_where_mujoco_puts_them(name: str) -> None:
    model, reference = newton_model(name), build()
    data, state = mujoco.MjData(reference), model.state()
    starts = {joint: start for joint, start in joint_starts(model).items() if joint in JOINTS}
    assert len(starts) == (29 if name == "g1.usda" else 17)
    bodies = [next(i for i, label in enumerate(model.body_label) if label.endswith(f"/{hand}")) for hand in HANDS]
    pelvis = next(i for i, label in enumerate(model.body_label) if label.endswith("/pelvis"))
    for angles in random_angles(list(starts)):
        q = model.joint_q.numpy()
        for (joint, start), angle in zip(starts.items(), angles, strict=True):
            q[start] = angle
            data.joint(joint).qpos[0] = angle
        newton.eval_fk(model, wp.array(q, dtype=float, device="cpu"), model.joint_qd, state)
        mujoco.mj_kinematics(reference, data)
        body_q = state.body_q.numpy()
        for hand, body in zip(HANDS, bodies, strict=True):
            expected = data.body(hand).xpos - data.body("pelvis").xpos
            assert body_q[body, :3] - body_q[pelvis, :3] == pytest.approx(expected, abs=1e-4)
            w, x, y, z = data.body(hand).xquat
            assert abs(body_q[body, 3:] @ [x, y, z, w]) == pytest.approx(1.0, abs=1e-6)


def test_gravity_torques_are_mujocos() -> None:
    ours = newton.solvers.SolverMuJoCo(newton_model("g1.usda"), use_mujoco_cpu=True).mj_model
    reference = build()
    # MuJoCo-side names hold the whole USD path.
    ids = {name: next(i for i in range(ours.njnt) if ours.joint(i).name.endswith(name)) for name in JOINTS}
    pairs = [(ours.jnt_qposadr[ids[name]], ours.jnt_dofadr[ids[name]], reference.joint(name)) for name in JOINTS]
    data, expected = mujoco.MjData(ours), mujoco.MjData(reference)
    largest = 0.0
    for angles in random_angles(list(JOINTS)):
        for (qpos, _, joint), angle in zip(pairs, angles, strict=True):
            data.qpos[qpos] = expected.qpos[joint.qposadr[0]] = angle
        mujoco.mj_forward(ours, data)
        mujoco.mj_forward(reference, expected)
        for _, dof, joint in pairs:
            assert data.qfrc_bias[dof] == pytest.approx(expected.qfrc_bias[joint.dofadr[0]], abs=1e-2)
            largest = max(largest, abs(data.qfrc_bias[dof]))
    assert largest > 10.0  # gravity was on


@pytest.mark.parametrize("pose", ["home", "straight"])
@pytest.mark.parametrize("name", ["g1.usda", "g1_upper_body.usda"])
def test_the_robot_does_not_touch_itself(name: str, pose: str) -> None:
    assert touching(name, FIGURES["home"]["joint_pos"] if pose == "home" else {}) == []


def test_it_touches_itself_with_an_arm_across_the_chest() -> None:
    across = {"left_shoulder_yaw_joint": -1.5, "left_elbow_joint": -0.6}
    assert touching("g1_upper_body.usda", across)


def touching(name: str, pose: dict[str, float]) -> list[tuple[str, str]]:
    """Pairs of colliders that overlap in a pose, as MuJoCo finds them in the model that Newton hands to it."""
    model = newton.solvers.SolverMuJoCo(newton_model(name), use_mujoco_cpu=True).mj_model
    data = mujoco.MjData(model)
    joints = {model.joint(i).name.split("_joints_")[-1]: model.jnt_qposadr[i] for i in range(model.njnt)}
    for pattern, angle in pose.items():
        for joint in filter(re.compile(pattern).fullmatch, joints):
            data.qpos[joints[joint]] = angle
    mujoco.mj_forward(model, data)
    # Newton has contacts reported from 10 cm on; those with a positive distance push nothing.
    return [(model.geom(c.geom1).name, model.geom(c.geom2).name) for c in data.contact if c.dist < 0.0]
