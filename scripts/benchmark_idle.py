"""What becomes of a task's robot with nobody at the controls: its gains alone, holding the default posture."""

from __future__ import annotations

import argparse
from typing import Any

from common import InputError, check_task_arguments, load_configs
from evaluate import evaluate, print_figures


def run_idle(args: argparse.Namespace) -> dict[str, Any]:
    """Evaluate a policy whose actions are all zero, as ``evaluate.py`` does trained ones."""
    args.agent, args.device = "sac", None
    entry_point = check_task_arguments(args)
    if args.episodes < 1:
        raise InputError(f"--episodes is {args.episodes}; it must be at least 1")
    env_cfg, agent_cfg = load_configs(args, entry_point, args.overrides)

    from simulation import make_env

    with make_env(args.task, env_cfg) as env:
        figures = evaluate(env, IdlePolicy(env), args.episodes)
    figures = {"task": args.task, "seed": agent_cfg.seed, **figures}
    print_figures(figures)
    return figures


class IdlePolicy:
    """Zero actions; called as a trained policy is."""

    def __init__(self, env: Any) -> None:
        import torch

        self._actions = torch.zeros(env.num_envs, env.num_actions, device=env.device)

    def __call__(self, obs: Any) -> Any:
        return self._actions

    def reset(self, dones: Any) -> None:
        """It remembers nothing."""
