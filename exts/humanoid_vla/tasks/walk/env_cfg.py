"""``VLA-Walk-Command-G1``: walk as fast, and turn as fast, as the command says; the command is a velocity.

Weights and figures follow Isaac Lab's Isaac-Velocity-Flat-G1 (velocity tracking, fall, slide), mjlab's
Mjlab-Velocity-Flat-Unitree-G1 (posture) and holosoma's FastSAC task (gait clock), whose sources the terms name.
"""

from __future__ import annotations

import math

from isaaclab.envs import ManagerBasedRLEnvCfg
from isaaclab.envs import mdp as isaac_mdp
from isaaclab.envs.utils.video_recorder_cfg import VideoRecorderCfg
from isaaclab.managers import EventTermCfg as EventTerm
from isaaclab.managers import ObservationGroupCfg as ObsGroup
from isaaclab.managers import ObservationTermCfg as ObsTerm
from isaaclab.managers import RewardTermCfg as RewTerm
from isaaclab.managers import SceneEntityCfg
from isaaclab.managers import TerminationTermCfg as DoneTerm
from isaaclab.utils import configclass
from isaaclab.utils.noise import UniformNoiseCfg
from isaaclab.visualizers import VisualizerCfg

from humanoid_vla.tasks.agent_cfgs import default_device
from humanoid_vla.tasks.locomotion_scene import (
    DECIMATION,
    FEET,
    FOOT_CONTACT,
    PHYSICS_DT,
    ROBOT,
    LocomotionActionsCfg,
    LocomotionSceneCfg,
)
from humanoid_vla.tasks.mdp import locomotion, rewards, terminations
from humanoid_vla.tasks.physics import WholeBodyPhysicsCfg

GAIT_PERIOD = 0.8
"""Duration of two steps [s]."""

CONTACT_FORCE = 5.0
"""A foot that carries more than this stands [N]."""

FALLS = ["too_low", "tilted", "non_finite"]
"""Terminations that end an episode before its time."""


@configclass
class CommandsCfg:
    """How fast to walk ahead and to the left [m/s], and to turn left [rad/s]; anew every few seconds."""

    goal = isaac_mdp.UniformVelocityCommandCfg(
        asset_name="robot",
        resampling_time_range=(4.0, 6.0),
        rel_standing_envs=0.1,
        heading_command=False,
        ranges=isaac_mdp.UniformVelocityCommandCfg.Ranges(
            lin_vel_x=(-0.5, 1.0), lin_vel_y=(-0.4, 0.4), ang_vel_z=(-0.8, 0.8)
        ),
    )


@configclass
class ObservationsCfg:
    """Groups; the agent's configuration says which network reads which."""

    @configclass
    class ProprioCfg(ObsGroup):
        """What the robot's own sensors and memory tell; noisy in training."""

        base_ang_vel = ObsTerm(func=isaac_mdp.base_ang_vel, noise=UniformNoiseCfg(n_min=-0.2, n_max=0.2))
        projected_gravity = ObsTerm(func=isaac_mdp.projected_gravity, noise=UniformNoiseCfg(n_min=-0.05, n_max=0.05))
        joint_pos = ObsTerm(
            func=isaac_mdp.joint_pos_rel,
            params={"asset_cfg": ROBOT},
            noise=UniformNoiseCfg(n_min=-0.01, n_max=0.01),
        )
        joint_vel = ObsTerm(
            func=isaac_mdp.joint_vel_rel, params={"asset_cfg": ROBOT}, noise=UniformNoiseCfg(n_min=-0.5, n_max=0.5)
        )
        last_action = ObsTerm(func=isaac_mdp.last_action)
        gait_clock = ObsTerm(func=locomotion.gait_clock, params={"period": GAIT_PERIOD})

        def __post_init__(self) -> None:
            self.enable_corruption = True

    @configclass
    class StateCfg(ObsGroup):
        """Privileged and noise-free: what the robot cannot measure."""

        base_lin_vel = ObsTerm(func=isaac_mdp.base_lin_vel)
        base_height = ObsTerm(func=locomotion.base_height)
        foot_contacts = ObsTerm(
            func=locomotion.foot_contacts, params={"threshold": CONTACT_FORCE, "sensor_cfg": FOOT_CONTACT}
        )
        foot_heights = ObsTerm(func=locomotion.foot_heights, params={"feet": FEET})

    @configclass
    class GoalCfg(ObsGroup):
        """The command itself."""

        velocity = ObsTerm(func=isaac_mdp.generated_commands, params={"command_name": "goal"})

    proprio: ProprioCfg = ProprioCfg()
    state: StateCfg = StateCfg()
    goal: GoalCfg = GoalCfg()


