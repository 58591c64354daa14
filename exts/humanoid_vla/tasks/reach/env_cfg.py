"""``VLA-Reach-Command-G1``: touch the object you are told to, with the hand you are told to; the goal is one-hot."""

from __future__ import annotations

import isaaclab.sim as sim_utils
from isaaclab.assets import ArticulationCfg, AssetBaseCfg, RigidObjectCollectionCfg
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
from isaaclab.sensors import CameraCfg, ContactSensorCfg
from isaaclab.utils import configclass, replace
from isaaclab.utils.noise import UniformNoiseCfg
from isaaclab.visualizers import VisualizerCfg

from humanoid_vla.assets.g1 import G1_UPPER_BODY_CFG, HAND_BODIES, UPPER_BODY_JOINTS
from humanoid_vla.assets.objects import GROUND_CFG, OBJECT_CFGS, OBJECT_REST_HEIGHTS, TABLE_CFG, TABLE_HEIGHT
from humanoid_vla.tasks.agent_cfgs import default_device
from humanoid_vla.tasks.cameras import video_camera
from humanoid_vla.tasks.mdp import actions_cfg, commands_cfg, events, observations, rewards, safety, terminations
from humanoid_vla.tasks.physics import ArmPhysicsCfg

ROBOT = SceneEntityCfg("robot", joint_names=UPPER_BODY_JOINTS, preserve_order=True)
HANDS = SceneEntityCfg("robot", body_names=HAND_BODIES, preserve_order=True)
OBJECTS = SceneEntityCfg("objects")
LEFT_ARM = SceneEntityCfg("robot", joint_names=["left_(shoulder|elbow|wrist)_.*"])
RIGHT_ARM = SceneEntityCfg("robot", joint_names=["right_(shoulder|elbow|wrist)_.*"])
TORSO = SceneEntityCfg("contact", body_names="torso_link")
ARMS = SceneEntityCfg("contact", body_names=".*_(shoulder|elbow|wrist)_.*")

DECIMATION = 2
"""Physics steps a control step."""

TOUCH_DISTANCE = 0.015
"""A gap between hand and object below this counts as touching [m]."""

FAILURES = [
    "wrong_touch",
    "joint_pos_limit",
    "joint_vel_limit",
    "joint_effort_limit",
    "self_collision",
    "hard_impact",
    "non_finite",
]
"""Terminations that end an episode without success."""


@configclass
class ReachSceneCfg(InteractiveSceneCfg):
    """A G1 fixed at its pelvis, a table in front of it, and four objects on the table."""

    ground: AssetBaseCfg = GROUND_CFG
    robot: ArticulationCfg = replace(
        G1_UPPER_BODY_CFG,
        init_state=replace(
            G1_UPPER_BODY_CFG.init_state,
            # Elbows bent, hands above the table: the figures' home pose has them inside it.
            joint_pos={
                ".*_shoulder_pitch_joint": 0.4,
                "left_shoulder_roll_joint": 0.3,
                "right_shoulder_roll_joint": -0.3,
                ".*_elbow_joint": -0.6,
            },
        ),
    )
    table: AssetBaseCfg = TABLE_CFG
    objects: RigidObjectCollectionCfg = RigidObjectCollectionCfg(rigid_objects=OBJECT_CFGS)
    contact: ContactSensorCfg = ContactSensorCfg(
        # An impact is over within one physics step: the history holds all of a control step.
        prim_path="{ENV_REGEX_NS}/Robot/(torso|.*(shoulder_yaw|elbow|wrist).*)_link",
        history_length=DECIMATION,
    )
    light: AssetBaseCfg = AssetBaseCfg(
        prim_path="/World/light", spawn=sim_utils.DistantLightCfg(color=(1.0, 1.0, 1.0), intensity=3000.0)
    )
    video_camera: CameraCfg | None = video_camera(eye=(1.4, 0.65, 1.4), target=(0.2, 0.0, 0.95))


