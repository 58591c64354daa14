"""Hierarchical control: the task's policy gives commands, a frozen low-level policy turns them into motion."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch
from isaaclab.managers import ActionTerm, ObservationManager
from isaaclab.utils import instantiate
from isaaclab.utils.string import string_to_callable

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedEnv

    from .actions_cfg import FrozenPolicyActionCfg, NamedFrozenPolicyActionCfg


class FrozenPolicyAction(ActionTerm):
    """A command in a range, followed by a frozen policy.

    One action is one command, held for the environment's step. Meanwhile the low-level policy acts every
    ``cfg.decimation`` physics steps on observations of its own, computed then. Its observation and action terms are
    those of the task it was trained on, unchanged: they see this environment through :class:`_LowLevelEnv`.

    Actions in [-1, 1] go linearly to ``cfg.command_ranges``; one that is not finite counts as 0, the middle.

    Raises:
        FileNotFoundError: If the checkpoint is missing.
        ValueError: If it holds another policy, or ``cfg.decimation`` does not divide the environment's.
    """

    cfg: FrozenPolicyActionCfg

    def __init__(self, cfg: FrozenPolicyActionCfg, env: ManagerBasedEnv) -> None:
        super().__init__(cfg, env)
        if env.cfg.decimation % cfg.decimation:
            raise ValueError(
                f"the environment's decimation ({env.cfg.decimation}) is no multiple of the low-level policy's"
                f" ({cfg.decimation})"
            )
        self._table = torch.tensor(self._command_table(), device=self.device)
        self._raw_actions = torch.zeros(self.num_envs, self.action_dim, device=self.device)
        self._commands = self._to_commands(self._raw_actions).clone()
        view: Any = _LowLevelEnv(env, cfg.decimation * env.physics_dt)
        self._low_level_steps = torch.zeros(self.num_envs, dtype=torch.long, device=self.device)
        view.episode_length_buf = self._low_level_steps
        self.low_level: ActionTerm = instantiate(cfg.actions, view)
        self.low_level_actions = torch.zeros(self.num_envs, self.low_level.action_dim, device=self.device)
        view.action_manager = SimpleNamespace(action=self.low_level_actions, get_term=lambda _: self.low_level)
        view.command_manager = SimpleNamespace(get_command=self._get_command)
        self._observations = ObservationManager(dict(cfg.observations), view)
        obs = {group: self._observations.compute_group(group) for group in cfg.observations}
        load = string_to_callable(cfg.load)
        self._policy = load(cfg.checkpoint, cfg.actor, obs, self.low_level.action_dim, self.device)
        self._physics_steps = 0

    @property
    def action_dim(self) -> int:
        return len(self.cfg.command_ranges)

    @property
    def raw_actions(self) -> torch.Tensor:
        """The last action, shape (num_envs, action_dim)."""
        return self._raw_actions

    @property
    def processed_actions(self) -> torch.Tensor:
        """The command that the low-level policy follows, shape (num_envs, command_dim)."""
        return self._commands

    @property
    def safety(self) -> Any:
        """The action filter that the low-level policy's targets go through, None where they go through none."""
        return getattr(self.low_level, "safety", None)

    def process_actions(self, actions: torch.Tensor) -> None:
        torch.clamp(torch.nan_to_num(actions, nan=0.0), -1.0, 1.0, out=self._raw_actions)
        self._commands.copy_(self._to_commands(self._raw_actions))
        self._physics_steps = 0

    def apply_actions(self) -> None:
        if self._physics_steps % self.cfg.decimation == 0:
            obs = {
                group: self._observations.compute_group(group, update_history=True) for group in self.cfg.observations
            }
            with torch.no_grad():
                self.low_level_actions.copy_(self._policy(obs))
            self.low_level.process_actions(self.low_level_actions)
            self._low_level_steps += 1
        self.low_level.apply_actions()
        self._physics_steps += 1

    def reset(self, env_ids: Sequence[int] | slice | None = None) -> None:
        ids = slice(None) if env_ids is None else env_ids
        self._raw_actions[ids] = 0.0
        self._commands[ids] = self._to_commands(self._raw_actions)[ids]
        self.low_level_actions[ids] = 0.0
        self._low_level_steps[ids] = 0
        self.low_level.reset(env_ids)  # type: ignore  (Isaac Lab gives slices too)
        self._observations.reset(env_ids)  # type: ignore

    def _get_command(self, name: str) -> torch.Tensor:
        """This term's command, or another one of the environment."""
        return self._commands if name == self.cfg.command_name else self._env.command_manager.get_command(name)  # type: ignore

    def _to_commands(self, actions: torch.Tensor) -> torch.Tensor:
        """Actions in [-1, 1] -> commands, (num_envs, action_dim) -> (num_envs, command_dim)."""
        low, high = self._table.unbind(-1)
        return low + 0.5 * (actions + 1.0) * (high - low)

    def _command_table(self) -> list[tuple[float, ...]]:
        """What :meth:`_to_commands` looks up."""
        return list(self.cfg.command_ranges)


class NamedFrozenPolicyAction(FrozenPolicyAction):
    """One of a few named commands, followed by a frozen policy.

    An action has an entry for each name; the largest entry's command is followed (a one-hot row, as a categorical
    policy gives it, names it). Of equal entries, and before an episode's first action, the first name counts: let it be
    a harmless one.
    """

    cfg: NamedFrozenPolicyActionCfg

    @property
    def action_dim(self) -> int:
        return len(self.cfg.commands)

    def _to_commands(self, actions: torch.Tensor) -> torch.Tensor:
        return self._table[actions.argmax(dim=-1)]

    def _command_table(self) -> list[tuple[float, ...]]:
        return list(self.cfg.commands.values())


class _LowLevelEnv:
    """The environment as the low-level policy knew it: its own steps, actions and command; all else is the same."""

    def __init__(self, env: ManagerBasedEnv, step_dt: float) -> None:
        self._env = env
        self.step_dt = step_dt

    def __getattr__(self, name: str) -> Any:
        return getattr(self._env, name)
