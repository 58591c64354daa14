#!/usr/bin/env python3
"""Count how often a trained policy succeeds, and why its other episodes ended.

Everything after the known options goes to Isaac Lab, for instance ``physics=ovphysx``.
"""

from __future__ import annotations

from typing import Any

from common import (
    InputError,
    Parser,
    add_checkpoint_argument,
    add_task_arguments,
    check_json_argument,
    check_task_arguments,
    find_checkpoint,
    load_configs,
    run_main,
    write_json,
)


def main() -> None:
    parser = Parser(__doc__)
    add_task_arguments(parser)
    add_checkpoint_argument(parser)
    parser.add_argument("--episodes", type=int, default=512, help="episodes to run (default: 512)")
    parser.add_argument("--json", metavar="FILE", help="file for the figures")
    args, overrides = parser.parse_known_args()
    entry_point = check_task_arguments(args)
    if args.episodes < 1:
        raise InputError(f"--episodes is {args.episodes}; it must be at least 1")
    check_json_argument(args.json)
    if args.num_envs is None:
        args.num_envs = min(args.episodes, 128)
    checkpoint = find_checkpoint(args, entry_point)
    env_cfg, agent_cfg = load_configs(args, entry_point, overrides)

    from simulation import load_policy, make_env

    with make_env(args.task, env_cfg) as env:
        policy = load_policy(env, agent_cfg, checkpoint)
        figures = evaluate(env, policy, args.episodes)
    figures = {"task": args.task, "checkpoint": str(checkpoint), "seed": agent_cfg.seed, **figures}
    print(f"success rate  {figures['success_rate']:.3f} ({args.episodes} episodes, seed {agent_cfg.seed})")
    print(f"mean return   {figures['mean_return']:.2f}, mean length {figures['mean_length']:.0f} steps")
    print("ended by      " + ", ".join(f"{name} {rate:.3f}" for name, rate in figures["terminations"].items() if rate))
    if args.json:
        write_json(args.json, figures)


def evaluate(env: Any, policy: Any, episodes: int) -> dict[str, Any]:
    """Run the first ``episodes`` episodes, equally many from each environment but for the remainder.

    Counting the episodes that *finish* first would favour short ones, so each environment has its quota.

    Returns:
        ``episodes``, ``success_rate``, ``mean_return``, ``mean_length`` and ``terminations`` (rate per term).
    """
    import torch
    from tqdm import tqdm

    terms = env.unwrapped.termination_manager
    num_envs, device = env.num_envs, env.unwrapped.device
    left = torch.full((num_envs,), episodes // num_envs, device=device)
    left[: episodes % num_envs] += 1
    returns, lengths = torch.zeros(num_envs, device=device), torch.zeros(num_envs, device=device)
    sums = {"return": 0.0, "length": 0.0}
    counts = dict.fromkeys(terms.active_terms, 0)
    failures = [n for n in counts if n != "success" and not terms.get_term_cfg(n).time_out]
    successes = 0
    bar = tqdm(total=episodes, unit="ep", desc="evaluate", dynamic_ncols=True)
    with torch.inference_mode():
        env.reset()
        obs = env.get_observations()
        while left.any():
            obs, rewards, dones, _ = env.step(policy(obs))
            returns += rewards
            lengths += 1
            policy.reset(dones)
            counted = (dones > 0) & (left > 0)
            if counted.any():
                sums["return"] += returns[counted].sum().item()
                sums["length"] += lengths[counted].sum().item()
                for name in counts:
                    counts[name] += int(terms.get_term(name)[counted].sum())
                if "success" in counts:
                    # a success in the very step of a failure, a touch of a wrong object say, is none
                    failed = torch.stack([terms.get_term(name) for name in failures]).any(dim=0)
                    successes += int((terms.get_term("success") & ~failed)[counted].sum())
                left -= counted.long()
                bar.update(int(counted.sum()))
            returns[dones > 0] = 0.0
            lengths[dones > 0] = 0.0
    bar.close()
    terminations = {name: count / episodes for name, count in counts.items()}
    return {
        "episodes": episodes,
        "success_rate": successes / episodes,
        "mean_return": sums["return"] / episodes,
        "mean_length": sums["length"] / episodes,
        "terminations": terminations,
    }


if __name__ == "__main__":
    run_main(main)
