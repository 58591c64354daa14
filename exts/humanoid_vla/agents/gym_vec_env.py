"""Gymnasium's vector environments for our algorithms: for validation, and for users without a simulator."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from rsl_rl.env import VecEnv
from tensordict import TensorDict

from humanoid_vla.agents.constraints import step_costs
from humanoid_vla.agents.off_policy import OffPolicyAlgorithm


class GymVecEnv(VecEnv):
    """A Gymnasium vector environment as RSL-RL's runner and our algorithms expect one.

    Observations are one group, "policy"; images (uint8) keep their type, everything else becomes float32. Where costs
    are named, a second group, "cost", (num_envs, costs), holds what the step's `info` says of them, and 0 where it says
    nothing, as after a reset. Actions come in [-1, 1] and are scaled to the bounds of a Box; for n discrete actions
    they are scores of shape (num_envs, n), of which the largest is done: one-hot vectors, for instance. ``extras`` hold
    ``time_outs``, (num_envs,), true where an episode was truncated and not terminated, and in steps that end an episode
    ``final_obs``, the last observations before the reset.

    Args:
        env: Made with ``autoreset_mode=AutoresetMode.SAME_STEP``: the others lose the last observation or insert a
            step that is none. :func:`make_gym_env` makes one.
        seed: Seed of the environments' random numbers.
        device: Where tensors are made.
        cost_names: Keys of `info` that are costs.

    Raises:
        ValueError: If the mode of resetting is another, observations are not a Box, or actions are neither discrete nor
            a bounded vector.
    """

    def __init__(
        self,
        env: VectorEnv,
        seed: int | None = None,
        device: torch.device | str = "cpu",
        cost_names: Sequence[str] = (),
    ) -> None:
        observations = env.single_observation_space
        if env.metadata.get("autoreset_mode") != AutoresetMode.SAME_STEP:
            raise ValueError("the vector environment must be made with autoreset_mode=AutoresetMode.SAME_STEP")
        if not isinstance(observations, Box):
            raise ValueError(f"observations must be a Box, got {observations}; see gymnasium.wrappers to flatten them")
        self.env = env
        self.num_envs = env.num_envs
        self._action_space = _check_actions(env.single_action_space)
        space = self._action_space
        self.num_actions = int(space.n) if isinstance(space, Discrete) else space.shape[0]
        self.max_episode_length = (env.spec and env.spec.max_episode_steps) or sys.maxsize
        self.episode_length_buf = torch.zeros(self.num_envs, dtype=torch.long, device=device)  # only counts
        self.device = device
        self.cfg = {}
        self.cost_names = list(cost_names)
        self._obs_dtype = torch.uint8 if observations.dtype == np.uint8 else torch.float32
        self._obs = self._to_obs(*env.reset(seed=seed))

    def reset(self) -> TensorDict:
        """Begin a new episode in every environment and return its first observations."""
        self._obs = self._to_obs(*self.env.reset())
        self.episode_length_buf.zero_()
        return self._obs

    def get_observations(self) -> TensorDict:
        """The current observations, {"policy": (num_envs, *shape)} and the costs if there are any."""
        return self._obs

    def step(self, actions: torch.Tensor) -> tuple[TensorDict, torch.Tensor, torch.Tensor, dict]:
        """One step of every environment; those whose episode ended begin the next one.

        Args:
            actions: In [-1, 1], shape (num_envs, num_actions).

        Returns:
            Observations to act on next, rewards (num_envs,), dones (num_envs,), and extras.
        """
        next_obs, rewards, terminated, truncated, infos = self.env.step(self._to_gym(actions))
        dones = terminated | truncated
        extras: dict[str, Any] = {"time_outs": torch.as_tensor(truncated & ~terminated, device=self.device)}
        if dones.any():
            final_obs = next_obs.copy()
            final_obs[dones] = np.stack(infos["final_obs"][dones])
            final_infos = infos["final_info"]
            costs = {
                name: np.where(dones, final_infos.get(name, 0.0), infos.get(name, 0.0)) for name in self.cost_names
            }
            extras["final_obs"] = self._to_obs(final_obs, costs)
        self._obs = self._to_obs(next_obs, infos)
        done_flags = torch.as_tensor(dones, dtype=torch.long, device=self.device)
        self.episode_length_buf = (self.episode_length_buf + 1) * (1 - done_flags)
        return self._obs, torch.as_tensor(rewards, dtype=torch.float32, device=self.device), done_flags, extras

    def close(self) -> None:
        """End the environments, and their processes if they have any."""
        self.env.close()

    def _to_obs(self, obs: np.ndarray, infos: dict[str, Any]) -> TensorDict:
        # a copy: Gymnasium may write the next observations into the same memory
        groups = {"policy": torch.tensor(obs, dtype=self._obs_dtype, device=self.device)}
        if self.cost_names:
            costs = np.zeros((self.num_envs, len(self.cost_names)), np.float32)
            for column, name in enumerate(self.cost_names):
                costs[:, column] = infos.get(name, 0.0)
            groups["cost"] = torch.as_tensor(costs, device=self.device)
        return TensorDict(groups, batch_size=[self.num_envs])

    def _to_gym(self, actions: torch.Tensor) -> np.ndarray:
        space = self._action_space
        if isinstance(space, Discrete):
            return space.start + actions.argmax(dim=-1).cpu().numpy()
        # low + (high - low) (a + 1) / 2
        share = 0.5 * (actions.cpu().numpy().clip(-1.0, 1.0) + 1.0)
        return (space.low + (space.high - space.low) * share).astype(space.dtype)


def make_gym_env(
    name: str,
    num_envs: int = 1,
    seed: int | None = None,
    device: torch.device | str = "cpu",
    processes: bool = False,
    wrappers: Sequence[Callable[[gym.Env], gym.Wrapper]] = (),
    cost_names: Sequence[str] = (),
) -> GymVecEnv:
    """Copies of a registered Gymnasium environment.

    Args:
        name: Its id, such as "Pendulum-v1".
        num_envs: Number of copies.
        seed: Seed of their random numbers.
        device: Where tensors are made.
        processes: Whether each copy runs in a process of its own; worth it for steps of a millisecond and more.
        wrappers: Put around each copy, the first one innermost.
        cost_names: Keys of `info` that are costs.
    """
    vector_kwargs = {"autoreset_mode": AutoresetMode.SAME_STEP}
    mode = "async" if processes else "sync"
    return GymVecEnv(gym.make_vec(name, num_envs, mode, vector_kwargs, wrappers), seed, device, cost_names)


def train(algorithm: OffPolicyAlgorithm, env: VecEnv, steps: int) -> None:
    """Train for a number of environment steps, counted over all environments; may be called again to go on.

    The loop of RSL-RL's runner without its log and checkpoints: for one environment these cost more than a step.
    """
    algorithm.train_mode()
    obs = env.get_observations()
    for _ in range(steps // env.num_envs):
        with torch.inference_mode():
            obs, rewards, dones, extras = env.step(algorithm.act(obs))
            algorithm.process_env_step(obs, rewards, dones, extras)
        algorithm.update()


def evaluate(policy: Callable[[TensorDict], torch.Tensor], env: GymVecEnv) -> torch.Tensor:
    """Undiscounted return of one episode of each environment, shape (num_envs,); every episode must come to an end."""
    return evaluate_with_costs(policy, env)[0]


@torch.inference_mode()
def evaluate_with_costs(
    policy: Callable[[TensorDict], torch.Tensor], env: GymVecEnv
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same, and the undiscounted costs of these episodes, shape (num_envs, costs)."""
    obs = env.reset()
    returns = torch.zeros(env.num_envs, device=env.device)
    costs = torch.zeros(env.num_envs, len(env.cost_names), device=env.device)
    running = torch.ones(env.num_envs, dtype=torch.bool, device=env.device)
    while running.any():
        obs, rewards, dones, extras = env.step(policy(obs))
        returns += rewards * running
        if env.cost_names:
            costs += step_costs(obs, dones, extras) * running.unsqueeze(-1)
        running &= dones == 0
    return returns, costs


def _check_actions(space: gym.Space) -> Discrete | Box:
    if isinstance(space, Discrete):
        return space
    if not isinstance(space, Box) or len(space.shape) != 1 or not space.is_bounded():
        raise ValueError(f"actions must be discrete or a bounded vector, got {space}")
    return space
