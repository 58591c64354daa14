"""Isaac Lab configurations of the Unitree G1: whole, its upper body, hung up by the pelvis, and NVIDIA's own.

The root is the pelvis in all of them. Limits and armatures come from the figures. Gains are those with which people
drive the real robot:

- the whole body: natural frequency 10 Hz and damping ratio 2 of the rotor alone, ``kp = I (2 pi 10)^2`` and
  ``kd = 2 * 2 * I * 2 pi 10``, as in BeyondMimic's whole_body_tracking and mjlab;
- the robot hung up: those of the upper body, and likewise kp 300 for hips and knees, kp 80 for ankles; the former's kd
  is 10, as the waist's;
- the robot that stands by itself: kp 300, kd 10 for legs and waist, the arms as those of the upper body. A body of
  33 kg whose centre of mass is 0.64 m high tips over with 210 N m/rad; the ankles, in series with knees and hips, must
  hold against that. With kp 200 for hips and ankles some robots fall within 10 s without a push, with 100 all do;
- the upper body: kp 80, kd 3 for shoulders and elbows, kp 40, kd 1.5 for wrists, kp 300 for the waist, as in
  ``G1_29_ArmController`` of Unitree's xr_teleoperate. They hold the arms against gravity, which the former do not. The
  waist's kd is 10 instead of 3: without the real gears' friction the torso would swing for seconds at 2.7 Hz.
"""

from __future__ import annotations

import math
from typing import Any

import isaaclab.sim as sim_utils
from isaaclab.actuators import ActuatorBaseCfg, ImplicitActuatorCfg
from isaaclab.assets import ArticulationCfg
from isaaclab.sim.spawners.from_files.from_files import spawn_from_usd_file
from isaaclab.sim.utils import clone
from isaaclab.utils import replace
from isaaclab.utils.assets import ISAAC_NUCLEUS_DIR
from pxr import Usd, UsdPhysics

from humanoid_vla.assets.g1_figures import DATA_DIR, Joint, Quat, Vec3, load_figures
from humanoid_vla.assets.gripper import FINGER_DRIVE, GRIPPER_JOINTS, STROKE
from humanoid_vla.assets.usd_writer import is_leg

_FIGURES = load_figures()
_LINKS = {link.name: link for link in _FIGURES.links}

LEG_JOINTS: tuple[str, ...] = tuple(joint.name for joint in _FIGURES.joints if is_leg(joint.name))
WAIST_JOINTS: tuple[str, ...] = tuple(joint.name for joint in _FIGURES.joints if joint.name.startswith("waist"))
LEFT_ARM_JOINTS: tuple[str, ...] = tuple(
    joint.name for joint in _FIGURES.joints if joint.name.startswith("left") and not is_leg(joint.name)
)
RIGHT_ARM_JOINTS: tuple[str, ...] = tuple(name.replace("left", "right") for name in LEFT_ARM_JOINTS)

UPPER_BODY_JOINTS: list[str] = [*WAIST_JOINTS, *LEFT_ARM_JOINTS, *RIGHT_ARM_JOINTS]
"""The order of joints that policies see: the physics backends each have their own (Newton goes along the branches,
PhysX across them), and a policy must mean the same on all."""

WHOLE_BODY_JOINTS: list[str] = [*LEG_JOINTS, *UPPER_BODY_JOINTS]
"""The order of joints for policies that move all 29: left leg, right leg, waist, left arm, right arm."""

FOOT_BODIES: list[str] = ["left_ankle_roll_link", "right_ankle_roll_link"]
"""The bodies that are the feet, left and right."""

HAND_BODIES: list[str] = ["left_wrist_yaw_link", "right_wrist_yaw_link"]
"""The bodies that carry the hands, left and right."""

HAND_RADIUS: float = _LINKS[HAND_BODIES[0]].colliders[0].radius
"""Radius of the capsule that is a hand [m]."""

HAND_CAPSULES: tuple[tuple[Vec3, Vec3], ...] = tuple(_LINKS[name].colliders[0].ends for name in HAND_BODIES)
"""Both ends of each hand's capsule axis in the frame of its body [m], shape (2 hands, 2 ends, 3)."""


def usd_path(name: str) -> str:
    """Path of a USD file in ``data/``.

    Raises:
        FileNotFoundError: The file is missing; the message names it and how to make it.
    """
    path = DATA_DIR / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; write it with: python -m humanoid_vla.assets.usd_writer")
    return str(path)


