#!/usr/bin/env python3
"""Train the `imitation` library's BC or GAIL; runs in that library's environment, for `benchmark.py imitation`.

It needs nothing of this repository: it reads the demonstrations with h5py alone and writes figures as JSON. Actions are
scaled to [-1, 1] in all it does, as they are in the file: off policy the library asks its discriminator about scaled
actions anyway, whatever the environment's bounds are.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

import argparse
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import gymnasium as gym
import h5py
import numpy as np

VERSIONS = ("imitation", "stable-baselines3", "gymnasium", "mujoco", "torch")

Episode = tuple[np.ndarray, np.ndarray, bool]
"""Observations (T + 1, D), actions (T, A) in [-1, 1], and whether it ended in a state that nothing comes after."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", required=True, help="Gymnasium's environment")
    parser.add_argument("--demonstrations", type=Path, required=True, metavar="FILE.hdf5", help="of the expert")
    parser.add_argument("--learner", choices=sorted(LEARNERS), required=True, help="algorithm and its settings")
    parser.add_argument("--steps", type=int, required=True, help="environment steps, of GAIL")
    parser.add_argument("--every", type=int, required=True, help="environment steps between evaluations, of GAIL")
    parser.add_argument("--update_every", type=int, required=True, help="environment steps a gradient update of SAC")
    parser.add_argument("--learning_rate", type=float, required=True, help="step size of SAC")
    parser.add_argument("--tau", type=float, required=True, help="how fast the targets of SAC follow")
    parser.add_argument("--seed", type=int, required=True, help="of networks, batches and the training environments")
    parser.add_argument("--episodes", type=int, required=True, help="episodes an evaluation")
    parser.add_argument("--evaluation_seed", type=int, required=True, help="of the first episode; others count up")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json", help="file for the figures")
    args = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    start = time.process_time()
    figures: dict[str, Any] = {"steps": [], "returns": [], "evaluation_s": 0.0}
    LEARNERS[args.learner](args, figures)
    figures["cpu_s"] = round(time.process_time() - start - figures.pop("evaluation_s"), 1)
    figures["versions"] = {name: version(name) for name in VERSIONS}
    args.out.write_text(json.dumps(figures), encoding="utf-8")


def read_episodes(path: Path) -> list[Episode]:
    """The episodes of a demonstration file in their order."""
    episodes = []
    with h5py.File(path) as file:
        data: Any = file["data"]
        for index in range(len(data)):
            demo = data[f"demo_{index}"]
            obs = np.concatenate((demo["obs/policy"][:], demo["next_obs/policy"][-1:]))
            episodes.append((obs, demo["actions"][:], bool(demo["terminated"][-1])))
    return episodes


def make_env(name: str) -> gym.Env:
    """The environment with actions in [-1, 1]."""
    env = gym.make(name)
    return gym.wrappers.RescaleAction(env, np.float32(-1.0), np.float32(1.0))


def evaluate(policy: Any, args: argparse.Namespace) -> float:
    """Mean undiscounted return of the policy's best actions, of the same episodes as gym_vec_env.evaluate's."""
    env = make_env(args.env)
    returns = []
    for episode in range(args.episodes):
        env.reset(seed=args.evaluation_seed + episode)
        obs, _ = env.reset()  # GymVecEnv is reset when it is made, and evaluate() resets it again
        total, over = 0.0, False
        while not over:
            action, _ = policy.predict(obs, deterministic=True)
            obs, reward, terminated, truncated, _ = env.step(action)
            total, over = total + float(reward), terminated or truncated
        returns.append(total)
    return float(np.mean(returns))


def record(policy: Any, args: argparse.Namespace, steps: int, figures: dict[str, Any]) -> None:
    """Evaluate after a number of environment steps."""
    start = time.process_time()
    mean_return = evaluate(policy, args)
    figures["evaluation_s"] += time.process_time() - start
    figures["steps"].append(steps)
    figures["returns"].append(round(mean_return, 2))
    print(f"{args.learner}: {steps} steps, return {mean_return:.1f}", file=sys.stderr)


def trajectories(path: Path) -> list[Any]:
    """The demonstrations as the library wants them."""
    from imitation.data.types import Trajectory

    return [Trajectory(obs, acts, infos=None, terminal=terminal) for obs, acts, terminal in read_episodes(path)]


def normalized() -> dict[str, Any]:
    """Networks whose inputs are normalised, as in all the library's tuned settings."""
    from imitation.policies.base import NormalizeFeaturesExtractor

    return {"features_extractor_class": NormalizeFeaturesExtractor}


def train_bc(args: argparse.Namespace, figures: dict[str, Any], epochs: int, hidden: int) -> None:
    """Clone the demonstrations with Gaussian likelihood; no environment step."""
    import torch
    from imitation.algorithms.bc import BC
    from imitation.data.rollout import flatten_trajectories
    from stable_baselines3.common.policies import ActorCriticPolicy

    torch.manual_seed(args.seed)
    env = make_env(args.env)
    policy = ActorCriticPolicy(
        env.observation_space, env.action_space, lambda _: 1.0, net_arch=[hidden, hidden], **normalized()
    )
    bc = BC(
        observation_space=env.observation_space,
        action_space=env.action_space,
        policy=policy,
        demonstrations=flatten_trajectories(trajectories(args.demonstrations)),
        rng=np.random.default_rng(args.seed),
        batch_size=64,
        l2_weight=1.361e-6,
        optimizer_kwargs={"lr": 7.172e-4},
        device="cpu",
        custom_logger=silent_logger(),
    )
    bc.train(n_epochs=epochs, progress_bar=False)
    record(bc.policy, args, 0, figures)