@configclass
class ActionsCfg:
    """17 actions in [-1, 1]: a joint position target each, relative to the default posture."""

    joint_pos = actions_cfg.RateLimitedJointPositionActionCfg(
        asset_name="robot",
        joint_names=UPPER_BODY_JOINTS,
        scale={
            # The waist carries the whole trunk: leaning far, it would sag into its stops.
            "waist_(roll|pitch)_joint": 0.3,
            "waist_yaw_joint": 0.8,
            ".*_(shoulder|elbow)_.*": 1.2,
            ".*_wrist_.*": 0.8,
        },
        max_speed=1.2,
        max_lead=0.15,
    )


@configclass
class CommandsCfg:
    """What to touch, and with which hand."""

    goal: commands_cfg.TouchGoalCommandCfg = commands_cfg.TouchGoalCommandCfg(
        objects=list(OBJECT_CFGS), hands=list(HAND_BODIES)
    )


@configclass
class ObservationsCfg:
    """Groups; the agent's configuration says which network reads which."""

    @configclass
    class ProprioCfg(ObsGroup):
        """What the robot's own sensors and memory tell; noisy in training."""

        joint_pos = ObsTerm(
            func=isaac_mdp.joint_pos_rel,
            params={"asset_cfg": ROBOT},
            noise=UniformNoiseCfg(n_min=-0.01, n_max=0.01),
        )
        joint_vel = ObsTerm(
            func=isaac_mdp.joint_vel_rel, params={"asset_cfg": ROBOT}, noise=UniformNoiseCfg(n_min=-0.1, n_max=0.1)
        )
        joint_target = ObsTerm(
            func=observations.joint_target_rel, params={"action_name": "joint_pos", "asset_cfg": ROBOT}
        )
        last_action = ObsTerm(func=isaac_mdp.last_action)

        def __post_init__(self) -> None:
            self.enable_corruption = True

    @configclass
    class StateCfg(ObsGroup):
        """Privileged and noise-free: what of the scene only the simulator knows."""

        touch_geometry = ObsTerm(func=observations.touch_geometry, params={"hands": HANDS, "objects": OBJECTS})

    @configclass
    class GoalCfg(ObsGroup):
        """The goal itself: object and hand one-hot, and how far it is."""

        goal = ObsTerm(func=isaac_mdp.generated_commands, params={"command_name": "goal"})
        hand_to_goal = ObsTerm(
            func=observations.hand_to_goal, params={"command_name": "goal", "hands": HANDS, "objects": OBJECTS}
        )
        held_time = ObsTerm(func=observations.held_time, params={"command_name": "goal"})

    @configclass
    class CostCfg(ObsGroup):
        """What constrained learning is to avoid, see :mod:`..mdp.safety`; stricter than what ends an episode."""

        joint_pos_limit = ObsTerm(func=safety.joint_pos_excess, params={"tolerance": -0.05})
        # 0.66 rad/s at the wrists, 1.11 at the other arm joints; targets move with up to 1.2
        joint_vel_limit = ObsTerm(func=safety.joint_vel_excess, params={"fraction": 0.03})
        joint_effort_limit = ObsTerm(func=safety.joint_effort_excess, params={"fraction": 1.0})
        self_collision = ObsTerm(func=safety.contact_force_excess, params={"threshold": 25.0, "sensor_cfg": TORSO})
        hard_impact = ObsTerm(func=safety.contact_force_excess, params={"threshold": 70.0, "sensor_cfg": ARMS})
        non_finite = ObsTerm(func=safety.non_finite)

    proprio: ProprioCfg = ProprioCfg()
    state: StateCfg = StateCfg()
    goal: GoalCfg = GoalCfg()
    cost: CostCfg = CostCfg()