@configclass
class EventsCfg:
    """Domain randomisation, resets and pushes."""

    mass = EventTerm(
        func=isaac_mdp.randomize_rigid_body_mass,  # type: ignore  (Isaac Lab types terms as functions)
        mode="startup",
        params={
            "asset_cfg": SceneEntityCfg("robot", body_names=["pelvis", "torso_link"]),
            "mass_distribution_params": (0.9, 1.2),
            "operation": "scale",
        },
    )
    friction = EventTerm(
        func=isaac_mdp.randomize_rigid_body_material,  # type: ignore  (Isaac Lab types terms as functions)
        mode="startup",
        params={
            "asset_cfg": SceneEntityCfg("robot", body_names=".*"),
            "static_friction_range": (0.5, 1.2),
            "dynamic_friction_range": (0.5, 1.2),
            "restitution_range": (0.0, 0.0),
            "num_buckets": 64,
            "make_consistent": True,
        },
    )
    gains = EventTerm(
        func=isaac_mdp.randomize_actuator_gains,  # type: ignore  (Isaac Lab types terms as functions)
        mode="startup",
        params={
            "asset_cfg": SceneEntityCfg("robot", joint_names=".*"),
            "stiffness_distribution_params": (0.9, 1.1),
            "damping_distribution_params": (0.9, 1.1),
            "operation": "scale",
        },
    )
    base_pose = EventTerm(
        func=isaac_mdp.reset_root_state_uniform,  # type: ignore  (Isaac Lab types terms as functions)
        mode="reset",
        params={
            "pose_range": {"yaw": (-math.pi, math.pi)},
            "velocity_range": {"x": (-0.3, 0.3), "y": (-0.3, 0.3), "yaw": (-0.3, 0.3)},
        },
    )
    joint_pose = EventTerm(
        func=isaac_mdp.reset_joints_by_offset,
        mode="reset",
        params={"position_range": (-0.1, 0.1), "velocity_range": (0.0, 0.0)},
    )
    push = EventTerm(
        func=isaac_mdp.push_by_setting_velocity,
        mode="interval",
        interval_range_s=(4.0, 8.0),
        params={"velocity_range": {"x": (-0.5, 0.5), "y": (-0.5, 0.5)}},
    )


@configclass
class RewardsCfg:
    """Do as commanded, in step with the gait clock; stay upright; quietly.

    The names of those that measure how well a command is followed begin with "track"; their largest value is 1.
    """

    track_lin_vel = RewTerm(func=locomotion.track_lin_vel, weight=2.0, params={"std": 0.5, "command_name": "goal"})
    track_ang_vel = RewTerm(func=locomotion.track_ang_vel, weight=1.5, params={"std": 0.5, "command_name": "goal"})
    gait = RewTerm(
        func=locomotion.gait,
        weight=3.0,
        params={"period": GAIT_PERIOD, "height": 0.09, "std": 0.05, "command_name": "goal", "feet": FEET},
    )
    posture = RewTerm(
        func=locomotion.posture,  # type: ignore  (Isaac Lab types terms as functions)
        weight=1.0,
        params={
            "std": {
                ".*_hip_pitch_joint": 0.3,
                ".*_hip_(roll|yaw)_joint": 0.15,
                ".*_knee_joint": 0.35,
                ".*_ankle_pitch_joint": 0.25,
                ".*_ankle_roll_joint": 0.1,
                "waist_yaw_joint": 0.15,
                "waist_roll_joint": 0.08,
                "waist_pitch_joint": 0.1,
                ".*_shoulder_pitch_joint": 0.35,
                ".*_shoulder_roll_joint": 0.15,
                ".*_shoulder_yaw_joint": 0.1,
                ".*_elbow_joint": 0.25,
                ".*_wrist_.*": 0.3,
            }
        },
    )
    fell = RewTerm(func=rewards.ended_by, weight=-200.0, params={"term_names": FALLS})
    tilt = RewTerm(func=isaac_mdp.flat_orientation_l2, weight=-5.0)
    rocking = RewTerm(func=isaac_mdp.ang_vel_xy_l2, weight=-0.05)
    bobbing = RewTerm(func=isaac_mdp.lin_vel_z_l2, weight=-0.2)
    feet_slide = RewTerm(
        func=locomotion.feet_slide,
        weight=-0.2,
        params={"threshold": CONTACT_FORCE, "sensor_cfg": FOOT_CONTACT, "feet": FEET},
    )
    feet_too_close = RewTerm(func=locomotion.feet_too_close, weight=-10.0, params={"distance": 0.15, "feet": FEET})
    joint_limits = RewTerm(func=isaac_mdp.joint_pos_limits, weight=-1.0)
    power = RewTerm(func=locomotion.power, weight=-5e-4)
    action_rate = RewTerm(func=isaac_mdp.action_rate_l2, weight=-0.1)


@configclass
class TerminationsCfg:
    """Each is logged by its name. To be still on its feet when the time is over is the success."""

    success = DoneTerm(func=isaac_mdp.time_out, time_out=True)
    too_low = DoneTerm(func=terminations.too_low, params={"minimum_height": 0.45})
    tilted = DoneTerm(func=terminations.tilted, params={"limit_angle": math.radians(60.0)})
    non_finite = DoneTerm(func=terminations.non_finite_state)


@configclass
class WalkCommandEnvCfg(ManagerBasedRLEnvCfg):
    """Configuration of ``VLA-Walk-Command-G1``."""

    scene: LocomotionSceneCfg = LocomotionSceneCfg(num_envs=256, env_spacing=2.5)
    actions: LocomotionActionsCfg = LocomotionActionsCfg()
    commands: CommandsCfg = CommandsCfg()
    observations: ObservationsCfg = ObservationsCfg()
    events: EventsCfg = EventsCfg()
    rewards: RewardsCfg = RewardsCfg()
    terminations: TerminationsCfg = TerminationsCfg()

    def __post_init__(self) -> None:
        self.decimation = DECIMATION
        self.episode_length_s = 10.0
        self.compute_final_obs = True
        self.video_recorders = [VideoRecorderCfg(source="sensor:video_camera", video_length=500)]
        self.sim.dt = PHYSICS_DT
        self.sim.render_interval = self.decimation
        self.sim.device = default_device()
        # Where a spectator (--viz) stands.
        self.sim.default_visualizer_cfg = VisualizerCfg(eye=(2.6, 2.6, 1.6), lookat=(0.4, 0.0, 0.6))
        self.sim.physics = WholeBodyPhysicsCfg()  # type: ignore  (presets are resolved to one backend at start)