def train_gail(args: argparse.Namespace, figures: dict[str, Any], learner: str) -> None:
    """GAIL with a generator of Stable-Baselines3; evaluated after the round that passes each `--every` steps."""
    from imitation.algorithms.adversarial.gail import GAIL
    from imitation.rewards.reward_nets import BasicRewardNet, NormalizedRewardNet
    from imitation.util.networks import RunningNorm
    from imitation.util.util import make_vec_env
    from stable_baselines3.common.utils import set_random_seed

    set_random_seed(args.seed)
    demonstrations = trajectories(args.demonstrations)
    transitions = sum(len(episode) for episode in demonstrations)
    settings = GENERATORS[learner]
    venv = make_vec_env(
        args.env,
        rng=np.random.default_rng(args.seed),
        n_envs=settings["num_envs"],
        post_wrappers=[lambda env, _: gym.wrappers.RescaleAction(env, np.float32(-1.0), np.float32(1.0))],
    )
    reward_net: Any = BasicRewardNet(venv.observation_space, venv.action_space, normalize_input_layer=RunningNorm)
    if settings["normalize_reward"]:
        reward_net = NormalizedRewardNet(reward_net, RunningNorm)
    trainer = GAIL(
        demonstrations=demonstrations,
        # a batch must not be larger than what there is
        demo_batch_size=min(settings["demo_batch_size"], transitions),
        gen_replay_buffer_capacity=settings["replay"],
        n_disc_updates_per_round=settings["discriminator_updates"],
        gen_train_timesteps=settings["round"],
        venv=venv,
        gen_algo=settings["generator"](venv, reward_net, args),
        reward_net=reward_net,
        allow_variable_horizon=True,  # Hopper's episodes end when it falls, ours and theirs alike
        custom_logger=silent_logger(),
    )
    steps_per_round = trainer.gen_train_timesteps
    rounds = args.steps // steps_per_round

    def callback(index: int) -> None:
        steps = (index + 1) * steps_per_round
        if steps // args.every > index * steps_per_round // args.every or index + 1 == rounds:
            record(trainer.policy, args, steps, figures)

    trainer.train(args.steps, callback)


def tutorial_ppo(venv: Any, reward_net: Any, args: argparse.Namespace) -> Any:
    """PPO of the documentation's GAIL tutorial."""
    from stable_baselines3 import PPO

    return PPO(
        "MlpPolicy", venv, batch_size=64, ent_coef=0.0, learning_rate=4e-4, gamma=0.95, n_epochs=5,
        seed=args.seed, device="cpu",
    )  # fmt: skip


def short_ppo(venv: Any, reward_net: Any, args: argparse.Namespace) -> Any:
    """PPO in the short rounds of the library's command line, with the networks of its tuned settings."""
    from stable_baselines3 import PPO

    return PPO(
        "MlpPolicy", venv, n_steps=256, batch_size=64, ent_coef=0.0, learning_rate=1e-3, gamma=0.95, n_epochs=10,
        policy_kwargs=normalized(), seed=args.seed, device="cpu",
    )  # fmt: skip


def sac(venv: Any, reward_net: Any, args: argparse.Namespace) -> Any:
    """SAC that computes rewards when it draws them, as the library's command line sets it up."""
    import functools

    from imitation.policies.replay_buffer_wrapper import ReplayBufferRewardWrapper
    from stable_baselines3 import SAC
    from stable_baselines3.common.buffers import ReplayBuffer

    return SAC(
        "MlpPolicy", venv, learning_starts=min(1000, args.steps // 2), train_freq=args.update_every, gradient_steps=1,
        learning_rate=args.learning_rate, tau=args.tau, seed=args.seed, device="cpu",
        replay_buffer_class=ReplayBufferRewardWrapper,
        replay_buffer_kwargs={
            "replay_buffer_class": ReplayBuffer,
            "reward_fn": functools.partial(reward_net.predict_processed, update_stats=False),
        },
    )  # fmt: skip


def silent_logger() -> Any:
    """A logger that writes nowhere."""
    import tempfile

    from imitation.util.logger import configure

    return configure(tempfile.mkdtemp(), [])


GENERATORS: dict[str, dict[str, Any]] = {
    # docs/algorithms/gail.rst
    "gail_tutorial": {
        "generator": tutorial_ppo, "num_envs": 8, "round": None, "demo_batch_size": 1024, "replay": 512,
        "discriminator_updates": 8, "normalize_reward": False,
    },
    # rounds of 2048 steps as in scripts/ingredients/rl.py; the rest as in the tuned settings
    "gail_ppo": {
        "generator": short_ppo, "num_envs": 8, "round": None, "demo_batch_size": 1024, "replay": 4096,
        "discriminator_updates": 8, "normalize_reward": True,
    },
    # scripts/ingredients/rl.py, `rl.sac`; as many discriminator updates as policy updates at 2 steps an update
    "gail_sac": {
        "generator": sac, "num_envs": 1, "round": 16, "demo_batch_size": 256, "replay": 1_000_000,
        "discriminator_updates": 8, "normalize_reward": True,
    },
}  # fmt: skip
LEARNERS = {
    # tuned_hps/bc_seals_hopper_best_hp_eval.json
    "bc_tuned": lambda args, figures: train_bc(args, figures, epochs=20, hidden=32),
    "bc_long": lambda args, figures: train_bc(args, figures, epochs=200, hidden=256),
    **{name: lambda args, figures, name=name: train_gail(args, figures, name) for name in GENERATORS},
}


if __name__ == "__main__":
    main()
