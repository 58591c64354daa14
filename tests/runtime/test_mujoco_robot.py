"""Somebody's MJCF becomes a robot with the policy's motors: a small arm, the figures' G1, and a foreign one."""
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest
from bundles import make_joints, touch_params
from mjcf_files import ARM, write_g1

from humanoid_vla.assets.g1_figures import load_figures
from humanoid_vla.runtime.bundle import CameraSpec, Joints
from humanoid_vla.runtime.mujoco_model import MujocoModelError, Thing, body_names, build_model
from humanoid_vla.runtime.mujoco_robot import MujocoRobot, MujocoWorld
from humanoid_vla.runtime.robot import Inbox
from humanoid_vla.runtime.touch import HandKinematics, read_hands

HEIGHT = 1.5
ELBOW, SHOULDER = range(2)
"""In the order of the policy, which is not the file's."""


def arm_joints(**changes: Any) -> Joints:
    n = 2
    values = {name: np.ones(n) for name in ("scale", "max_speed", "max_lead", "velocity_limit")} | {
        "names": ("elbow", "shoulder"),
        "units": ("rad", "rad"),
        "follows": np.arange(n),
        "default": np.array([0.5, 0.2]),
        "lower": np.full(n, -3.0),
        "upper": np.full(n, 3.0),
        "soft_lower": np.full(n, -2.8),
        "soft_upper": np.full(n, 2.8),
        "effort_limit": np.array([8.0, 20.0]),
        "stiffness": np.array([100.0, 200.0]),
        "damping": np.array([2.0, 4.0]),
    }
    return Joints(**values | changes)


@pytest.fixture
def arm(tmp_path: Path) -> Path:
    path = tmp_path / "arm.xml"
    path.write_text(ARM)
    return path


def make_world(arm: Path, joints: Joints | None = None, **kwargs: Any) -> MujocoWorld:
    joints = joints or arm_joints()
    things = kwargs.pop("things", ())
    model = build_model(arm, joints, HEIGHT, things, kwargs.pop("cameras", ()))
    return MujocoWorld(model, joints, [thing.name for thing in things if thing.placeable], **kwargs)


def test_the_base_is_fixed_upright_and_other_joints_at_zero(arm: Path) -> None:
    world = make_world(arm)
    model = world.model
    assert (model.nq, model.nu, model.nsensor, model.nkey) == (2, 2, 0, 0)
    world.step(arm_joints().default, 500)
    np.testing.assert_allclose(world.body_pose("base")[1], np.eye(3), atol=1e-12)
    np.testing.assert_allclose(world.data.body("base").xpos, [0.0, 0.0, HEIGHT])
    np.testing.assert_allclose(world.body_pose("leg")[0], [0.0, 0.0, -0.2], atol=1e-12)


def test_joints_are_in_the_order_of_the_policy(arm: Path) -> None:
    world = make_world(arm)
    np.testing.assert_allclose(world.joint_pos, [0.5, 0.2])
    # positive angles about y lower the arm: by the shoulder's angle, then by both
    expected = 0.3 * np.array([np.cos(0.2), 0.0, -np.sin(0.2)])
    np.testing.assert_allclose(world.body_pose("fore")[0], expected, atol=1e-9)
    world.step(np.array([0.9, 0.2]), 300)
    assert world.joint_pos[ELBOW] > 0.8
    assert world.joint_pos[SHOULDER] < 0.35


def test_what_is_fixed_to_the_base_may_overlap_with_the_arm(arm: Path) -> None:
    """As MuJoCo has it between a link and its parent, but not where the parent is fixed to the world."""
    world = make_world(arm)
    assert world.data.ncon == 0
    model = world.model
    model.exclude_signature[:] = -1
    mujoco.mj_forward(model, world.data)
    assert world.data.ncon > 0


def test_motors_are_pd_laws_cut_off_at_the_effort_limit(arm: Path) -> None:
    joints = arm_joints()
    world = make_world(arm)
    ids = [world.model.actuator(name).id for name in joints.names]
    for offset, speed in ((0.03, 0.0), (0.0, 0.5), (-0.02, -0.5), (1.0, 0.0), (-1.0, 0.0)):
        world.reset(joints.default)
        world.data.qvel[:] = speed
        world.data.ctrl[ids] = joints.default + offset
        mujoco.mj_forward(world.model, world.data)
        asked = joints.stiffness * offset - joints.damping * speed
        expected = np.clip(asked, -joints.effort_limit, joints.effort_limit)
        np.testing.assert_allclose(world.data.actuator_force[ids], expected, atol=1e-9)


def test_the_files_own_armature_and_damping_stay(arm: Path) -> None:
    model = make_world(arm).model
    assert model.dof_armature.tolist() == [0.01, 0.01]
    assert model.dof_damping.tolist() == [0.1, 0.0]


