"""``VLA-Lift-Command-G1``: lift the object you are told to, or put down what you hold; the goal is one-hot."""

from __future__ import annotations

from isaaclab.assets import ArticulationCfg, RigidObjectCollectionCfg
from isaaclab.envs import mdp as isaac_mdp
from isaaclab.managers import EventTermCfg as EventTerm
from isaaclab.managers import ObservationGroupCfg as ObsGroup
from isaaclab.managers import ObservationTermCfg as ObsTerm
from isaaclab.managers import RewardTermCfg as RewTerm
from isaaclab.managers import SceneEntityCfg
from isaaclab.managers import TerminationTermCfg as DoneTerm
from isaaclab.sensors import ContactSensorCfg
from isaaclab.utils import configclass, replace
from isaaclab.utils.noise import UniformNoiseCfg

from humanoid_vla.assets.g1 import G1_GRIPPER_CFG, HAND_BODIES, UPPER_BODY_JOINTS
from humanoid_vla.assets.gripper import GRIPPER_JOINTS, STROKE
from humanoid_vla.assets.loose_objects import LOOSE_OBJECT_CFGS
from humanoid_vla.assets.objects import OBJECT_REST_HEIGHTS, TABLE_HEIGHT
from humanoid_vla.tasks.lift import commands_cfg, events, postures, terms
from humanoid_vla.tasks.mdp import observations, rewards, safety, terminations
from humanoid_vla.tasks.mdp.actions_cfg import RateLimitedJointPositionActionCfg
from humanoid_vla.tasks.mdp.gripper_action_cfg import GripperActionCfg
from humanoid_vla.tasks.physics import GraspPhysicsCfg
from humanoid_vla.tasks.reach import env_cfg as reach_cfg

ROBOT, HANDS, OBJECTS = reach_cfg.ROBOT, reach_cfg.HANDS, reach_cfg.OBJECTS
FINGERS = SceneEntityCfg("robot", joint_names=GRIPPER_JOINTS, preserve_order=True)
ARMS = SceneEntityCfg("contact", body_names=".*_(shoulder|elbow|wrist|gripper)_.*")
RESTING = [TABLE_HEIGHT + height for height in OBJECT_REST_HEIGHTS.values()]
"""Heights of the objects' centres on the table [m], with 1 mm of air."""

DECIMATION = 4
"""Physics steps a control step."""

FAILURES = [
    "wrong_object",
    "fallen",
    "dropped",
    "joint_pos_limit",
    "joint_vel_limit",
    "joint_effort_limit",
    "self_collision",
    "hard_impact",
    "non_finite",
]
"""Terminations that end an episode without success."""


@configclass
class LiftSceneCfg(reach_cfg.ReachSceneCfg):
    """A G1 with grippers, fixed at its pelvis, a table in front of it, and four objects that move on the table."""

    robot: ArticulationCfg = replace(
        G1_GRIPPER_CFG,
        init_state=replace(G1_GRIPPER_CFG.init_state, joint_pos={**postures.DEFAULT, ".*_gripper_.*": STROKE / 2}),
    )
    objects: RigidObjectCollectionCfg = RigidObjectCollectionCfg(rigid_objects=LOOSE_OBJECT_CFGS)
    contact: ContactSensorCfg = ContactSensorCfg(
        prim_path="{ENV_REGEX_NS}/Robot/(torso|.*(shoulder_yaw|elbow|wrist|gripper).*)_link",
        history_length=DECIMATION,
    )


@configclass
class ActionsCfg:
    """19 actions in [-1, 1]: 17 joint position targets, relative to the default posture, and two grippers."""

    joint_pos = RateLimitedJointPositionActionCfg(
        asset_name="robot",
        joint_names=UPPER_BODY_JOINTS,
        scale={
            "waist_(roll|pitch)_joint": 0.3,
            "waist_yaw_joint": 0.8,
            ".*_(shoulder|elbow)_.*": 1.3,
            ".*_wrist_.*": 0.8,
        },
        max_speed=1.2,
        max_lead=0.15,
    )
    gripper = GripperActionCfg(
        asset_name="robot",
        joint_names=GRIPPER_JOINTS,
        scale={".*": -STROKE / 2},
        max_speed=0.08,
        max_lead=0.01,  # 10 N with the fingers' stiffness
    )


