"""Return and cost of SAC, and of SAC and DDPG under a constraint, on a Gymnasium task that must not run too fast.

The cost is Safety-Gymnasium's (Ji et al., "Safety-Gymnasium: A unified safe reinforcement learning benchmark", arXiv
2310.12567): 1 in each step in which the robot moves forward faster than a threshold. It is computed here, in a wrapper.
"""

from __future__ import annotations

import argparse
import functools
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium as gym

from benchmark_sb3 import EVALUATION_EPISODES, FINAL_EVALUATIONS
from common import InputError, check_json_argument, write_json
from comparison import check_env, load_runs, standard_error

LEARNERS = ("sac", "sac_lagrangian", "ddpg_lagrangian")
COST = "velocity"
SHARED: dict[str, Any] = {"buffer_size": 1_000_000, "batch_size": 256, "gamma": 0.99, "tau": 0.005}
# lambda becomes about as large as the reward of all the steps that a limit allows; one environment, so a short window
CONSTRAINED: dict[str, Any] = {
    "proportional_gain": 10.0,
    "integral_gain": 1e-2,
    "derivative_gain": 10.0,
    "cost_window": 4,
    "multiplier_warmup": 1_000,
}
SETTINGS = "env", "threshold", "limit", "steps", "every", "learning_starts", "update_every"
"""What all runs of a file share."""


class VelocityCost(gym.Wrapper):
    """Adds to the `info` of a step ``velocity``, 1 where the robot moves forward faster than a threshold [m/s]."""

    def __init__(self, env: gym.Env, threshold: float) -> None:
        super().__init__(env)
        self.threshold = threshold

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        obs, reward, terminated, truncated, info = super().step(action)
        return obs, reward, terminated, truncated, info | {COST: float(info["x_velocity"] > self.threshold)}


def run_constrained(args: argparse.Namespace) -> dict[str, Any]:
    """Train what ``args.json`` does not hold yet; every finished run goes there at once."""
    import torch

    check_arguments(args)
    torch.set_num_threads(1)
    for seed in args.seeds:
        for learner in args.learners:
            done = {(run["learner"], run["seed"]) for run in load_runs(args, SETTINGS)["runs"]}
            if (learner, seed) not in done:
                run = train_and_evaluate(args, learner, seed)
                # read again: a process with other seeds may have added its own meanwhile
                figures = load_runs(args, SETTINGS)
                figures["runs"].append(run)
                save(args, figures)
    figures = load_runs(args, SETTINGS)
    for learner, row in figures["summary"].items():
        print(
            f"{learner:16} return {row['mean_return']:9.1f}, cost {row['mean_cost']:7.2f} an episode"
            f" (limit {args.limit:g}, {row['seeds']} seeds)"
        )
    return figures


def check_arguments(args: argparse.Namespace) -> None:
    """Raise :class:`InputError` for what cannot be trained."""
    check_env(args.env)
    if args.json is None:
        raise InputError("give a file with --json: each finished run is kept there")
    check_json_argument(args.json)
    for name in ("update_every", "limit"):
        if not (value := getattr(args, name)) > 0:
            raise InputError(f"--{name} is {value}; it must be above 0")
    if args.every < 1 or args.steps < args.every or args.steps % args.every:
        raise InputError(f"--steps is {args.steps}; it must be a multiple of --every, which is {args.every}")


def make_env(args: argparse.Namespace, num_envs: int, seed: int) -> Any:
    """Copies of the task with its cost."""
    from humanoid_vla.agents.gym_vec_env import make_gym_env

    wrapper = functools.partial(VelocityCost, threshold=args.threshold)
    env = make_gym_env(args.env, num_envs, seed=seed, wrappers=[wrapper], cost_names=[COST])
    if env.env.spec is None or env.env.spec.max_episode_steps is None:
        raise InputError(f"episodes of '{args.env}' have no end; give an environment whose episodes have one")
    return env


def make_learner(args: argparse.Namespace, learner: str, env: Any, seed: int) -> Any:
    """The algorithm, set as in the comparison with Stable-Baselines3."""
    import torch

    from humanoid_vla.agents.lagrangian import DDPGLagrangian, SACLagrangian
    from humanoid_vla.agents.sac import SAC

    torch.manual_seed(seed)
    algorithm = SHARED | {"learning_starts": args.learning_starts, "updates_per_step": 1 / args.update_every}
    if learner == "ddpg_lagrangian":
        hidden_dims, rate, alg_class = (400, 300), 1e-3, DDPGLagrangian
        actor: dict[str, Any] = {"noise_std_range": (0.1, 0.1)}
        critic: dict[str, Any] = {"num_critics": 1}
    else:
        hidden_dims, rate, alg_class = (256, 256), 3e-4, SAC if learner == "sac" else SACLagrangian
        actor, critic = {}, {}
        algorithm |= {"alpha_learning_rate": rate, "initial_temperature": 1.0}
    algorithm |= {"actor_learning_rate": rate, "critic_learning_rate": rate}
    if learner != "sac":
        algorithm |= CONSTRAINED | {"cost_limits": {COST: args.limit}}
    network = {"hidden_dims": hidden_dims, "obs_normalization": False}
    cfg = {
        "algorithm": algorithm,
        "actor": network | actor,
        "critic": network | critic,
        "cost_critic": network | {"num_critics": 2},
        "obs_groups": {"actor": ["policy"], "critic": ["policy"]},
    }
    return alg_class.construct_algorithm(env.get_observations(), env, cfg, "cpu")


