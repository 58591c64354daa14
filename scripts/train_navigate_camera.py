#!/usr/bin/env python3
"""Train the agent of VLA-Navigate-Camera-G1 without physics: robots are put where they would have walked to.

The checkpoint is one of ``VLA-Navigate-Camera-G1``: scripts/evaluate.py and scripts/play.py run it with the walking
robot, which sways, slips and falls. Everything after the known options sets something in the configurations.
"""

from __future__ import annotations

import contextlib
import io
import time
from pathlib import Path
from typing import Any

from common import (
    InputError,
    Parser,
    check_json_argument,
    check_task_arguments,
    load_configs,
    run_main,
    write_json,
)
from evaluate import evaluate
from listening import prepare_sentences

EPISODES = 64
"""In each evaluation, one after so many iterations and one at the end."""


def main() -> None:
    parser = Parser(__doc__)
    parser.add_argument("--out", default="logs/navigate_camera", metavar="DIR", help="folder for the checkpoints")
    parser.add_argument("--iterations", type=int, help="of 8 decisions of every robot (default: the agent's)")
    parser.add_argument("--interval", type=int, default=50, help="iterations between two evaluations (default: 50)")
    parser.add_argument("--num_envs", type=int, default=64, help="robots (default: 64)")
    parser.add_argument("--seed", type=int, default=42, help="seed (default: 42)")
    parser.add_argument("--json", metavar="FILE", help="file for the figures")
    args, overrides = parser.parse_known_args()
    args.task, args.agent, args.device = "VLA-Navigate-Camera-G1", "dagger", None
    entry_point = check_task_arguments(args)
    for name in ("iterations", "interval"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise InputError(f"--{name} is {getattr(args, name)}; it must be at least 1")
    check_json_argument(args.json)
    env_cfg, agent_cfg = load_configs(args, entry_point, overrides)
    prepare_sentences(args.task)

    from isaaclab_rl.rsl_rl import create_rsl_rl_runner

    from humanoid_vla.tasks.navigate.stand_in import put_in
    from simulation import make_env

    put_in(env_cfg)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    iterations, began = args.iterations or agent_cfg.max_iterations, time.perf_counter()
    figures: dict[str, Any] = {"task": args.task, "seed": args.seed, "curve": []}
    with make_env(args.task, env_cfg) as env:
        with contextlib.redirect_stdout(io.StringIO()):
            runner: Any = create_rsl_rl_runner(env, agent_cfg)
        done = 0
        while done < iterations:
            number = min(args.interval, iterations - done)
            with contextlib.redirect_stdout(io.StringIO()):
                runner.learn(number)
            done += number
            runner.save(str(out / f"model_{done}.pt"))
            rates = evaluate(env, runner.get_inference_policy(device=env.unwrapped.device), EPISODES)["terminations"]
            runner.alg.train_mode()
            steps = done * agent_cfg.num_steps_per_env * env.num_envs
            point = {"steps": steps, "wall_s": time.perf_counter() - began, "terminations": rates}
            figures["curve"].append(point)
            print(f"{steps:9d} decisions, {point['wall_s']:6.1f} s: success {rates['success']:.3f}", flush=True)
    print(f"checkpoint    {out / f'model_{done}.pt'}")
    if args.json:
        write_json(args.json, figures)


if __name__ == "__main__":
    run_main(main)
