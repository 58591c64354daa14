"""Action terms: what a policy's output in [-1, 1] commands. No term can command beyond the joint limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from isaaclab.assets import Articulation
from isaaclab.managers import ActionTerm
from isaaclab.utils.string import resolve_matching_names_values

from humanoid_vla.tasks.mdp.action_filter import held_joints, make_filter

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedEnv

    from .actions_cfg import RateLimitedJointPositionActionCfg


class RateLimitedJointPositionAction(ActionTerm):
    """Joint position targets around the default posture that move no faster than ``max_speed``.

    An action a in [-1, 1] asks for ``default + a * scale``; the target goes there by at most ``max_speed * step_dt`` a
    step, never leads the measured position by more than ``max_lead`` (a blocked joint must not wind up and push ever
    harder) and never leaves the soft joint limits. It starts at the measured joint positions, so that an episode (or a
    policy taking over a robot) begins without a jump. With ``filtered`` what comes of this goes through the action
    filter, and the next step starts from what that leaves. The filter has all of the robot in its hands, also the
    joints that no action moves: these are asked to stay at the default posture.
    """

    cfg: RateLimitedJointPositionActionCfg
    unit = "rad"
    """Of its targets."""
    _asset: Articulation

    def __init__(self, cfg: RateLimitedJointPositionActionCfg, env: ManagerBasedEnv) -> None:
        super().__init__(cfg, env)
        joint_ids, self.joint_names = self._asset.find_joints(cfg.joint_names, preserve_order=True)
        self._joint_ids: list[int] = joint_ids  # type: ignore  (a list unless a proxy is asked for)
        data = self._asset.data
        self._max_step = cfg.max_speed * env.step_dt
        self._limits = data.soft_joint_pos_limits.torch[:, self._joint_ids].clone()  # (N, J, 2) [rad]
        self._default = data.default_joint_pos.torch[:, self._joint_ids].clone()  # (N, J) [rad]
        self._scale = torch.zeros(len(self._joint_ids), device=self.device)
        scaled, names, values = resolve_matching_names_values(cfg.scale, self.joint_names)
        if len(names) != len(self.joint_names):
            raise ValueError(f"scale names no value for the joints {sorted(set(self.joint_names) - set(names))}")
        self._scale[scaled] = torch.tensor(values, device=self.device)
        self._raw_actions = torch.zeros_like(self._default)
        self._targets = self._default.clone()
        self._applied = False
        held = held_joints(self._asset, self.joint_names) if cfg.filtered else []
        watched = [*self.joint_names, *held]
        self.safety = make_filter(cfg, self._asset, watched, env.step_dt) if cfg.filtered else None
        self._watched_ids: list[int] = self._asset.find_joints(watched, preserve_order=True)[0]  # type: ignore
        self._held = data.default_joint_pos.torch[:, self._watched_ids[len(self.joint_names) :]].clone()

    @property
    def action_dim(self) -> int:
        return self._raw_actions.shape[1]

    @property
    def follows(self) -> list[int]:
        """The number of the action that each joint follows."""
        return list(range(len(self.joint_names)))

    @property
    def scale(self) -> torch.Tensor:
        """How far from its default position an action of 1 asks each joint to go [rad], shape (num_joints,)."""
        return self._scale

    @property
    def raw_actions(self) -> torch.Tensor:
        """The last action after clamping to [-1, 1], shape (num_envs, num_joints)."""
        return self._raw_actions

    @property
    def processed_actions(self) -> torch.Tensor:
        """Joint position targets [rad], shape (num_envs, num_joints)."""
        return self._targets

    def process_actions(self, actions: torch.Tensor) -> None:
        # A non-finite action must not reach the simulator: it counts as zero, the default posture.
        torch.clamp(torch.nan_to_num(actions, nan=0.0), -1.0, 1.0, out=self._raw_actions)
        step = self._default + self._scale * self._raw_actions - self._targets
        self._targets += step.clamp_(-self._max_step, self._max_step)
        measured = self._measured()
        torch.clamp(self._targets, measured - self.cfg.max_lead, measured + self.cfg.max_lead, out=self._targets)
        torch.clamp(self._targets, self._limits[..., 0], self._limits[..., 1], out=self._targets)
        if self.safety is not None:
            data = self._asset.data
            pos, vel = (values.torch[:, self._watched_ids] for values in (data.joint_pos, data.joint_vel))
            safe = self.safety.step(torch.cat((self._targets, self._held), dim=1), pos, vel)
            self._targets.copy_(safe[:, : len(self.joint_names)])
        self._applied = False

    def _measured(self) -> torch.Tensor:
        """The positions that targets may not lead by much [rad], shape (num_envs, num_joints)."""
        return self._asset.data.joint_pos.torch[:, self._joint_ids]

    def apply_actions(self) -> None:
        if self._applied:  # in an earlier physics step of this control step
            return
        self._applied = True
        sent = self._targets if self.safety is None else self.safety.command
        self._asset.actuators.target_command.set_position_index(value=sent, joint_ids=self._watched_ids)

    def reset(self, env_ids: Sequence[int] | slice | None = None) -> None:
        ids = slice(None) if env_ids is None else env_ids
        self._raw_actions[ids] = 0.0
        measured = self._asset.data.joint_pos.torch[ids][:, self._watched_ids]
        number = len(self.joint_names)
        self._targets[ids] = measured[:, :number].clamp(self._limits[ids][..., 0], self._limits[ids][..., 1])
        if self.safety is not None:
            self.safety.reset(measured, ids)
            self._targets[ids] = self.safety.command[ids, :number]
