"""Learning curves of our SAC and DDPG beside Stable-Baselines3's: same settings, same seeds, same evaluation."""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import InputError, check_json_argument, write_json
from comparison import check_env, load_runs, standard_error

if TYPE_CHECKING:
    import torch
    from tensordict import TensorDict

IMPLEMENTATIONS = ("ours", "sb3")
EVALUATION_EPISODES = 5
FINAL_EVALUATIONS = 5  # the figure of a run is the mean of its last five evaluations: one alone is noisy


@dataclass(frozen=True)
class Settings:
    """What both implementations share; everything else is Stable-Baselines3's default."""

    hidden_dims: tuple[int, ...]
    learning_rate: float
    noise_std: float = 0.0  # of DDPG's exploration, a share of the largest action


# SAC: Stable-Baselines3's defaults. DDPG: the networks, step size and noise of all its entries in RL Baselines3 Zoo.
SETTINGS = {"sac": Settings((256, 256), 3e-4), "ddpg": Settings((400, 300), 1e-3, noise_std=0.1)}
BATCH_SIZE, TAU, GAMMA, BUFFER_SIZE = 256, 0.005, 0.99, 1_000_000


@dataclass(frozen=True)
class Learner:
    """An algorithm with its own training environment."""

    train: Callable[[int], object]
    """Goes on for a number of environment steps and their gradient updates."""
    policy: Callable[[TensorDict], torch.Tensor]
    """Deterministic actions in [-1, 1]."""


def run_sb3(args: argparse.Namespace) -> dict[str, Any]:
    """Train what ``args.json`` does not hold yet; every finished run goes there at once."""
    import torch

    check_arguments(args)
    torch.set_num_threads(1)
    load(args)
    for seed in args.seeds:
        for implementation in IMPLEMENTATIONS:
            done = {(run["implementation"], run["seed"]) for run in load(args)["runs"]}
            if implementation in args.only and (implementation, seed) not in done:
                run = train_and_evaluate(args, implementation, seed)
                # read again: a process with other seeds may have added its own meanwhile
                figures = load(args)
                figures["runs"].append(run)
                save(args, figures)
    figures = load(args)
    for name, row in figures["summary"].items():
        error = "" if row["standard_error"] is None else f" +- {row['standard_error']:.1f}"
        print(
            f"{name:5} {row['mean_return']:10.1f}{error} ({row['seeds']} seeds), {row['steps_per_cpu_s']:.0f} steps/s"
        )
    return figures


def check_arguments(args: argparse.Namespace) -> None:
    """Raise :class:`InputError` for what cannot be trained."""
    check_env(args.env)
    try:
        import stable_baselines3  # noqa: F401
    except ImportError:
        raise InputError("the comparison needs stable-baselines3; install the `dev` extra") from None
    if args.json is None:
        raise InputError("give a file with --json: each finished run is kept there")
    check_json_argument(args.json)
    if args.update_every < 1:
        raise InputError(f"--update_every is {args.update_every}; it must be at least 1")
    if args.every < 1 or args.steps < args.every or args.steps % args.every:
        raise InputError(f"--steps is {args.steps}; it must be a multiple of --every, which is {args.every}")


def load(args: argparse.Namespace) -> dict[str, Any]:
    """The figures so far, see :func:`.comparison.load_runs`."""
    return load_runs(args, ("env", "algo", "steps", "every", "learning_starts", "update_every"))


def save(args: argparse.Namespace, figures: dict[str, Any]) -> None:
    """Write the figures with their summary, and draw them."""
    figures["runs"].sort(key=lambda run: (run["implementation"], run["seed"]))
    figures["summary"] = summarize(figures["runs"])
    write_json(args.json, figures)
    if args.plot is not None:
        save_plot(args.plot, figures)


def train_and_evaluate(args: argparse.Namespace, implementation: str, seed: int) -> dict[str, Any]:
    """One training with an evaluation every ``args.every`` steps."""
    import torch
    from tqdm import tqdm

    from humanoid_vla.agents.gym_vec_env import evaluate, make_gym_env

    make = make_ours if implementation == "ours" else make_sb3
    learner = make(args.env, args.algo, args.learning_starts, args.update_every, seed)
    evaluation_env = make_gym_env(args.env, EVALUATION_EPISODES, seed=1000 + seed)
    run: dict[str, Any] = {"implementation": implementation, "seed": seed, "steps": [], "returns": [], "cpu_s": []}
    cpu_s = 0.0
    rounds = range(args.every, args.steps + 1, args.every)
    for steps in tqdm(rounds, desc=f"{implementation} seed {seed}", disable=not sys.stderr.isatty()):
        start = time.process_time()  # of this process on its one thread: others on the machine do not count
        learner.train(args.every)
        cpu_s += time.process_time() - start
        # evaluation draws no number that training would have drawn
        with torch.random.fork_rng(devices=[]):
            mean_return = evaluate(learner.policy, evaluation_env).mean().item()
        run["steps"].append(steps)
        run["returns"].append(round(mean_return, 2))
        run["cpu_s"].append(round(cpu_s, 1))
        tqdm.write(f"{implementation} seed {seed}: {steps} steps, return {mean_return:.1f}, {cpu_s:.0f} s of training")
    evaluation_env.close()
    return run


