"""``VLA-Balance-G1``: stand for 10 s while somebody pushes, with a body that weighs more or less than one knows."""

from __future__ import annotations

import math

import isaaclab.sim as sim_utils
from isaaclab.assets import ArticulationCfg, AssetBaseCfg
from isaaclab.envs import ManagerBasedRLEnvCfg
from isaaclab.envs import mdp as isaac_mdp
from isaaclab.envs.utils.video_recorder_cfg import VideoRecorderCfg
from isaaclab.managers import EventTermCfg as EventTerm
from isaaclab.managers import ObservationGroupCfg as ObsGroup
from isaaclab.managers import ObservationTermCfg as ObsTerm
from isaaclab.managers import RewardTermCfg as RewTerm
from isaaclab.managers import SceneEntityCfg
from isaaclab.managers import TerminationTermCfg as DoneTerm
from isaaclab.scene import InteractiveSceneCfg
from isaaclab.sensors import CameraCfg
from isaaclab.utils import configclass
from isaaclab.utils.noise import UniformNoiseCfg
from isaaclab.visualizers import VisualizerCfg

from humanoid_vla.assets.g1 import (
    FOOT_BODIES,
    G1_STANDING_CFG,
    LEFT_ARM_JOINTS,
    LEG_JOINTS,
    RIGHT_ARM_JOINTS,
    WAIST_JOINTS,
)
from humanoid_vla.assets.objects import GROUND_CFG
from humanoid_vla.tasks.agent_cfgs import default_device
from humanoid_vla.tasks.cameras import video_camera
from humanoid_vla.tasks.locomotion_scene import FEET_FILTER
from humanoid_vla.tasks.mdp import actions_cfg, locomotion, observations, pushes, rewards, standing, terminations
from humanoid_vla.tasks.physics import WholeBodyPhysicsCfg

ACTING_JOINTS: list[str] = [*LEG_JOINTS, *WAIST_JOINTS]
"""The joints that a policy moves, in the order of its actions. The arms hold their posture."""

ACTING = SceneEntityCfg("robot", joint_names=ACTING_JOINTS, preserve_order=True)
HELD = SceneEntityCfg("robot", joint_names=[*LEFT_ARM_JOINTS, *RIGHT_ARM_JOINTS], preserve_order=True)
ROBOT = SceneEntityCfg("robot")
FEET = SceneEntityCfg("robot", body_names=FOOT_BODIES, preserve_order=True)

DECIMATION = 2
"""Physics steps a control step."""

STANDING_HEIGHT = 0.765
"""Height of the pelvis in the default posture [m], sagged."""

FALLS = ["too_low", "tilted", "non_finite"]
"""Terminations that end an episode without success."""


@configclass
class BalanceSceneCfg(InteractiveSceneCfg):
    """A G1 on its own feet, on flat ground."""

    ground: AssetBaseCfg = GROUND_CFG
    robot: ArticulationCfg = G1_STANDING_CFG
    light: AssetBaseCfg = AssetBaseCfg(
        prim_path="/World/light", spawn=sim_utils.DistantLightCfg(color=(1.0, 1.0, 1.0), intensity=3000.0)
    )
    video_camera: CameraCfg | None = video_camera(eye=(2.4, 1.4, 1.3), target=(0.0, 0.0, 0.65))


@configclass
class ActionsCfg:
    """15 actions in [-1, 1]: a joint position target each, relative to the default posture."""

    joint_pos = actions_cfg.RateLimitedJointPositionActionCfg(
        asset_name="robot",
        joint_names=ACTING_JOINTS,
        scale={
            ".*_(hip_pitch|knee)_joint": 0.6,
            ".*_hip_roll_joint": 0.4,
            ".*_hip_yaw_joint": 0.3,
            # their effort limit is 0.25 rad of lead
            ".*_ankle_pitch_joint": 0.5,
            ".*_ankle_roll_joint": 0.25,
            "waist_.*_joint": 0.4,
        },
        max_speed=10.0,
        max_lead=0.5,
        # stiff ankles may not push against the ground as hard as they must with a lower rate
        filter_settings={**FEET_FILTER, "max_speed": 10.0, "max_lead": 0.5, "approach_rate": 100.0},
    )


@configclass
class ObservationsCfg:
    """Groups; the agent's configuration says which network reads which."""

    @configclass
    class ProprioCfg(ObsGroup):
        """What the robot's own sensors and memory tell; noisy in training."""

        ang_vel = ObsTerm(func=isaac_mdp.base_ang_vel, noise=UniformNoiseCfg(n_min=-0.1, n_max=0.1))
        gravity = ObsTerm(func=isaac_mdp.projected_gravity, noise=UniformNoiseCfg(n_min=-0.02, n_max=0.02))
        joint_pos = ObsTerm(
            func=isaac_mdp.joint_pos_rel,
            params={"asset_cfg": ACTING},
            noise=UniformNoiseCfg(n_min=-0.01, n_max=0.01),
        )
        joint_vel = ObsTerm(
            func=isaac_mdp.joint_vel_rel, params={"asset_cfg": ACTING}, noise=UniformNoiseCfg(n_min=-0.3, n_max=0.3)
        )
        joint_target = ObsTerm(
            func=observations.joint_target_rel, params={"action_name": "joint_pos", "asset_cfg": ACTING}
        )
        last_action = ObsTerm(func=isaac_mdp.last_action)

        def __post_init__(self) -> None:
            self.enable_corruption = True

    @configclass
    class StateCfg(ObsGroup):
        """Privileged and noise-free: what the robot cannot measure, for critics."""

        base_pos = ObsTerm(func=isaac_mdp.root_pos_w)
        base_lin_vel = ObsTerm(func=isaac_mdp.base_lin_vel)
        push = ObsTerm(func=pushes.last_push, params={"event_name": "push"})

    proprio: ProprioCfg = ProprioCfg()
    state: StateCfg = StateCfg()