@configclass
class CommandsCfg:
    """What to lift, or to let go of."""

    goal: commands_cfg.LiftGoalCommandCfg = commands_cfg.LiftGoalCommandCfg(
        objects=list(LOOSE_OBJECT_CFGS), rest_heights=RESTING, hands=list(HAND_BODIES), fingers=GRIPPER_JOINTS
    )


@configclass
class ObservationsCfg:
    """Groups; the agent's configuration says which network reads which."""

    @configclass
    class ProprioCfg(reach_cfg.ObservationsCfg.ProprioCfg):
        """What the robot's own sensors and memory tell, those of Reach and of the grippers; noisy in training."""

        gripper_pos = ObsTerm(
            func=isaac_mdp.joint_pos_rel,
            params={"asset_cfg": FINGERS},
            noise=UniformNoiseCfg(n_min=-0.0005, n_max=0.0005),
        )
        gripper_target = ObsTerm(
            func=observations.joint_target_rel, params={"action_name": "gripper", "asset_cfg": FINGERS}
        )

    @configclass
    class StateCfg(ObsGroup):
        """Privileged and noise-free: what of the scene only the simulator knows."""

        grip_geometry = ObsTerm(func=terms.grip_geometry, params={"hands": HANDS, "objects": OBJECTS})

    @configclass
    class GoalCfg(ObsGroup):
        """The goal itself: what to do and the nearest hand one-hot, and how far it is."""

        goal = ObsTerm(func=isaac_mdp.generated_commands, params={"command_name": "goal"})
        grip_to_goal = ObsTerm(
            func=terms.grip_to_goal, params={"command_name": "goal", "hands": HANDS, "objects": OBJECTS}
        )
        held_time = ObsTerm(func=observations.held_time, params={"command_name": "goal"})

    @configclass
    class CostCfg(ObsGroup):
        """What constrained learning is to avoid, see :mod:`..mdp.safety`; stricter than what ends an episode."""

        joint_pos_limit = ObsTerm(func=safety.joint_pos_excess, params={"tolerance": -0.05, "asset_cfg": ROBOT})
        joint_vel_limit = ObsTerm(func=safety.joint_vel_excess, params={"fraction": 0.06, "asset_cfg": ROBOT})
        joint_effort_limit = ObsTerm(func=safety.joint_effort_excess, params={"fraction": 1.0, "asset_cfg": ROBOT})
        self_collision = ObsTerm(
            func=safety.contact_force_excess, params={"threshold": 25.0, "sensor_cfg": reach_cfg.TORSO}
        )
        hard_impact = ObsTerm(func=safety.contact_force_excess, params={"threshold": 70.0, "sensor_cfg": ARMS})
        non_finite = ObsTerm(func=safety.non_finite)

    proprio: ProprioCfg = ProprioCfg()
    state: StateCfg = StateCfg()
    goal: GoalCfg = GoalCfg()
    cost: CostCfg = CostCfg()


@configclass
class EventsCfg(reach_cfg.EventsCfg):
    """Domain randomisation as in Reach, and resets."""

    gains = EventTerm(
        func=isaac_mdp.randomize_actuator_gains,  # type: ignore  (Isaac Lab types terms as functions)
        mode="startup",
        params={
            "asset_cfg": SceneEntityCfg("robot", joint_names=UPPER_BODY_JOINTS),
            "stiffness_distribution_params": (0.9, 1.1),
            "damping_distribution_params": (0.9, 1.1),
            "operation": "scale",
        },
    )
    robot_pose = EventTerm(
        func=isaac_mdp.reset_joints_by_offset,
        mode="reset",
        params={
            "position_range": (-0.1, 0.1),
            "velocity_range": (0.0, 0.0),
            "asset_cfg": SceneEntityCfg("robot", joint_names=UPPER_BODY_JOINTS),
        },
    )
    grippers = EventTerm(
        func=isaac_mdp.reset_joints_by_offset,
        mode="reset",
        params={
            "position_range": (0.0, 0.0),
            "velocity_range": (0.0, 0.0),
            "asset_cfg": SceneEntityCfg("robot", joint_names=GRIPPER_JOINTS),
        },
    )
    object_poses = EventTerm(
        func=events.begin_episode,
        mode="reset",
        params={
            "command_name": "goal",
            "x_range": (0.27, 0.35),
            "pitch": 0.16,
            "jitter": 0.01,
            "heights": RESTING,
            "noise": 0.03,
            "robot": ROBOT,
            "hands": HANDS,
            "fingers": FINGERS,
            "objects": OBJECTS,
        },
    )


