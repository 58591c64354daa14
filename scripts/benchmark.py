#!/usr/bin/env python3
"""Measure speed: of the environment's step, of the learner's gradient updates, and of whole trainings."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmark_env import run_env
from benchmark_learner import run_learner
from benchmark_learning import run_learning
from common import InputError, run_main, write_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    env = commands.add_parser("env", help="environment steps a second, and what a step costs beside its physics")
    env.add_argument("--task", default="VLA-Reach-G1", help="registered task (default: VLA-Reach-G1)")
    env.add_argument("--num_envs", type=int, default=256, help="environments side by side (default: 256)")
    env.add_argument("--steps", type=int, default=200, help="timed steps of all environments (default: 200)")
    env.set_defaults(run=run_env)
    learner = commands.add_parser("learner", help="gradient updates a second of SAC, ours and Stable-Baselines3's")
    learner.add_argument("--rounds", type=int, default=20, help="timed rounds of each, taken in turns (default: 20)")
    learner.add_argument("--seconds", type=float, default=0.4, help="length of a round [s] (default: 0.4)")
    learner.set_defaults(run=run_learner)
    learning = commands.add_parser("learning", help="time and steps that training runs needed to reach a success rate")
    learning.add_argument("runs", nargs="+", metavar="NAME=RUN_DIR", help="finished runs, e.g. sac=logs/rsl_rl/...")
    learning.add_argument("--success", type=float, default=0.9, help="success rate to reach (default: 0.9)")
    learning.add_argument("--plot", type=Path, metavar="PNG", help="draw all curves into this file")
    learning.set_defaults(run=run_learning)
    for command in commands.choices.values():
        command.add_argument("--json", type=Path, metavar="OUT", help="file for the figures")
    args, overrides = parser.parse_known_args()
    if overrides and args.command != "env":
        raise InputError(f"unknown argument '{overrides[0]}'; see benchmark.py {args.command} --help")
    if args.json is not None and not args.json.resolve().parent.is_dir():
        raise InputError(f"cannot write '{args.json}': its folder does not exist; make it first")
    args.overrides = overrides
    figures = args.run(args)
    if args.json is not None:
        write_json(args.json, figures)


if __name__ == "__main__":
    run_main(main)
