"""What stands in for the walk where only pictures are wanted: the robot is put where it would have walked to.

A decision on the walking robot costs 80 physics steps. For training what to decide from pictures, this term moves the
robot as a point with a heading, in the default posture but for small changes, and leaves one physics step to do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from isaaclab.managers import ActionTerm, ActionTermCfg
from isaaclab.utils import configclass
from isaaclab.utils.math import quat_from_euler_xyz, quat_mul

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedEnv


class StandInAction(ActionTerm):
    """Named commands as :class:`~humanoid_vla.tasks.mdp.frozen_policy_action.NamedFrozenPolicyAction` takes them.

    A robot takes up a velocity with a time constant, and follows 0.7 to 1.1 of it, drawn for a decision. It leans and
    its joints are off their default by a little, anew in every decision: so the camera sways as it does on a walk.
    """

    cfg: StandInActionCfg

    def __init__(self, cfg: StandInActionCfg, env: ManagerBasedEnv) -> None:
        super().__init__(cfg, env)
        self._table = torch.tensor(list(cfg.commands.values()), device=self.device)
        self._raw_actions = torch.zeros(self.num_envs, self.action_dim, device=self.device)
        self._commands = self._table[0].repeat(self.num_envs, 1)
        self._velocity = torch.zeros(self.num_envs, 3, device=self.device)

    @property
    def action_dim(self) -> int:
        return len(self.cfg.commands)

    @property
    def raw_actions(self) -> torch.Tensor:
        """The last action, shape (num_envs, action_dim)."""
        return self._raw_actions

    @property
    def processed_actions(self) -> torch.Tensor:
        """The command that the robot follows, shape (num_envs, 3)."""
        return self._commands

    def process_actions(self, actions: torch.Tensor) -> None:
        torch.clamp(torch.nan_to_num(actions, nan=0.0), -1.0, 1.0, out=self._raw_actions)
        self._commands = self._table[self._raw_actions.argmax(dim=-1)]
        # v(t) = v_0 + (1 - exp(-t / T)) (v - v_0), and its mean over the decision
        wanted = self._commands * torch.empty_like(self._commands).uniform_(0.7, 1.1)
        left_over = math.exp(-self.cfg.duration / self.cfg.time_constant)
        share = self.cfg.time_constant / self.cfg.duration * (1.0 - left_over)
        mean = wanted + share * (self._velocity - wanted)
        self._velocity = wanted + left_over * (self._velocity - wanted)
        self._move(mean * self.cfg.duration)

    def apply_actions(self) -> None:
        pass

    def reset(self, env_ids: Sequence[int] | slice | None = None) -> None:
        ids = slice(None) if env_ids is None else env_ids
        self._raw_actions[ids] = 0.0
        self._velocity[ids] = 0.0
        self._commands[ids] = self._table[0]

    def _move(self, way: torch.Tensor) -> None:
        """Put the robots where they get to: ahead, left [m] and turned left [rad], (num_envs, 3)."""
        robot: Any = self._asset
        data, height = robot.data, self._env.scene.env_origins[:, 2] + self.cfg.height
        x, y, z, w = data.root_link_quat_w.torch.unbind(-1)
        heading = torch.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
        middle = heading + 0.5 * way[:, 2]
        cos, sin = torch.cos(middle), torch.sin(middle)
        pos = data.root_link_pos_w.torch.clone()
        pos[:, 0] += way[:, 0] * cos - way[:, 1] * sin
        pos[:, 1] += way[:, 0] * sin + way[:, 1] * cos
        pos[:, 2] = height + 0.02 * torch.randn_like(height)
        lean = self.cfg.lean * torch.randn(2, self.num_envs, device=self.device)
        zero = torch.zeros_like(heading)
        upright = quat_from_euler_xyz(zero, zero, heading + way[:, 2])
        quat = quat_mul(upright, quat_from_euler_xyz(lean[0], lean[1], zero))
        robot.write_root_pose_to_sim_index(root_pose=torch.cat((pos, quat), dim=-1))
        velocity = torch.cat((torch.zeros(self.num_envs, 5, device=self.device), self._velocity[:, 2:]), dim=-1)
        robot.write_root_velocity_to_sim_index(root_velocity=velocity)
        joints = data.default_joint_pos.torch
        joints = joints + self.cfg.lean * torch.randn_like(joints)
        robot.write_joint_position_to_sim_index(position=joints)
        robot.write_joint_velocity_to_sim_index(velocity=torch.zeros_like(joints))


@configclass
class StandInActionCfg(ActionTermCfg):
    """Named commands, without a walk; see :class:`StandInAction`."""

    class_type: type[StandInAction] | str = "{DIR}.stand_in:StandInAction"

    asset_name: str = "robot"

    commands: dict[str, tuple[float, float, float]] = {}
    """Name -> ahead [m/s], to the left [m/s], turning left [rad/s]."""

    duration: float = 0.4
    """Of a decision [s]."""

    time_constant: float = 0.2
    """How long a robot takes for 63 % of a change of velocity [s]."""

    height: float = 0.75
    """Of the root above the ground [m]."""

    lean: float = 0.05
    """Standard deviation of what the pelvis leans, and of what joints are off their default posture [rad]."""


def put_in(cfg: Any) -> None:
    """Let a Navigate configuration do without the walk, in place.

    A step is one of physics then, and what counts in seconds would count too few: an episode has as many decisions as
    before, and rewards are not to be learned from.
    """
    decisions = round(cfg.episode_length_s / (cfg.decimation * cfg.sim.dt))
    duration = cfg.decimation * cfg.sim.dt
    cfg.actions.walk = StandInActionCfg(commands=cfg.actions.walk.commands, duration=duration)
    cfg.decimation = cfg.sim.render_interval = 1
    cfg.episode_length_s = decisions * cfg.sim.dt
