"""What tasks of a robot on its own feet share: the scene, joint order, action term and rates."""

from __future__ import annotations

from typing import Any

import isaaclab.sim as sim_utils
from isaaclab.assets import ArticulationCfg, AssetBaseCfg
from isaaclab.managers import SceneEntityCfg
from isaaclab.scene import InteractiveSceneCfg
from isaaclab.sensors import CameraCfg, ContactSensorCfg
from isaaclab.utils import configclass

from humanoid_vla.assets.g1 import FOOT_BODIES, G1_CFG, WHOLE_BODY_JOINTS
from humanoid_vla.assets.g1_figures import load_figures
from humanoid_vla.assets.objects import GROUND_CFG
from humanoid_vla.tasks.cameras import video_camera
from humanoid_vla.tasks.mdp import actions_cfg

ROBOT = SceneEntityCfg("robot", joint_names=WHOLE_BODY_JOINTS, preserve_order=True)
FEET = SceneEntityCfg("robot", body_names=FOOT_BODIES, preserve_order=True)
FOOT_CONTACT = SceneEntityCfg("foot_contact", body_names=FOOT_BODIES, preserve_order=True)

PHYSICS_DT = 0.005
"""Duration of a physics step [s]."""

DECIMATION = 4
"""Physics steps a control step: 50 Hz control."""


def effort_scale(share: float) -> dict[str, float]:
    """How far a target must be from a joint at rest for ``share`` of its effort limit [rad], by joint name.

    BeyondMimic's whole_body_tracking, mjlab and holosoma use a share of 0.25 and actions without bounds.
    """
    groups: Any = G1_CFG.actuators.values()
    stiffness = {name: value for group in groups for name, value in group.stiffness.items()}
    return {joint.name: share * joint.effort_limit / stiffness[joint.name] for joint in load_figures().joints}


@configclass
class LocomotionSceneCfg(InteractiveSceneCfg):
    """A G1 on its feet, on flat ground."""

    ground: AssetBaseCfg = GROUND_CFG
    robot: ArticulationCfg = G1_CFG
    foot_contact: ContactSensorCfg = ContactSensorCfg(prim_path="{ENV_REGEX_NS}/Robot/(left|right)_ankle_roll_link")
    light: AssetBaseCfg = AssetBaseCfg(
        prim_path="/World/light", spawn=sim_utils.DistantLightCfg(color=(1.0, 1.0, 1.0), intensity=3000.0)
    )
    video_camera: CameraCfg | None = video_camera(eye=(2.6, 2.6, 1.6), target=(0.4, 0.0, 0.6))


FEET_FILTER: dict[str, Any] = {
    "on_feet": True,
    "max_speed": 20.0,
    "max_acceleration": 1000.0,  # from rest to that speed within a step
    "max_push": 6000.0,  # all that the motors of ankles and hands can give
    "max_lead": 2.0,
    "limit_margin": 0.02,
    "approach_rate": 50.0,  # once in a step: the model knows nothing of the ground that feet push against
}
"""Settings of the action filter that leave legs the speed and the strength to walk, at 50 Hz."""


@configclass
class LocomotionActionsCfg:
    """29 actions in [-1, 1]: a joint position target each, relative to the default posture.

    Speed and lead are bounded far above what walking needs: the gains are so low that a target leads its joint by much
    of a radian to hold the robot up.
    """

    joint_pos = actions_cfg.RateLimitedJointPositionActionCfg(
        asset_name="robot",
        joint_names=WHOLE_BODY_JOINTS,
        scale=effort_scale(0.5),
        max_speed=20.0,
        max_lead=2.0,
        filter_settings=FEET_FILTER,
    )