@configclass
class EventsCfg:
    """Pushes, domain randomisation and resets."""

    mass = EventTerm(
        func=isaac_mdp.randomize_rigid_body_mass,  # type: ignore  (Isaac Lab types terms as functions)
        mode="startup",
        params={
            "asset_cfg": SceneEntityCfg("robot", body_names="torso_link"),
            "mass_distribution_params": (-1.0, 2.0),  # [kg]
            "operation": "add",
        },
    )
    friction = EventTerm(
        func=isaac_mdp.randomize_rigid_body_material,  # type: ignore  (Isaac Lab types terms as functions)
        mode="startup",
        params={
            "asset_cfg": SceneEntityCfg("robot", body_names=".*"),
            "static_friction_range": (0.6, 1.2),
            "dynamic_friction_range": (0.6, 1.2),
            "restitution_range": (0.0, 0.0),
            "num_buckets": 64,
            "make_consistent": True,
        },
    )
    robot_pose = EventTerm(
        func=isaac_mdp.reset_root_state_uniform,  # type: ignore  (Isaac Lab types terms as functions)
        mode="reset",
        params={"pose_range": {}, "velocity_range": {}},
    )
    robot_joints = EventTerm(
        func=isaac_mdp.reset_joints_by_offset,
        mode="reset",
        params={"position_range": (-0.03, 0.03), "velocity_range": (0.0, 0.0)},
    )
    arms = EventTerm(func=standing.hold_posture, mode="reset", params={"asset_cfg": HELD})
    push = EventTerm(
        func=pushes.Push,  # type: ignore  (Isaac Lab types terms as functions)
        mode="interval",
        interval_range_s=(2.0, 3.0),
        params={"speed": 0.5, "asset_cfg": ROBOT},
    )


@configclass
class RewardsCfg:
    """Do not fall; stand upright, at rest, where you were put, in the default posture, without effort."""

    fall = RewTerm(func=rewards.ended_by, weight=-200.0, params={"term_names": FALLS})
    upright = RewTerm(func=isaac_mdp.flat_orientation_l2, weight=-5.0)
    height = RewTerm(func=standing.height_error, weight=-20.0, params={"height": STANDING_HEIGHT})
    off_place = RewTerm(func=standing.off_place, weight=-0.5)
    capture_point = RewTerm(
        func=standing.capture_error,
        weight=-20.0,
        params={"rise_time": 0.25, "sole": 0.035, "cap": 0.25, "feet": FEET, "asset_cfg": ROBOT},
    )
    moving_feet = RewTerm(func=standing.moving_feet, weight=-0.1, params={"feet": FEET})
    posture = RewTerm(func=standing.posture_error, weight=-0.3, params={"asset_cfg": ACTING})
    power = RewTerm(func=locomotion.power, weight=-1e-4)
    action_rate = RewTerm(func=isaac_mdp.action_rate_l2, weight=-0.02)


@configclass
class TerminationsCfg:
    """Each is logged by its name. To be still standing when the time is over is the success."""

    success = DoneTerm(func=isaac_mdp.time_out, time_out=True)
    too_low = DoneTerm(func=terminations.too_low, params={"minimum_height": 0.5})
    tilted = DoneTerm(func=terminations.tilted, params={"limit_angle": math.radians(60.0)})
    non_finite = DoneTerm(func=terminations.non_finite_state)


@configclass
class BalanceEnvCfg(ManagerBasedRLEnvCfg):
    """Configuration of ``VLA-Balance-G1``."""

    scene: BalanceSceneCfg = BalanceSceneCfg(num_envs=128, env_spacing=3.0)
    actions: ActionsCfg = ActionsCfg()
    observations: ObservationsCfg = ObservationsCfg()
    events: EventsCfg = EventsCfg()
    rewards: RewardsCfg = RewardsCfg()
    terminations: TerminationsCfg = TerminationsCfg()

    def __post_init__(self) -> None:
        self.decimation = DECIMATION
        self.episode_length_s = 10.0
        self.compute_final_obs = True
        self.video_recorders = [VideoRecorderCfg(source="sensor:video_camera", video_length=500)]
        self.sim.dt = 0.01
        self.sim.render_interval = self.decimation
        self.sim.device = default_device()
        # Where a spectator (--viz) stands
        self.sim.default_visualizer_cfg = VisualizerCfg(eye=(2.4, 1.4, 1.3), lookat=(0.0, 0.0, 0.65))
        physics = WholeBodyPhysicsCfg()
        for newton in (physics.newton_mjwarp, physics.default):
            # A contact with a damping ratio of 2 in place of 1: stiff ankles on feet that rattle need physics steps of
            # 5 ms, on such contacts they stand still with 10 ms.
            newton.default_shape_cfg.ke = 625.0  # (kd / (2 * 2))^2, with kd = 100
        self.sim.physics = physics  # type: ignore  (presets are resolved to one backend at start)
