"""A MuJoCo model of somebody's G1, hung up by its base, with a policy's motors and things around it."""
# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Sequence
from ctypes.util import find_library
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .bundle import CameraSpec, Joints

# Pictures without a screen. Before MuJoCo is imported: it chooses its library then.
if sys.platform == "linux" and "DISPLAY" not in os.environ and find_library("EGL"):
    os.environ.setdefault("MUJOCO_GL", "egl")

import mujoco

Vec3 = tuple[float, float, float]

# From a frame that looks along x with z up to MuJoCo's, which looks along -z with y up.
_LOOKING = (0.5, 0.5, -0.5, -0.5)
_KINDS = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "cone": mujoco.mjtGeom.mjGEOM_MESH,
    "plane": mujoco.mjtGeom.mjGEOM_PLANE,
}
_CONE_FACETS = 24
GAMMA, WALL = 2.2, (0.62, 0.66, 0.70)


class MujocoModelError(ValueError):
    """A model file that does not fit the policy: one line that names what differs."""


@dataclass(frozen=True)
class Thing:
    """Something that stands around the robot and cannot be pushed."""

    name: str
    kind: str
    """"box", "sphere", "cylinder", "cone" or "plane", upright and around its centre."""
    size: tuple[float, ...]
    """As MuJoCo has it: half the edges; radius; radius and half the height (cone too); half the sides [m]."""
    pos: Vec3
    """In the world, where the ground's height is 0 [m]."""
    color: Vec3
    """Linear RGB."""
    placeable: bool = False
    """Whether it can be put elsewhere later."""


def build_model(
    path: str | Path,
    joints: Joints,
    base_height: float,
    things: Sequence[Thing] = (),
    cameras: Sequence[CameraSpec] = (),
    timestep: float = 0.002,
) -> mujoco.MjModel:
    """The model of a file, with its base fixed upright and a motor with the policy's gains at each of its joints.

    The file's masses, shapes, armatures, damping and dry friction stay as they are; its own motors, sensors and key
    frames go. Joints that the policy does not command are fixed at zero. The motors are PD laws cut off at the effort
    limit, and integrated implicitly, as real ones run much faster than the physics.

    Args:
        path: An MJCF file, with the meshes it names.
        joints: Names, default posture, gains and limits.
        base_height: Of the body that bears the robot, the pelvis [m].
        things: What stands around it.
        cameras: Cameras on its bodies.
        timestep: Of the physics [s].

    Raises:
        MujocoModelError: The file cannot be read, or lacks joints or bodies.
    """
    if not Path(path).is_file():
        raise MujocoModelError(f"there is no model '{path}'; give the MJCF file of a G1 with --mjcf")
    try:
        spec = mujoco.MjSpec.from_file(str(path))
    except (ValueError, mujoco.FatalError) as error:
        raise MujocoModelError(f"'{path}' is no model that MuJoCo can read: {' '.join(str(error).split())}") from None
    have = [joint.name for joint in spec.joints]
    if missing := [name for name in joints.names if name not in have]:
        raise MujocoModelError(f"the model '{path}' lacks the joints {missing}; it has {have}")
    _hang_up(spec, joints.names, base_height)
    _add_motors(spec, joints)
    _add_things(spec, things)
    _add_light(spec)
    bodies = {body.name: body for body in spec.bodies}
    for camera in cameras:
        if camera.parent not in bodies:
            raise MujocoModelError(f"the model '{path}' lacks the body '{camera.parent}', which bears '{camera.name}'")
        _add_camera(bodies[camera.parent], camera)
    spec.option.timestep = timestep
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.visual.quality.shadowsize = 1024  # the default takes seconds where the CPU draws
    canvas = spec.visual.global_
    for camera in cameras:
        canvas.offwidth, canvas.offheight = max(canvas.offwidth, camera.width), max(canvas.offheight, camera.height)
    try:
        return spec.compile()
    except (ValueError, mujoco.FatalError) as error:
        raise MujocoModelError(f"'{path}' does not compile: {' '.join(str(error).split())}") from None


def body_names(model: mujoco.MjModel) -> list[str]:
    """Of all bodies, the world's too."""
    return [model.body(number).name for number in range(model.nbody)]