def make_ours(env_name: str, algo: str, learning_starts: int, update_every: int, seed: int) -> Learner:
    """Our algorithm, set as Stable-Baselines3's."""
    import torch
    from rsl_rl.utils import resolve_callable

    from humanoid_vla.agents.gym_vec_env import make_gym_env, train

    settings = SETTINGS[algo]
    torch.manual_seed(seed)
    env = make_gym_env(env_name, seed=seed)
    algorithm = {
        "class_name": {"sac": "humanoid_vla.agents.sac:SAC", "ddpg": "humanoid_vla.agents.ddpg:DDPG"}[algo],
        "buffer_size": BUFFER_SIZE,
        "batch_size": BATCH_SIZE,
        "learning_starts": learning_starts,
        "updates_per_step": 1 / update_every,
        "gamma": GAMMA,
        "tau": TAU,
        "actor_learning_rate": settings.learning_rate,
        "critic_learning_rate": settings.learning_rate,
    }
    network = {"hidden_dims": settings.hidden_dims, "obs_normalization": False}
    actor, critic = dict(network), dict(network)
    if algo == "sac":
        algorithm |= {"alpha_learning_rate": settings.learning_rate, "initial_temperature": 1.0}
    else:
        actor["noise_std_range"] = (settings.noise_std, settings.noise_std)
        critic["num_critics"] = 1
    groups = {"actor": ["policy"], "critic": ["policy"]}
    cfg = {"algorithm": algorithm, "actor": actor, "critic": critic, "obs_groups": groups}
    alg_class: Any = resolve_callable(algorithm["class_name"])
    learner = alg_class.construct_algorithm(env.get_observations(), env, cfg, "cpu")
    return Learner(lambda steps: train(learner, env, steps), learner.get_policy())


def make_sb3(env_name: str, algo: str, learning_starts: int, update_every: int, seed: int) -> Learner:
    """Stable-Baselines3's algorithm."""
    import gymnasium as gym
    import numpy as np
    from stable_baselines3 import DDPG, SAC
    from stable_baselines3.common.logger import Logger
    from stable_baselines3.common.noise import NormalActionNoise

    settings = SETTINGS[algo]
    env = gym.make(env_name)
    shape = env.action_space.shape
    assert shape is not None
    noise = NormalActionNoise(np.zeros(shape), np.full(shape, settings.noise_std)) if settings.noise_std else None
    model = {"sac": SAC, "ddpg": DDPG}[algo](
        "MlpPolicy",
        env,
        learning_rate=settings.learning_rate,
        buffer_size=BUFFER_SIZE,
        learning_starts=learning_starts,
        train_freq=update_every,
        gradient_steps=1,
        batch_size=BATCH_SIZE,
        tau=TAU,
        gamma=GAMMA,
        action_noise=noise,
        policy_kwargs={"net_arch": list(settings.hidden_dims)},
        seed=seed,
        device="cpu",
    )
    model.set_logger(Logger(folder=None, output_formats=[]))
    # before the scaling to the bounds of the action space, which our environment does itself
    return Learner(
        lambda steps: model.learn(steps, reset_num_timesteps=False),
        lambda obs: model.policy._predict(obs["policy"], deterministic=True),
    )


def summarize(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and standard error over the seeds of each implementation's final return, and its speed."""
    summary: dict[str, Any] = {}
    for implementation in IMPLEMENTATIONS:
        own = [run for run in runs if run["implementation"] == implementation]
        if not own:
            continue
        final = [statistics.fmean(run["returns"][-FINAL_EVALUATIONS:]) for run in own]
        summary[implementation] = {
            "mean_return": round(statistics.fmean(final), 1),
            "standard_error": standard_error(final, digits=1),
            "seeds": len(own),
            "steps_per_cpu_s": round(statistics.fmean(run["steps"][-1] / run["cpu_s"][-1] for run in own), 1),
        }
    return summary


def save_plot(path: Path, figures: dict[str, Any]) -> None:
    """Mean return over environment steps of each implementation, shaded by its standard error."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7, 4.5), layout="constrained")
    names = {"ours": "humanoid_vla", "sb3": "Stable-Baselines3"}
    for implementation, name in names.items():
        own = [run for run in figures["runs"] if run["implementation"] == implementation]
        if not own:
            continue
        steps = [step / 1e3 for step in own[0]["steps"]]
        columns = list(zip(*(run["returns"] for run in own), strict=True))
        mean = [statistics.fmean(column) for column in columns]
        error = [statistics.stdev(column) / len(column) ** 0.5 if len(column) > 1 else 0.0 for column in columns]
        axis.plot(steps, mean, label=f"{name} ({len(own)} seeds)")
        low, high = zip(*((m - e, m + e) for m, e in zip(mean, error, strict=True)), strict=True)
        axis.fill_between(steps, low, high, alpha=0.25)
    axis.set_xlabel("environment steps [thousands]")
    axis.set_ylabel(f"return, mean of {EVALUATION_EPISODES} episodes")
    axis.set_title(f"{figures['algo'].upper()} on {figures['env']}, mean and standard error over seeds")
    axis.grid(alpha=0.3)
    axis.margins(x=0)
    axis.legend()
    temporary = path.with_name(f".{path.name}.tmp")
    figure.savefig(temporary, dpi=120, format="png")
    plt.close(figure)
    os.replace(temporary, path)
