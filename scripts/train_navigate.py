#!/usr/bin/env python3
"""Train the agent of VLA-Navigate-G1 without physics: a point that moves as told stands in for the walking robot.

The checkpoint is one of ``VLA-Navigate-G1``: scripts/evaluate.py and scripts/play.py run it with the walking robot.
"""

from __future__ import annotations

import contextlib
import io
import time
from pathlib import Path
from typing import Any

from common import InputError, Parser, check_json_argument, run_main, write_json
from listening import prepare_sentences

TASK = "VLA-Navigate-G1"


def main() -> None:
    parser = Parser(__doc__)
    parser.add_argument("--out", default="logs/navigate", metavar="DIR", help="folder for the checkpoint")
    parser.add_argument("--iterations", type=int, default=75, help="of 8 steps of every robot (default: 75)")
    parser.add_argument("--num_envs", type=int, default=128, help="robots (default: 128)")
    parser.add_argument("--seed", type=int, default=42, help="seed (default: 42)")
    parser.add_argument("--json", metavar="FILE", help="file for the figures")
    args = parser.parse_args()
    for name in ("iterations", "num_envs"):
        if getattr(args, name) < 1:
            raise InputError(f"--{name} is {getattr(args, name)}; it must be at least 1")
    check_json_argument(args.json)

    import torch
    from isaaclab_rl.rsl_rl import check_rsl_rl_version, handle_deprecated_rsl_rl_cfg
    from rsl_rl.runners import OnPolicyRunner

    import humanoid_vla.tasks  # noqa: F401  (registers them)
    from humanoid_vla.language.navigate import NAVIGATE_INSTRUCTIONS
    from humanoid_vla.tasks.mdp.instructions import Instructions
    from humanoid_vla.tasks.navigate.agent_cfgs import NavigateSacCfg
    from navigate_world import NavigateWorld

    prepare_sentences(TASK)
    torch.manual_seed(args.seed)
    cfg: Any = handle_deprecated_rsl_rl_cfg(NavigateSacCfg(device="cpu", seed=args.seed), check_rsl_rl_version())
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    world = NavigateWorld(args.num_envs)
    with contextlib.redirect_stdout(io.StringIO()):
        runner = OnPolicyRunner(world, cfg.to_dict(), None, "cpu")
    figures: dict[str, Any] = {"task": TASK, "seed": args.seed, "curve": []}
    done = 0
    while done < args.iterations:
        number = min(25, args.iterations - done)
        with contextlib.redirect_stdout(io.StringIO()):
            runner.learn(number)
        done += number
        rate = evaluate(NavigateWorld(256), runner.get_inference_policy(device="cpu"))
        runner.alg.train_mode()
        runner.save(str(out / f"model_{done}.pt"))
        point = {"steps": done * cfg.num_steps_per_env * args.num_envs, "wall_s": time.perf_counter() - began, **rate}
        figures["curve"].append(point)
        print(
            f"{point['steps']:9d} decisions, {point['wall_s']:6.1f} s: success {rate['success_rate']:.3f}", flush=True
        )
    held_out = NavigateWorld(256)
    held_out.instructions = Instructions(NAVIGATE_INSTRUCTIONS.held_out, "cpu")
    figures["held_out"] = evaluate(held_out, runner.get_inference_policy(device="cpu"))
    print(f"with wordings held out: success {figures['held_out']['success_rate']:.3f}")
    print(f"checkpoint    {out / f'model_{done}.pt'}")
    if args.json:
        write_json(args.json, figures)


def evaluate(world: Any, policy: Any) -> dict[str, float]:
    """One episode of every robot, with the most probable actions: the shares of successes and of wrong things."""
    import torch

    world.begin(torch.arange(world.num_envs))  # with sentences that may be others by now
    counts = {"success": 0, "wrong": 0}
    running = torch.ones(world.num_envs, dtype=torch.bool)
    with torch.inference_mode():
        while running.any():
            _, _, dones, extras = world.step(policy(world.get_observations()))
            for name in counts:
                counts[name] += int((extras[name] & running).sum())
            running &= dones == 0
    return {f"{name}_rate": count / world.num_envs for name, count in counts.items()}


if __name__ == "__main__":
    run_main(main)
