"""The expert of `benchmark.py imitation`: our SAC on a Gymnasium environment, and the demonstrations it gives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from humanoid_vla.agents.gym_vec_env import GymVecEnv

OBS_GROUPS = {"actor": ["policy"], "critic": ["policy"]}
EXPERT_SEED, DEMONSTRATION_SEED, EVALUATION_SEED = 3000, 2000, 1000
EVALUATION_EPISODES = 20
"""Pendulum's return is -1 to -400 for the best of policies, by where it starts."""


def make_expert(env_name: str, steps: int, checkpoint: Path) -> Any:
    """SAC's policy after a number of environment steps; trained once and kept in the checkpoint.

    Args:
        env_name: Gymnasium's environment.
        steps: Environment steps, with a gradient update each.
        checkpoint: File that it is read from, and written to where there is none.
    """
    import torch

    from humanoid_vla.agents.gym_vec_env import make_gym_env, train
    from humanoid_vla.agents.sac import SAC

    torch.manual_seed(EXPERT_SEED)
    env = make_gym_env(env_name, seed=EXPERT_SEED)
    cfg = {"algorithm": sac_settings(steps), "actor": {}, "critic": {}, "obs_groups": OBS_GROUPS}
    expert = SAC.construct_algorithm(env.get_observations(), env, cfg, "cpu")
    if checkpoint.exists():
        expert.load(torch.load(checkpoint, weights_only=True))
    else:
        train(expert, env, steps)
        temporary = checkpoint.with_name(f".{checkpoint.name}.tmp")
        torch.save(expert.save(), temporary)
        temporary.replace(checkpoint)
    env.close()
    return expert.get_policy()


def sac_settings(steps: int, update_every: int = 1) -> dict[str, Any]:
    """Those of Stable-Baselines3, which the library's GAIL with SAC has too; the buffer holds all steps."""
    return {
        "buffer_size": steps,
        "learning_starts": min(1000, steps // 2),
        "updates_per_step": 1 / update_every,
        "initial_temperature": 1.0,
    }


def record_episodes(env_name: str, policy: Any, count: int, path: Path) -> None:
    """Write a demonstration file of episodes played with the policy's best actions; one in each of `count` copies."""
    from humanoid_vla.agents.gym_vec_env import make_gym_env
    from humanoid_vla.demos.layout import GYM_ENV_TYPE
    from humanoid_vla.demos.writer import DemoWriter

    env = make_gym_env(env_name, count, seed=DEMONSTRATION_SEED)
    writer = DemoWriter(path, {"env_name": env_name, "type": GYM_ENV_TYPE, "env_kwargs": {}, "sim_args": {}})
    for arrays in play_episodes(env, policy):
        writer.add(arrays, {"success": True, "seed": DEMONSTRATION_SEED, "goal": "{}"})
    writer.close()
    env.close()


def play_episodes(env: GymVecEnv, policy: Any) -> list[dict[str, Any]]:
    """The next episode of each environment, as arrays of a demonstration: see :mod:`humanoid_vla.demos.layout`."""
    import numpy as np
    import torch

    episodes: list[list[tuple[np.ndarray, ...]]] = [[] for _ in range(env.num_envs)]
    running = torch.ones(env.num_envs, dtype=torch.bool)
    obs = env.reset()
    while running.any():
        with torch.inference_mode():
            actions = policy(obs)
        next_obs, rewards, dones, extras = env.step(actions)
        last = extras.get("final_obs", next_obs)["policy"]  # the next observation of those that go on
        terminated = (dones > 0) & ~extras["time_outs"]
        columns = [value.numpy() for value in (obs["policy"], actions, last, rewards, dones, terminated)]
        for index in running.nonzero().flatten().tolist():
            episodes[index].append(tuple(column[index] for column in columns))
        running &= dones == 0
        obs = next_obs
    demonstrations = []
    for rows in episodes:
        seen, acted, then, rewards, dones, terminated = (np.stack(column) for column in zip(*rows, strict=True))
        arrays = {"obs": {"policy": seen}, "next_obs": {"policy": then}, "actions": acted, "rewards": rewards}
        demonstrations.append(arrays | {"dones": dones.astype("uint8"), "terminated": terminated.astype("uint8")})
    return demonstrations


def mean_return(env_name: str, policy: Any) -> float:
    """Mean undiscounted return of a policy, in the same episodes for every policy."""
    from humanoid_vla.agents.gym_vec_env import evaluate, make_gym_env

    env = make_gym_env(env_name, EVALUATION_EPISODES, seed=EVALUATION_SEED)
    value = evaluate(policy, env).mean().item()
    env.close()
    return value


def random_policy(num_actions: int) -> Any:
    """Uniformly random actions, the same in each evaluation."""
    import torch

    generator = torch.Generator().manual_seed(EVALUATION_SEED)

    def policy(obs: Any) -> torch.Tensor:
        return 2.0 * torch.rand(*obs.batch_size, num_actions, generator=generator) - 1.0

    return policy
