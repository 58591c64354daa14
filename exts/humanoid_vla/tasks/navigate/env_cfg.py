"""``VLA-Navigate-G1``: go to the thing you are told to, by telling a walking policy where to walk."""

from __future__ import annotations

import math
from typing import Any

from isaaclab.assets import RigidObjectCollectionCfg
from isaaclab.envs import ManagerBasedRLEnvCfg
from isaaclab.envs import mdp as isaac_mdp
from isaaclab.envs.utils.video_recorder_cfg import VideoRecorderCfg
from isaaclab.managers import EventTermCfg as EventTerm
from isaaclab.managers import ObservationGroupCfg as ObsGroup
from isaaclab.managers import ObservationTermCfg as ObsTerm
from isaaclab.managers import RewardTermCfg as RewTerm
from isaaclab.managers import TerminationTermCfg as DoneTerm
from isaaclab.sensors import CameraCfg
from isaaclab.utils import configclass
from isaaclab.utils.noise import UniformNoiseCfg
from isaaclab.visualizers import VisualizerCfg
from isaaclab_rl.rsl_rl import check_rsl_rl_version, handle_deprecated_rsl_rl_cfg

from humanoid_vla.assets.landmarks import LANDMARK_CFGS, LANDMARK_HEIGHTS
from humanoid_vla.assets.trained import WALK_COMMAND_POLICY
from humanoid_vla.tasks.agent_cfgs import default_device
from humanoid_vla.tasks.cameras import video_camera
from humanoid_vla.tasks.locomotion_scene import DECIMATION, PHYSICS_DT, LocomotionActionsCfg, LocomotionSceneCfg
from humanoid_vla.tasks.mdp import actions_cfg, observations, rewards, terminations
from humanoid_vla.tasks.navigate import commands_cfg, terms
from humanoid_vla.tasks.navigate.physics import NavigatePhysicsCfg
from humanoid_vla.tasks.walk.agent_cfgs import WalkCommandSacGpuCfg
from humanoid_vla.tasks.walk.env_cfg import ObservationsCfg as WalkObservationsCfg

DECISION_STEPS = 20
"""Steps of the walking policy a step of this task: 0.4 s."""

COMMANDS: dict[str, tuple[float, float, float]] = {
    "stop": (0.0, 0.0, 0.0),
    "move_forward": (0.6, 0.0, 0.0),
    "turn_left": (0.0, 0.0, 0.8),
    "turn_right": (0.0, 0.0, -0.8),
}
"""What the actions tell the walking policy: ahead [m/s], to the left [m/s], turning left [rad/s]."""

NEAR = 0.5
"""Within this distance of a thing's centre the robot is there [m]."""

FAILURES = ["wrong_object", "too_low", "tilted", "non_finite"]
"""Terminations that end an episode without success."""


def _walking_policy() -> actions_cfg.NamedFrozenPolicyActionCfg:
    """The committed walking policy under :data:`COMMANDS`, its observations without noise."""
    walk = WalkObservationsCfg()
    agent: Any = handle_deprecated_rsl_rl_cfg(WalkCommandSacGpuCfg(), check_rsl_rl_version())
    groups = {name: getattr(walk, name) for name in agent.obs_groups["actor"]}
    for group in groups.values():
        group.enable_corruption = False
    return actions_cfg.NamedFrozenPolicyActionCfg(
        asset_name="robot",
        checkpoint=str(WALK_COMMAND_POLICY),
        actor=agent.actor.to_dict(),
        actions=LocomotionActionsCfg().joint_pos,
        observations=groups,
        command_name="goal",
        commands=COMMANDS,
        decimation=DECIMATION,
    )


@configclass
class NavigateSceneCfg(LocomotionSceneCfg):
    """A G1 on its feet, and four things around it."""

    landmarks: RigidObjectCollectionCfg = RigidObjectCollectionCfg(rigid_objects=LANDMARK_CFGS)
    video_camera: CameraCfg | None = video_camera(eye=(-4.6, -3.4, 4.6), target=(0.0, 0.0, 0.2))


@configclass
class ActionsCfg:
    """Four actions, of which the largest counts: each is a velocity that the walking policy is to take up."""

    walk = _walking_policy()


@configclass
class CommandsCfg:
    """Where to go, in words."""

    goal = commands_cfg.NavigateInstructionCommandCfg(
        objects=list(LANDMARK_CFGS), instruction_set="humanoid_vla.language.navigate:NAVIGATE_INSTRUCTIONS"
    )


