"""Tiny vectorised environments with RSL-RL's interface and the extras that Isaac Lab gives."""

from __future__ import annotations

from typing import Any

import torch
from rsl_rl.env import VecEnv
from tensordict import TensorDict


class PointEnv(VecEnv):
    """A point in the plane, to be moved to the origin; reward is minus its distance, episodes end by time-out only.

    Observation groups: `point`, the position, shape (num_envs, 2), and `clock`, shape (num_envs, 1).
    """

    num_actions = 2
    max_episode_length = 10

    def __init__(self, num_envs: int = 16, final_obs: bool = True) -> None:
        self.num_envs = num_envs
        self.device = "cpu"
        self.cfg = {}
        self.final_obs = final_obs
        self.episode_length_buf = torch.zeros(num_envs, dtype=torch.long)
        self.position = torch.zeros(num_envs, 2)
        self._reset(torch.arange(num_envs))

    def get_observations(self) -> TensorDict:
        clock = self.episode_length_buf.unsqueeze(-1) / self.max_episode_length
        return TensorDict({"point": self.position.clone(), "clock": clock}, batch_size=[self.num_envs])

    def step(self, actions: torch.Tensor) -> tuple[TensorDict, torch.Tensor, torch.Tensor, dict]:
        self.position += 0.3 * actions
        rewards = -self.position.norm(dim=-1)
        self.episode_length_buf += 1
        dones = self.episode_length_buf >= self.max_episode_length
        extras: dict[str, Any] = {"time_outs": dones}
        if self.final_obs and dones.any():
            extras["final_obs"] = dict(self.get_observations().items())
        self._reset(dones.nonzero().squeeze(-1))
        return self.get_observations(), rewards, dones.long(), extras

    def _reset(self, envs: torch.Tensor) -> None:
        self.position[envs] = 2.0 * torch.rand(len(envs), 2) - 1.0
        self.episode_length_buf[envs] = 0


class CostlyPointEnv(PointEnv):
    """The point's environment where it costs to be away from an axis; one more group, `cost`, (num_envs, 2)."""

    cost_names = ("x", "y")

    def get_observations(self) -> TensorDict:
        return super().get_observations().set("cost", self.position.abs())


class OneStepEnv(VecEnv):
    """Every step is an episode that ends by failure or by time-out; reward = 1 - |action - obs|^2."""

    num_actions = 2
    max_episode_length = 1

    def __init__(self, time_out: bool, num_envs: int = 16) -> None:
        self.num_envs = num_envs
        self.device = "cpu"
        self.cfg = {}
        self.time_out = time_out
        self.episode_length_buf = torch.zeros(num_envs, dtype=torch.long)
        self.obs = self._draw()

    def get_observations(self) -> TensorDict:
        return TensorDict({"policy": self.obs}, batch_size=[self.num_envs])

    def step(self, actions: torch.Tensor) -> tuple[TensorDict, torch.Tensor, torch.Tensor, dict]:
        rewards = 1.0 - (actions - self.obs).square().sum(dim=-1)
        extras: dict[str, Any] = {"final_obs": {"policy": self._draw()}}
        if self.time_out:
            extras["time_outs"] = torch.ones(self.num_envs, dtype=torch.bool)
        self.obs = self._draw()
        return self.get_observations(), rewards, torch.ones(self.num_envs, dtype=torch.long), extras

    def _draw(self) -> torch.Tensor:
        return 1.6 * torch.rand(self.num_envs, self.num_actions) - 0.8


class NamedStepEnv(VecEnv):
    """Every step is an episode; the observation names the action that is worth 1, the others are worth 0.

    Observation group: `policy`, one-hot, shape (num_envs, 3). Actions are one-hot as well.
    """

    num_actions = 3
    max_episode_length = 1

    def __init__(self, num_envs: int = 16) -> None:
        self.num_envs = num_envs
        self.device = "cpu"
        self.cfg = {}
        self.episode_length_buf = torch.zeros(num_envs, dtype=torch.long)
        self.obs = self._draw()

    def get_observations(self) -> TensorDict:
        return TensorDict({"policy": self.obs}, batch_size=[self.num_envs])

    def step(self, actions: torch.Tensor) -> tuple[TensorDict, torch.Tensor, torch.Tensor, dict]:
        assert (actions.sum(dim=-1) == 1.0).all()
        assert (actions.amax(dim=-1) == 1.0).all()
        rewards = (actions * self.obs).sum(dim=-1)
        self.obs = self._draw()
        return self.get_observations(), rewards, torch.ones(self.num_envs, dtype=torch.long), {}

    def _draw(self) -> torch.Tensor:
        return torch.eye(3)[torch.randint(3, (self.num_envs,))]


class CostlyStepEnv(VecEnv):
    """Every step is an episode; reward = -|action - 1|^2, and each of two actions has a cost, (action + 1) / 2.

    Observation groups: `policy`, without meaning, shape (num_envs, 1), and `cost`, shape (num_envs, 2).
    """

    num_actions = 2
    max_episode_length = 1
    cost_names = ("first", "second")

    def __init__(self, num_envs: int = 16) -> None:
        self.num_envs = num_envs
        self.device = "cpu"
        self.cfg = {}
        self.episode_length_buf = torch.zeros(num_envs, dtype=torch.long)
        self.obs = self._draw(torch.zeros(num_envs, 2))

    def get_observations(self) -> TensorDict:
        return self.obs

    def step(self, actions: torch.Tensor) -> tuple[TensorDict, torch.Tensor, torch.Tensor, dict]:
        rewards = -(actions - 1.0).square().sum(dim=-1)
        final_obs = self._draw(0.5 * (actions + 1.0))
        self.obs = self._draw(torch.zeros(self.num_envs, 2))
        return self.obs, rewards, torch.ones(self.num_envs, dtype=torch.long), {"final_obs": dict(final_obs.items())}

    def _draw(self, costs: torch.Tensor) -> TensorDict:
        return TensorDict({"policy": torch.rand(self.num_envs, 1), "cost": costs}, batch_size=[self.num_envs])


def runner_cfg(
    obs_groups: dict[str, list[str]],
    class_name: str = "humanoid_vla.agents.sac:SAC",
    actor: dict[str, Any] | None = None,
    critic: dict[str, Any] | None = None,
    **algorithm: Any,
) -> dict[str, Any]:
    """Configuration of RSL-RL's runner with small networks and quick learning."""
    quick: dict[str, Any] = {
        "class_name": class_name,
        "buffer_size": 20_000,
        "learning_starts": 320,
        "updates_per_step": 2,
        "batch_size": 64,
        "gamma": 0.9,
        "actor_learning_rate": 2e-3,
        "critic_learning_rate": 2e-3,
        "tau": 0.02,
    }
    if "SAC" in class_name:
        quick["alpha_learning_rate"] = 2e-3
    small = {"hidden_dims": [32, 32], "distribution_cfg": None}  # as Isaac Lab's configuration gives it
    return {
        "algorithm": quick | algorithm,
        "actor": small | (actor or {}),
        "critic": small | (critic or {}),
        "obs_groups": obs_groups,
        "num_steps_per_env": 8,
        "save_interval": 1000,
    }


POINT_GROUPS = {"actor": ["point"], "critic": ["clock", "point"]}
POLICY_GROUPS = {"actor": ["policy"], "critic": ["policy"]}