def train_and_evaluate(args: argparse.Namespace, learner: str, seed: int) -> dict[str, Any]:
    """One training with an evaluation every ``args.every`` steps."""
    import torch
    from tqdm import tqdm

    from humanoid_vla.agents.gym_vec_env import evaluate_with_costs, train

    env, evaluation_env = make_env(args, 1, seed), make_env(args, EVALUATION_EPISODES, 1000 + seed)
    algorithm = make_learner(args, learner, env, seed)
    run: dict[str, Any] = {"learner": learner, "seed": seed, "steps": [], "returns": [], "costs": [], "cpu_s": []}
    run["multipliers"] = []
    cpu_s = 0.0
    rounds = range(args.every, args.steps + 1, args.every)
    for steps in tqdm(rounds, desc=f"{learner} seed {seed}", disable=not sys.stderr.isatty()):
        start = time.process_time()  # of this process on its one thread: others on the machine do not count
        train(algorithm, env, args.every)
        cpu_s += time.process_time() - start
        # evaluation draws no number that training would have drawn
        with torch.random.fork_rng(devices=[]):
            returns, costs = evaluate_with_costs(algorithm.get_policy(), evaluation_env)
        multiplier = None if learner == "sac" else round(algorithm.multipliers().item(), 3)
        figures = round(returns.mean().item(), 2), round(costs.mean().item(), 2), round(cpu_s, 1), multiplier
        for name, value in zip(("returns", "costs", "cpu_s", "multipliers"), figures, strict=True):
            run[name].append(value)
        run["steps"].append(steps)
        tqdm.write(
            f"{learner} seed {seed}: {steps} steps, return {figures[0]}, cost {figures[1]}, lambda {multiplier},"
            f" {cpu_s:.0f} s of training"
        )
    env.close()
    evaluation_env.close()
    return run


def save(args: argparse.Namespace, figures: dict[str, Any]) -> None:
    """Write the figures with their summary, and draw them."""
    figures["runs"].sort(key=lambda run: (LEARNERS.index(run["learner"]), run["seed"]))
    figures["summary"] = summarize(figures["runs"])
    write_json(args.json, figures)
    if args.plot is not None:
        save_plot(args.plot, figures)


def summarize(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Of each learner's last evaluations: mean return and cost of an episode with their standard errors over seeds."""
    summary: dict[str, Any] = {}
    for learner in LEARNERS:
        own = [run for run in runs if run["learner"] == learner]
        if not own:
            continue
        summary[learner] = {"seeds": len(own)}
        for name, digits in (("return", 1), ("cost", 2)):
            final = [statistics.fmean(run[f"{name}s"][-FINAL_EVALUATIONS:]) for run in own]
            summary[learner][f"mean_{name}"] = round(statistics.fmean(final), digits)
            summary[learner][f"{name}_standard_error"] = standard_error(final, digits)
    return summary


def save_plot(path: Path, figures: dict[str, Any]) -> None:
    """Mean return and mean cost over environment steps of each learner, and the limit."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for learner in LEARNERS:
        own = [run for run in figures["runs"] if run["learner"] == learner]
        if not own:
            continue
        steps = [step / 1e3 for step in own[0]["steps"]]
        for axis, name in zip(axes, ("returns", "costs"), strict=True):
            mean = [statistics.fmean(column) for column in zip(*(run[name] for run in own), strict=True)]
            axis.plot(steps, mean, label=f"{learner} ({len(own)} seeds)")
    axes[1].axhline(figures["limit"], color="black", linestyle="--", label="limit")
    axes[1].set_yscale("symlog", linthresh=10)
    for axis, name in zip(axes, ("return", "cost"), strict=True):
        axis.set_xlabel("environment steps [thousands]")
        axis.set_ylabel(f"{name}, mean of {EVALUATION_EPISODES} episodes")
        axis.grid(alpha=0.3)
        axis.margins(x=0)
        axis.legend()
    figure.suptitle(f"{figures['env']}, no faster than {figures['threshold']:g} m/s")
    temporary = path.with_name(f".{path.name}.tmp")
    figure.savefig(temporary, dpi=120, format="png")
    plt.close(figure)
    os.replace(temporary, path)