@configclass
class EventsCfg:
    """Domain randomisation and resets."""

    mass = EventTerm(
        func=isaac_mdp.randomize_rigid_body_mass,  # type: ignore  (Isaac Lab types terms as functions)
        mode="startup",
        params={
            "asset_cfg": SceneEntityCfg("robot", body_names=["torso_link", ".*_wrist_yaw_link"]),
            "mass_distribution_params": (0.9, 1.1),
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
    robot_pose = EventTerm(
        func=isaac_mdp.reset_joints_by_offset,
        mode="reset",
        params={"position_range": (-0.1, 0.1), "velocity_range": (0.0, 0.0)},
    )
    object_poses = EventTerm(
        func=events.place_objects_apart,
        mode="reset",
        params={
            "x_range": (0.24, 0.38),
            "pitch": 0.16,
            "jitter": 0.01,
            "heights": [TABLE_HEIGHT + height for height in OBJECT_REST_HEIGHTS.values()],
            "objects": OBJECTS,
        },
    )


@configclass
class RewardsCfg:
    """Come close, touch, hold; do not end in a failure; keep the other arm and the motion quiet."""

    gap = RewTerm(func=rewards.goal_gap, weight=-15.0, params={"command_name": "goal"})
    touch = RewTerm(func=rewards.goal_proximity, weight=3.0, params={"std": 0.03, "command_name": "goal"})
    success = RewTerm(func=rewards.ended_by, weight=300.0, params={"term_names": ["success"]})
    failure = RewTerm(func=rewards.ended_by, weight=-100.0, params={"term_names": FAILURES})
    idle_arm = RewTerm(
        func=rewards.idle_arm_deviation,
        weight=-0.05,
        params={"command_name": "goal", "left_arm": LEFT_ARM, "right_arm": RIGHT_ARM},
    )
    action_rate = RewTerm(func=isaac_mdp.action_rate_l2, weight=-0.005)


@configclass
class TerminationsCfg:
    """Each is logged by its name."""

    time_out = DoneTerm(func=isaac_mdp.time_out, time_out=True)
    success = DoneTerm(
        func=terminations.goal_held,
        params={
            "hold_time": 0.3,
            "distance": TOUCH_DISTANCE,
            "command_name": "goal",
            "hands": HANDS,
            "objects": OBJECTS,
        },
    )
    wrong_touch = DoneTerm(func=terminations.wrong_touch, params={"distance": TOUCH_DISTANCE, "command_name": "goal"})
    joint_pos_limit = DoneTerm(func=terminations.joint_pos_beyond_limits, params={"tolerance": 0.05})
    joint_vel_limit = DoneTerm(func=terminations.joint_vel_excess, params={"fraction": 0.5})
    joint_effort_limit = DoneTerm(func=terminations.joint_effort_excess, params={"fraction": 2.0})
    self_collision = DoneTerm(func=terminations.hard_contact, params={"threshold": 50.0, "sensor_cfg": TORSO})
    # 140 N is what ISO/TS 15066 (2016, table A.2) allows a robot to press a person's hand with.
    hard_impact = DoneTerm(func=terminations.hard_contact, params={"threshold": 140.0, "sensor_cfg": ARMS})
    non_finite = DoneTerm(func=terminations.non_finite_state)


@configclass
class ReachCommandEnvCfg(ManagerBasedRLEnvCfg):
    """Configuration of ``VLA-Reach-Command-G1``."""

    scene: ReachSceneCfg = ReachSceneCfg(num_envs=128, env_spacing=3.0)
    actions: ActionsCfg = ActionsCfg()
    commands: CommandsCfg = CommandsCfg()
    observations: ObservationsCfg = ObservationsCfg()
    events: EventsCfg = EventsCfg()
    rewards: RewardsCfg = RewardsCfg()
    terminations: TerminationsCfg = TerminationsCfg()

    def __post_init__(self) -> None:
        self.decimation = DECIMATION
        self.episode_length_s = 5.0
        self.compute_final_obs = True
        self.video_recorders = [VideoRecorderCfg(source="sensor:video_camera", video_length=250)]
        self.sim.dt = 1.0 / 60.0
        self.sim.render_interval = self.decimation
        self.sim.device = default_device()
        # Where a spectator (--viz) stands: before the one robot, or between the rows of many.
        self.sim.default_visualizer_cfg = VisualizerCfg(eye=(1.5, 0.45, 1.5), lookat=(0.15, 0.0, 0.9))
        self.sim.physics = ArmPhysicsCfg()  # type: ignore  (presets are resolved to one backend at start)