def _hang_up(spec: mujoco.MjSpec, names: Sequence[str], height: float) -> None:
    for element in (*spec.keys, *spec.sensors, *spec.actuators, *spec.tendons, *spec.equalities):
        spec.delete(element)
    (base,) = [body for body in spec.worldbody.bodies if any(_chain_joints(body))]
    # MuJoCo lets a link and its parent overlap, but not where the parent is fixed to the world.
    resting = [body for body, _ in _rigid(base)]
    for child in [body for body, moves in _rigid(base, with_children=True) if moves]:
        for outer, _ in _rigid(child):
            for inner in resting:
                spec.add_exclude(bodyname1=inner.name, bodyname2=outer.name)
    for joint in [joint for joint in spec.joints if joint.name not in names]:
        spec.delete(joint)
    base.pos, base.quat = (0.0, 0.0, height), (1.0, 0.0, 0.0, 0.0)


def _chain_joints(body: Any) -> Iterator[Any]:
    yield from body.find_all("joint")


def _rigid(body: Any, with_children: bool = False) -> Iterator[tuple[Any, bool]]:
    """A body and all that is fixed to it, and false; if wanted also the bodies that move against it, and true."""
    yield body, False
    for child in body.bodies:
        if not child.joints:
            yield from _rigid(child, with_children)
        elif with_children:
            yield child, True


def _add_motors(spec: mujoco.MjSpec, joints: Joints) -> None:
    for index, name in enumerate(joints.names):
        stiffness, damping, limit = (
            float(values[index]) for values in (joints.stiffness, joints.damping, joints.effort_limit)
        )
        motor = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        # torque = kp (target - q) - kd q'
        motor.gaintype, motor.biastype = mujoco.mjtGain.mjGAIN_FIXED, mujoco.mjtBias.mjBIAS_AFFINE
        motor.gainprm[0] = stiffness
        motor.biasprm[1], motor.biasprm[2] = -stiffness, -damping
        motor.forcelimited, motor.forcerange = True, (-limit, limit)
        motor.ctrllimited = False


def _add_things(spec: mujoco.MjSpec, things: Sequence[Thing]) -> None:
    for thing in things:
        body = spec.worldbody.add_body(name=thing.name, pos=thing.pos, mocap=thing.placeable)
        color = (*(value ** (1.0 / GAMMA) for value in thing.color), 1.0)  # MuJoCo's colours are those of a screen
        if thing.kind == "cone":
            mesh = spec.add_mesh(name=thing.name)
            mesh.uservert = _cone(*thing.size)
            body.add_geom(type=_KINDS["cone"], meshname=thing.name, rgba=color)
        else:
            size = (*thing.size, 0.0, 0.0)[:3]
            body.add_geom(type=_KINDS[thing.kind], size=size, rgba=color)


def _add_light(spec: mujoco.MjSpec) -> None:
    """Walls and a lamp, where the file has none."""
    if not any(texture.type == mujoco.mjtTexture.mjTEXTURE_SKYBOX for texture in spec.textures):
        sky = spec.add_texture(name="walls", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, width=8, height=48)
        sky.builtin, sky.rgb1 = mujoco.mjtBuiltin.mjBUILTIN_FLAT, [value ** (1.0 / GAMMA) for value in WALL]
    if not spec.worldbody.lights:
        lamp = spec.worldbody.add_light(pos=(1.0, 0.5, 4.0), dir=(-0.3, -0.15, -1.0))
        lamp.type, lamp.diffuse = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, (0.5, 0.5, 0.5)


def _cone(radius: float, half_height: float) -> list[float]:
    """Corners of a cone, one after the other [m]."""
    angles = [2.0 * math.pi * number / _CONE_FACETS for number in range(_CONE_FACETS)]
    rim = [(radius * math.cos(angle), radius * math.sin(angle), -half_height) for angle in angles]
    return [value for point in (*rim, (0.0, 0.0, half_height)) for value in point]


def _add_camera(body: Any, camera: CameraSpec) -> None:
    quat = np.zeros(4)
    mujoco.mju_mulQuat(quat, np.array(camera.quat_wxyz, float), np.array(_LOOKING))
    fovy = math.degrees(2.0 * math.atan(camera.height / (2.0 * camera.fy)))
    body.add_camera(name=camera.name, pos=camera.pos, quat=quat, fovy=fovy)