def _rotor_gains(joint: Joint) -> tuple[float, float]:
    frequency = 2.0 * math.pi * 10.0  # [rad/s]
    return joint.armature * frequency**2, 2.0 * 2.0 * joint.armature * frequency


def _manipulation_gains(joint: Joint) -> tuple[float, float]:
    if joint.name in WAIST_JOINTS:
        return 300.0, 10.0
    return (40.0, 1.5) if "wrist" in joint.name else (80.0, 3.0)


def _posture_gains(joint: Joint) -> tuple[float, float]:
    if "ankle" in joint.name:
        return 80.0, 3.0
    return (300.0, 10.0) if is_leg(joint.name) else _manipulation_gains(joint)


def _standing_gains(joint: Joint) -> tuple[float, float]:
    return (300.0, 10.0) if is_leg(joint.name) else _manipulation_gains(joint)


def _actuators(names: tuple[str, ...], gains: dict[str, tuple[float, float]]) -> ImplicitActuatorCfg:
    joints = [joint for joint in _FIGURES.joints if joint.name in names]
    return ImplicitActuatorCfg(
        joint_names_expr=[joint.name for joint in joints],
        joint_effort_limit={joint.name: joint.effort_limit for joint in joints},
        joint_velocity_limit={joint.name: joint.velocity_limit for joint in joints},
        armature={joint.name: joint.armature for joint in joints},
        stiffness={joint.name: gains[joint.name][0] for joint in joints},
        damping={joint.name: gains[joint.name][1] for joint in joints},
    )


_WHOLE_BODY_GAINS = {joint.name: _rotor_gains(joint) for joint in _FIGURES.joints}
_UPPER_BODY_GAINS = {joint.name: _manipulation_gains(joint) for joint in _FIGURES.joints if not is_leg(joint.name)}


def _whole_body_actuators() -> dict[str, ActuatorBaseCfg]:
    return {
        "legs": _actuators(LEG_JOINTS, _WHOLE_BODY_GAINS),
        "waist": _actuators(WAIST_JOINTS, _WHOLE_BODY_GAINS),
        "arms": _actuators(LEFT_ARM_JOINTS + RIGHT_ARM_JOINTS, _WHOLE_BODY_GAINS),
    }


G1_CFG = ArticulationCfg(
    prim_path="{ENV_REGEX_NS}/Robot",
    spawn=sim_utils.UsdFileCfg(usd_path=usd_path("g1.usda"), activate_contact_sensors=True),
    init_state=ArticulationCfg.InitialStateCfg(pos=(0.0, 0.0, _FIGURES.home_height), joint_pos=dict(_FIGURES.home)),
    soft_joint_pos_limit_factor=0.95,
    actuators=_whole_body_actuators(),
)
"""The whole robot: free base, 29 joints, self-collisions on; it starts in the figures' home pose, on its feet."""

G1_UPPER_BODY_CFG = ArticulationCfg(
    prim_path="{ENV_REGEX_NS}/Robot",
    spawn=sim_utils.UsdFileCfg(usd_path=usd_path("g1_upper_body.usda"), activate_contact_sensors=True),
    init_state=ArticulationCfg.InitialStateCfg(
        pos=(0.0, 0.0, _FIGURES.standing_height),
        joint_pos={pattern: angle for pattern, angle in _FIGURES.home.items() if not is_leg(pattern)},
    ),
    soft_joint_pos_limit_factor=0.95,
    actuators={
        "waist": _actuators(WAIST_JOINTS, _UPPER_BODY_GAINS),
        "arms": _actuators(LEFT_ARM_JOINTS + RIGHT_ARM_JOINTS, _UPPER_BODY_GAINS),
    },
)
"""Waist and arms, 17 joints; the pelvis is fixed at standing height, on straight legs."""