@configclass
class RewardsCfg:
    """Come close, close the fingers, lift or let go, hold; do not end in a failure; keep the motion quiet."""

    reach = RewTerm(
        func=terms.reach_distance,
        weight=-5.0,
        params={"near": 0.01, "command_name": "goal", "hands": HANDS, "objects": OBJECTS},
    )
    grasp = RewTerm(
        func=terms.grasped,
        weight=1.0,
        params={
            "near": 0.025,
            "widths": (0.012, 0.037),
            "command_name": "goal",
            "hands": HANDS,
            "objects": OBJECTS,
            "fingers": FINGERS,
        },
    )
    gap = RewTerm(func=rewards.goal_gap, weight=-15.0, params={"command_name": "goal"})
    success = RewTerm(func=rewards.ended_by, weight=300.0, params={"term_names": ["success"]})
    failure = RewTerm(func=rewards.ended_by, weight=-100.0, params={"term_names": FAILURES})
    idle_arm = RewTerm(
        func=rewards.idle_arm_deviation,
        weight=-0.05,
        params={"command_name": "goal", "left_arm": reach_cfg.LEFT_ARM, "right_arm": reach_cfg.RIGHT_ARM},
    )
    action_rate = RewTerm(func=isaac_mdp.action_rate_l2, weight=-0.005)


@configclass
class TerminationsCfg:
    """Each is logged by its name."""

    time_out = DoneTerm(func=isaac_mdp.time_out, time_out=True)
    success = DoneTerm(func=terms.goal_held, params={"hold_time": 0.5, "distance": 0.0, "command_name": "goal"})
    wrong_object = DoneTerm(func=terms.wrong_object, params={"height": 0.05, "command_name": "goal"})
    fallen = DoneTerm(func=terms.fallen, params={"depth": 0.05, "command_name": "goal"})
    dropped = DoneTerm(func=terms.dropped, params={"speed": 1.2, "objects": OBJECTS})
    joint_pos_limit = DoneTerm(
        func=terminations.joint_pos_beyond_limits, params={"tolerance": 0.05, "asset_cfg": ROBOT}
    )
    joint_vel_limit = DoneTerm(func=terminations.joint_vel_excess, params={"fraction": 0.5, "asset_cfg": ROBOT})
    joint_effort_limit = DoneTerm(func=terminations.joint_effort_excess, params={"fraction": 2.0, "asset_cfg": ROBOT})
    self_collision = DoneTerm(func=terminations.hard_contact, params={"threshold": 50.0, "sensor_cfg": reach_cfg.TORSO})
    # 140 N is what ISO/TS 15066 (2016, table A.2) allows a robot to press a person's hand with.
    hard_impact = DoneTerm(func=terminations.hard_contact, params={"threshold": 140.0, "sensor_cfg": ARMS})
    non_finite = DoneTerm(func=terms.non_finite_state, params={"objects": OBJECTS})


@configclass
class LiftCommandEnvCfg(reach_cfg.ReachCommandEnvCfg):
    """Configuration of ``VLA-Lift-Command-G1``."""

    scene: LiftSceneCfg = LiftSceneCfg(num_envs=128, env_spacing=3.0)
    actions: ActionsCfg = ActionsCfg()
    commands: CommandsCfg = CommandsCfg()
    observations: ObservationsCfg = ObservationsCfg()
    events: EventsCfg = EventsCfg()
    rewards: RewardsCfg = RewardsCfg()
    terminations: TerminationsCfg = TerminationsCfg()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.decimation = DECIMATION
        self.episode_length_s = 5.0
        self.sim.dt = 1.0 / 120.0
        self.sim.render_interval = self.decimation
        self.sim.physics = GraspPhysicsCfg()  # type: ignore  (presets are resolved to one backend at start)
