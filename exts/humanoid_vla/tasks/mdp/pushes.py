"""Pushes: now and then a robot's velocity changes at once, as by a blow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from isaaclab.managers import EventTermCfg, ManagerTermBase, SceneEntityCfg

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedEnv


class Push(ManagerTermBase):
    """Event that adds a horizontal velocity of a given size, in a direction drawn anew each time, to the root's.

    The whole robot is pushed: its joints keep their velocities. It remembers what it did, for :func:`last_push`.
    """

    def __init__(self, cfg: EventTermCfg, env: ManagerBasedEnv) -> None:
        super().__init__(cfg, env)
        self.velocity = torch.zeros(env.num_envs, 2, device=env.device)
        """The velocity that each environment's last push of this episode added [m/s], (num_envs, 2)."""

    def reset(self, env_ids: Sequence[int] | slice | None = None) -> None:
        self.velocity[slice(None) if env_ids is None else env_ids] = 0.0

    def __call__(
        self, env: ManagerBasedEnv, env_ids: torch.Tensor | slice, speed: float, asset_cfg: SceneEntityCfg
    ) -> None:
        """Push some environments.

        Args:
            env: The environment.
            env_ids: Environments to push, shape (n,), or a slice.
            speed: Size of the change of velocity [m/s].
            asset_cfg: The robot.
        """
        robot: Any = env.scene[asset_cfg.name]
        velocity = robot.data.root_com_vel_w.torch[env_ids].clone()  # (n, 6)
        angle = torch.empty(len(velocity), device=env.device).uniform_(-math.pi, math.pi)
        push = speed * torch.stack((angle.cos(), angle.sin()), dim=-1)
        velocity[:, :2] += push
        self.velocity[env_ids] = push
        robot.write_root_velocity_to_sim_index(root_velocity=velocity, env_ids=env_ids)


def last_push(env: ManagerBasedEnv, event_name: str) -> torch.Tensor:
    """The velocity that the last push of this episode added [m/s], zeros before the first; shape (num_envs, 2)."""
    push: Any = env.event_manager.get_term_cfg(event_name).func
    return push.velocity