def test_damped_motors_have_no_stiffness_left(arm: Path) -> None:
    world = make_world(arm)
    world.damp()
    world.step(np.zeros(2), 3000)
    hanging = world.body_pose("fore")[0]
    assert hanging[2] < -0.25  # it sank, slowly, to where it hangs
    assert np.abs(world.joint_vel).max() < 0.2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no model '.*'; give the MJCF file of a G1 with --mjcf"),
        ("<mujoco", "is no model that MuJoCo can read"),
        ("<mujoco><worldbody><nonsense/></worldbody></mujoco>", "is no model that MuJoCo can read"),
        (ARM.replace('name="elbow"', 'name="ellbow"'), r"lacks the joints \['elbow'\]; it has .*'ellbow'"),
        (ARM.replace("<freejoint/>", '<freejoint/><geom type="mesh" mesh="gone"/>'), "does not compile: .*gone"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_one_line(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "robot.xml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(MujocoModelError, match=message) as error:
        build_model(path, arm_joints(), HEIGHT)
    assert "\n" not in str(error.value)


def test_a_camera_needs_its_body(arm: Path) -> None:
    with pytest.raises(MujocoModelError, match="lacks the body 'head', which bears 'eye'"):
        build_model(arm, arm_joints(), HEIGHT, cameras=[camera(parent="head")])


def test_things_are_where_they_are_put(arm: Path) -> None:
    things = [
        Thing("ball", "sphere", (0.03,), (1.0, 0.0, 0.1), (1.0, 0.0, 0.0), placeable=True),
        Thing("cone", "cone", (0.03, 0.04), (1.0, 1.0, 0.1), (0.0, 1.0, 0.0), placeable=True),
        Thing("wall", "box", (0.1, 0.1, 0.1), (2.0, 0.0, 0.5), (0.0, 0.0, 1.0)),
    ]
    world = make_world(arm, things=things)
    np.testing.assert_allclose(world.object_positions(), [[1.0, 0.0, 0.1 - HEIGHT], [1.0, 1.0, 0.1 - HEIGHT]])
    world.place("cone", np.array([0.4, 0.1, 1.2]), 0.5)
    world.reset(arm_joints().default)  # which leaves things where they are
    world.step(arm_joints().default, 50)
    np.testing.assert_allclose(world.object_positions()[1], [0.4, 0.1, 1.2 - HEIGHT], atol=1e-9)
    size = world.model.mesh_vert.max(axis=0)
    np.testing.assert_allclose(size[:2], 0.03, atol=1e-3)  # a cone's origin is its centre of mass to MuJoCo


def test_contact_forces_are_felt(arm: Path) -> None:
    block = Thing("block", "box", (0.1, 0.1, 0.05), (0.45, 0.0, HEIGHT - 0.35), (0.5, 0.5, 0.5))
    world = make_world(arm, things=[block], sensed=["fore", "upper"])
    world.step(arm_joints().default, 100)
    assert world.peak_forces.tolist() == [0.0, 0.0]
    for _ in range(100):
        world.step(np.array([0.5, 0.8]), 5)
    assert world.peak_forces[0] > 5.0
    assert world.peak_forces[1] == pytest.approx(0.0, abs=1e-6)


def test_a_broken_simulation_is_told(arm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where MuJoCo leaves its log
    world = make_world(arm)
    world.step(arm_joints().default, 10)
    world.data.qvel[:] = np.inf
    with pytest.raises(FloatingPointError, match=r"broke down at 0\.02 s"):
        world.step(arm_joints().default, 10)


def camera(**changes: Any) -> CameraSpec:
    spec = CameraSpec("eye", 32, 24, 20.0, 20.0, 16.0, 12.0, "base", (0.2, 0.0, 0.1), (1.0, 0.0, 0.0, 0.0))
    return replace(spec, **changes)


def test_cameras_look_along_x_with_z_up(arm: Path) -> None:
    turned = (np.cos(0.3), 0.0, np.sin(0.3), 0.0)  # about y: downwards by 0.6 rad
    world = make_world(arm, cameras=[camera(quat_wxyz=turned)])
    axes = world.data.camera("eye").xmat.reshape(3, 3)  # to the right, up, backwards
    np.testing.assert_allclose(axes[:, 0], [0.0, -1.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(axes[:, 2], [-np.cos(0.6), 0.0, np.sin(0.6)], atol=1e-9)
    np.testing.assert_allclose(world.data.camera("eye").xpos, [0.2, 0.0, HEIGHT + 0.1])
    assert np.tan(np.radians(world.model.cam_fovy[0]) / 2.0) == pytest.approx(12.0 / 20.0)


def test_a_picture_shows_what_is_ahead(arm: Path) -> None:
    """In a process of its own: other tests may have had MuJoCo choose a graphics library that needs a screen."""
    program = Path(__file__).with_name("mujoco_picture.py")
    result = subprocess.run([sys.executable, str(program), str(arm)], capture_output=True, text=True, timeout=120)
    if result.returncode == 3:
        pytest.skip(result.stderr.strip())
    assert result.returncode == 0, result.stderr
    picture, without = (np.array(rows) for rows in json.loads(result.stdout))
    red, blue = (picture[..., color] - picture[..., 1] > 40 for color in (0, 2))
    assert red[:, :16].any()
    assert blue[:, 16:].any()
    assert not red[:, 16:].any()
    assert not (without[..., 0] - without[..., 1] > 40).any()


def joint_state(inbox: Inbox) -> tuple[np.ndarray, np.ndarray, float]:
    latest = inbox.joint_state.latest()
    assert latest is not None
    return *latest[0], latest[1]


def test_in_real_time_it_measures_and_follows(arm: Path) -> None:
    things = [Thing("ball", "sphere", (0.03,), (1.0, 0.0, 0.1), (1.0, 0.0, 0.0), placeable=True)]
    seen = []
    world = make_world(arm, things=things)
    robot = MujocoRobot(world, after_step=seen.append)
    inbox = Inbox(values=["object_positions"])
    robot.start(inbox)
    try:
        np.testing.assert_allclose(joint_state(inbox)[0], arm_joints().default)
        robot.command(np.array([1.2, 0.2]))
        begin = time.monotonic()
        while joint_state(inbox)[0][ELBOW] < 1.0:
            assert time.monotonic() < begin + 10.0, "the elbow does not move"
            time.sleep(0.01)
        pos, vel, stamp = joint_state(inbox)
        assert pos.shape == vel.shape == (2,)
        assert abs(stamp - time.monotonic()) < 1.0
        objects = inbox.values["object_positions"].latest()
        assert objects is not None
        assert objects[0].shape == (1, 3)
        robot.damp()
        begin = time.monotonic()
        while world.body_pose("fore")[0][2] > -0.2:
            assert time.monotonic() < begin + 20.0, "a damped arm does not sink"
            time.sleep(0.01)
    finally:
        robot.stop()
    assert world.time + robot.lost > 0.1
    assert any((targets == [1.2, 0.2]).all() for targets in seen)
    steps = world.time
    time.sleep(0.05)
    assert world.time == steps
    assert robot.trouble is None


def test_what_ended_the_simulation_is_known(arm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    world = make_world(arm)
    robot = MujocoRobot(world)
    robot.start(Inbox())
    world.data.qvel[:] = np.nan
    begin = time.monotonic()
    while robot.trouble is None and time.monotonic() < begin + 10.0:
        time.sleep(0.01)
    robot.stop()
    assert robot.trouble is not None
    assert "broke down" in robot.trouble


def hand_distances(path: Path) -> np.ndarray:
    """Where a model's hands are against where the policy's own kinematics take them to be [m], in many postures."""
    joints, hands = make_joints(), read_hands(touch_params())
    world = MujocoWorld(build_model(path, joints, load_figures().standing_height), joints)
    kinematics, rng, distances = HandKinematics(joints.names, hands.bodies, hands.ends), np.random.default_rng(0), []
    for _ in range(50):
        posture = rng.uniform(joints.soft_lower, joints.soft_upper)
        world.reset(posture)
        segments = kinematics.segments(posture)
        for body, ends, segment in zip(hands.bodies, hands.ends, segments, strict=True):
            pos, matrix = world.body_pose(body)
            distances.append(np.linalg.norm(pos + ends @ matrix.T - segment, axis=-1).max())
    return np.array(distances)


def test_hands_are_where_the_policys_kinematics_take_them_to_be(tmp_path: Path) -> None:
    assert hand_distances(write_g1(tmp_path / "g1.xml")).max() < 1e-6


@pytest.mark.slow
def test_a_foreign_g1_has_its_hands_there_too() -> None:
    path = foreign_g1()
    joints = make_joints()
    world = MujocoWorld(build_model(path, joints, load_figures().standing_height), joints)
    assert {"torso_link", *touch_params()["hand_bodies"]} <= set(body_names(world.model))
    assert hand_distances(path).max() < 0.02  # revisions of the waist differ by 1 cm
    world.step(joints.default, 1000)
    assert np.abs(world.joint_pos - joints.default).max() < 0.06  # it holds itself up
    assert np.abs(world.joint_vel).max() < 0.01


def foreign_g1() -> Path:
    name = os.environ.get("HUMANOID_VLA_MJCF")
    if not name:
        pytest.skip("HUMANOID_VLA_MJCF names no MJCF file of a G1, such as unitree_mujoco's g1_29dof.xml")
    return Path(name)