@configclass
class ObservationsCfg:
    """Groups; the agent's configuration says which network reads which."""

    @configclass
    class ProprioCfg(ObsGroup):
        """What the robot's own sensors and memory tell; noisy in training."""

        turning_speed = ObsTerm(func=terms.turning_speed, noise=UniformNoiseCfg(n_min=-0.2, n_max=0.2))
        last_action = ObsTerm(func=isaac_mdp.last_action)

        def __post_init__(self) -> None:
            self.enable_corruption = True

    @configclass
    class StateCfg(ObsGroup):
        """Where the things are, noise-free."""

        landmark_positions = ObsTerm(func=terms.landmark_positions)

    @configclass
    class GoalCfg(ObsGroup):
        """The goal itself, for critics: one-hot, and where it is."""

        goal = ObsTerm(func=isaac_mdp.generated_commands, params={"command_name": "goal"})
        goal_position = ObsTerm(func=terms.goal_position, params={"command_name": "goal"})

    @configclass
    class LanguageCfg(ObsGroup):
        """The instruction; nothing else that an actor reads reveals the goal."""

        instruction = ObsTerm(func=observations.instruction, params={"command_name": "goal"})

    proprio: ProprioCfg = ProprioCfg()
    state: StateCfg = StateCfg()
    goal: GoalCfg = GoalCfg()
    language: LanguageCfg = LanguageCfg()


@configclass
class EventsCfg:
    """Resets. The robot stands at its environment's origin and faces anywhere."""

    base_pose = EventTerm(
        func=isaac_mdp.reset_root_state_uniform,  # type: ignore  (Isaac Lab types terms as functions)
        mode="reset",
        params={"pose_range": {"yaw": (-math.pi, math.pi)}, "velocity_range": {}},
    )
    joint_pose = EventTerm(
        func=isaac_mdp.reset_joints_by_offset,
        mode="reset",
        params={"position_range": (-0.05, 0.05), "velocity_range": (0.0, 0.0)},
    )
    landmarks = EventTerm(
        func=terms.place_around,
        mode="reset",
        params={
            "distance_range": (1.0, 3.0),
            # Two neighbours are then at least 40 degrees apart: no straight way to one leads past another.
            "jitter": math.radians(25.0),
            "heights": list(LANDMARK_HEIGHTS.values()),
        },
    )


@configclass
class WalkingEventsCfg(EventsCfg):
    """The friction of the walking policy's training, too: without it the ground would be as slippery as ice."""

    friction = EventTerm(
        func=isaac_mdp.randomize_rigid_body_material,  # type: ignore  (Isaac Lab types terms as functions)
        mode="startup",
        params={
            "asset_cfg": terms.ROBOT,
            "static_friction_range": (0.5, 1.2),
            "dynamic_friction_range": (0.5, 1.2),
            "restitution_range": (0.0, 0.0),
            "num_buckets": 64,
            "make_consistent": True,
        },
    )


@configclass
class RewardsCfg:
    """Turn to the goal, come near, stop there."""

    approach = RewTerm(func=terms.approach_speed, weight=1.0, params={"command_name": "goal"})
    face = RewTerm(func=terms.facing_speed, weight=0.3, params={"command_name": "goal"})
    success = RewTerm(func=rewards.ended_by, weight=10.0, params={"term_names": ["success"]})
    failure = RewTerm(func=rewards.ended_by, weight=-5.0, params={"term_names": FAILURES})


@configclass
class TerminationsCfg:
    """Each is logged by its name."""

    time_out = DoneTerm(func=isaac_mdp.time_out, time_out=True)
    success = DoneTerm(
        func=terms.stopped_at_goal, params={"distance": NEAR, "action_name": "walk", "command_name": "goal"}
    )
    wrong_object = DoneTerm(func=terms.at_another, params={"distance": NEAR, "command_name": "goal"})
    too_low = DoneTerm(func=terminations.too_low, params={"minimum_height": 0.45})
    tilted = DoneTerm(func=terminations.tilted, params={"limit_angle": math.radians(60.0)})
    non_finite = DoneTerm(func=terminations.non_finite_state)


@configclass
class NavigateEnvCfg(ManagerBasedRLEnvCfg):
    """Configuration of ``VLA-Navigate-G1``."""

    scene: NavigateSceneCfg = NavigateSceneCfg(num_envs=64, env_spacing=8.0)
    actions: ActionsCfg = ActionsCfg()
    commands: CommandsCfg = CommandsCfg()
    observations: ObservationsCfg = ObservationsCfg()
    events: EventsCfg = WalkingEventsCfg()
    rewards: RewardsCfg = RewardsCfg()
    terminations: TerminationsCfg = TerminationsCfg()

    def __post_init__(self) -> None:
        self.decimation = DECIMATION * DECISION_STEPS
        self.episode_length_s = 24.0
        self.compute_final_obs = True
        self.video_recorders = [VideoRecorderCfg(source="sensor:video_camera", video_length=120)]
        self.sim.dt = PHYSICS_DT
        self.sim.render_interval = self.decimation
        self.sim.device = default_device()
        # Where a spectator (--viz) stands.
        self.sim.default_visualizer_cfg = VisualizerCfg(eye=(-4.6, -3.4, 4.6), lookat=(0.0, 0.0, 0.2))
        self.sim.physics = NavigatePhysicsCfg()  # type: ignore  (presets are resolved to one backend at start)