G1_GRIPPER_CFG = ArticulationCfg(
    prim_path="{ENV_REGEX_NS}/Robot",
    spawn=sim_utils.UsdFileCfg(usd_path=usd_path("g1_gripper.usda"), activate_contact_sensors=True),
    init_state=replace(
        G1_UPPER_BODY_CFG.init_state,
        joint_pos={**G1_UPPER_BODY_CFG.init_state.joint_pos, ".*_gripper_.*": STROKE / 2},
    ),
    soft_joint_pos_limit_factor=0.95,
    actuators={
        **G1_UPPER_BODY_CFG.actuators,
        "grippers": ImplicitActuatorCfg(
            joint_names_expr=GRIPPER_JOINTS,
            joint_effort_limit=FINGER_DRIVE["effort_limit"],
            joint_velocity_limit=FINGER_DRIVE["velocity_limit"],
            armature=FINGER_DRIVE["armature"],
            stiffness=1000.0,  # [N/m]
            damping=25.0,  # [N s/m], a little above critical with the motor's mass
        ),
    },
)
"""The upper body with a parallel gripper in place of each hand: 4 joints more; the grippers are half open."""


@clone
def spawn_hung(
    prim_path: str,
    cfg: sim_utils.UsdFileCfg,
    translation: Vec3 | None = None,
    orientation: Quat | None = None,
    **_: object,
) -> Usd.Prim:
    """Spawn a robot whose pelvis a fixed joint holds to the world, as from a gantry."""
    prim = spawn_from_usd_file(prim_path, str(cfg.usd_path), cfg, translation, orientation)
    held: Any = UsdPhysics.FixedJoint.Define(prim.GetStage(), f"{prim_path}/joints/pelvis_to_world")
    held.CreateBody1Rel().SetTargets([f"{prim_path}/pelvis"])
    return prim


G1_HUNG_CFG = ArticulationCfg(
    prim_path="{ENV_REGEX_NS}/Robot",
    spawn=sim_utils.UsdFileCfg(func=spawn_hung, usd_path=usd_path("g1.usda"), activate_contact_sensors=True),
    init_state=ArticulationCfg.InitialStateCfg(pos=(0.0, 0.0, 1.5), joint_pos=dict(_FIGURES.home)),
    soft_joint_pos_limit_factor=0.95,
    actuators={
        "joints": _actuators(
            tuple(joint.name for joint in _FIGURES.joints),
            {joint.name: _posture_gains(joint) for joint in _FIGURES.joints},
        )
    },
)
"""All 29 joints, held by the pelvis with the feet in the air: for what must not depend on balance."""

G1_STANDING_CFG = ArticulationCfg(
    prim_path="{ENV_REGEX_NS}/Robot",
    spawn=sim_utils.UsdFileCfg(usd_path=usd_path("g1.usda"), activate_contact_sensors=True),
    init_state=ArticulationCfg.InitialStateCfg(
        pos=(0.0, 0.0, 0.767),
        # The centre of mass is above the middle of the soles with 0.60 in the knees, to which these targets sag: they
        # lead by what gravity asks of the gains.
        joint_pos={
            ".*_hip_pitch_joint": -0.266,
            ".*_knee_joint": 0.572,
            ".*_ankle_pitch_joint": -0.309,
            ".*_shoulder_pitch_joint": 0.2,
            "left_shoulder_roll_joint": 0.2,
            "right_shoulder_roll_joint": -0.2,
            ".*_elbow_joint": 0.6,
        },
    ),
    soft_joint_pos_limit_factor=0.95,
    actuators={
        "joints": _actuators(
            tuple(joint.name for joint in _FIGURES.joints),
            {joint.name: _standing_gains(joint) for joint in _FIGURES.joints},
        )
    },
)
"""All 29 joints on a free base, with gains and a posture with which it stands unless it is pushed."""

G1_NVIDIA_CFG = ArticulationCfg(
    prim_path="{ENV_REGEX_NS}/Robot",
    spawn=sim_utils.UsdFileCfg(usd_path=f"{ISAAC_NUCLEUS_DIR}/Robots/Unitree/G1/g1.usd"),
    init_state=ArticulationCfg.InitialStateCfg(pos=(0.0, 0.0, _FIGURES.home_height), joint_pos=dict(_FIGURES.home)),
    soft_joint_pos_limit_factor=0.95,
    actuators={
        **_whole_body_actuators(),
        # NVIDIA's model has fingers; gains as in isaaclab_assets' G1_29DOF_CFG.
        "hands": ImplicitActuatorCfg(
            joint_names_expr=[".*_index_.*", ".*_middle_.*", ".*_thumb_.*"], stiffness=20.0, damping=2.0, armature=0.001
        ),
    },
)
"""NVIDIA's own G1 with meshes and fingers, for who reaches NVIDIA's cloud; nothing is fetched before it is spawned."""
