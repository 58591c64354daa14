"""Environment steps a second, and the share of a step that is not physics."""

from __future__ import annotations

import argparse
import time
from typing import Any

from common import InputError, check_task_arguments, load_configs

WARM_UP_STEPS = 20


def run_env(args: argparse.Namespace) -> dict[str, Any]:
    """Step a task with random actions and time the physics inside the steps."""
    args.agent, args.device, args.seed = "sac", None, 0
    entry_point = check_task_arguments(args)
    if args.steps < 1:
        raise InputError(f"--steps is {args.steps}; it must be at least 1")
    env_cfg, _ = load_configs(args, entry_point, args.overrides)

    import torch
    from tqdm import tqdm

    from simulation import make_env

    with make_env(args.task, env_cfg) as env, torch.inference_mode():
        sim = env.unwrapped.sim
        physics_s = 0.0
        physics_step = sim.step

        def timed_step(*step_args: Any, **step_kwargs: Any) -> None:
            nonlocal physics_s
            start = time.perf_counter()
            physics_step(*step_args, **step_kwargs)
            physics_s += time.perf_counter() - start

        sim.step = timed_step
        total_s = 0.0
        for step in tqdm(range(WARM_UP_STEPS + args.steps), desc="steps", dynamic_ncols=True):
            if step == WARM_UP_STEPS:
                physics_s = total_s = 0.0
            actions = 2.0 * torch.rand(env.num_envs, env.num_actions, device=env.device) - 1.0
            start = time.perf_counter()
            env.step(actions)
            total_s += time.perf_counter() - start
        figures = {
            "task": args.task,
            "num_envs": env.num_envs,
            "env_steps_per_s": round(args.steps * env.num_envs / total_s, 1),
            "full_over_physics": round(total_s / physics_s, 3),
            "control_hz": round(1.0 / env.unwrapped.step_dt, 1),
            "physics_hz": round(1.0 / env.unwrapped.physics_dt, 1),
        }
    for name, value in figures.items():
        print(f"{name:18} {value}")
    return figures
