#!/usr/bin/env python3
"""Record successful episodes of a trained policy to a demonstration file (HDF5, robomimic's layout; docs/demos.md).

``--expert scripted`` records the task's scripted expert in place of a policy, where it has one (Lift).

Everything after the known options goes to Isaac Lab, for instance ``physics=ovphysx``.
"""

from __future__ import annotations

import importlib.util
import pkgutil
import time
from pathlib import Path
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
from listening import prepare_sentences

PATIENCE = 100
"""Failed episodes before a policy that succeeds in less than one episode of 20 is given up."""


def main() -> None:
    parser = Parser(__doc__)
    add_task_arguments(parser)
    add_checkpoint_argument(parser)
    parser.add_argument(
        "--expert", choices=["scripted"], help="record the task's scripted expert, without a checkpoint"
    )
    parser.add_argument("--episodes", type=int, default=200, help="successful episodes to record (default: 200)")
    parser.add_argument("--out", required=True, metavar="FILE.hdf5", help="file to make")
    parser.add_argument("--json", metavar="FILE", help="file for the figures")
    args, overrides = parser.parse_known_args()
    entry_point = check_task_arguments(args)
    if args.episodes < 1:
        raise InputError(f"--episodes is {args.episodes}; it must be at least 1")
    out = check_out_argument(args.out)
    check_json_argument(args.json)
    if args.num_envs is None:
        args.num_envs = min(args.episodes, 64)
    checkpoint = None if args.expert else find_checkpoint(args, entry_point)
    env_cfg, agent_cfg = load_configs(args, entry_point, overrides)
    make_expert: Any = None if checkpoint else find_expert(args.task, env_cfg)
    prepare_sentences(args.task)

    from humanoid_vla.demos.recording import record_to
    from simulation import load_policy, make_env

    record_to(env_cfg, args.task, out, args.episodes)
    with make_env(args.task, env_cfg) as env:
        policy = load_policy(env, agent_cfg, checkpoint) if checkpoint else make_expert(env)
        figures = record(env, policy, args.episodes)
    figures = {"task": args.task, "checkpoint": str(checkpoint or args.expert), "seed": agent_cfg.seed, **figures}
    figures |= {"file": str(out), "file_bytes": out.stat().st_size}
    print(f"recorded      {out}: {args.episodes} episodes, {out.stat().st_size / 1e6:.1f} MB")
    print(f"success rate  {figures['success_rate']:.3f} ({figures['failed']} failed episodes dropped)")
    print(f"speed         {figures['steps_per_s']:.0f} steps/s, {env_cfg.scene.num_envs} environments")
    if args.json:
        write_json(args.json, figures)


def find_expert(task: str, env_cfg: Any) -> Any:
    """The class of a task's scripted expert: ``ScriptedExpert`` in ``expert.py`` of its folder.

    Raises:
        InputError: The task has none.
    """
    module = type(env_cfg).__module__.rpartition(".")[0] + ".expert"
    if importlib.util.find_spec(module) is None:
        raise InputError(f"{task} has no scripted expert; give a --checkpoint")
    return pkgutil.resolve_name(f"{module}:ScriptedExpert")


def check_out_argument(path: str) -> Path:
    """Where to record to.

    Raises:
        InputError: The folder does not exist, or the file does: recordings are not overwritten.
    """
    check_json_argument(path)
    if Path(path).exists():
        raise InputError(f"'{path}' exists; name another file with --out, or remove it")
    return Path(path)


def record(env: Any, policy: Any, episodes: int) -> dict[str, Any]:
    """Let a policy act until its environment has recorded ``episodes`` successful episodes.

    Returns:
        ``episodes``, ``failed``, ``success_rate``, ``steps`` of all environments, and ``wall_s`` and ``steps_per_s``
        from the second step on: in the first the simulator still compiles.

    Raises:
        InputError: The policy all but never succeeds.
    """
    import torch
    from tqdm import tqdm

    from humanoid_vla.demos.recording import demo_recorder

    recorder = demo_recorder(env)
    steps, start = 0, 0.0
    bar = tqdm(total=episodes, unit="ep", desc="record", dynamic_ncols=True)
    with torch.inference_mode():
        env.reset()
        obs = env.get_observations()
        while recorder.num_recorded < episodes:
            obs, _, dones, _ = env.step(policy(obs))
            policy.reset(dones)
            start = start or time.perf_counter()
            steps += env.num_envs
            bar.update(recorder.num_recorded - bar.n)
            if recorder.num_failed >= max(PATIENCE, 20 * recorder.num_recorded):
                bar.close()
                raise InputError(
                    f"the policy failed in {recorder.num_failed} episodes and succeeded in {recorder.num_recorded};"
                    " train longer, or name a better --checkpoint"
                )
    bar.close()
    wall_s = time.perf_counter() - start
    return {
        "episodes": episodes,
        "failed": recorder.num_failed,
        "success_rate": episodes / (episodes + recorder.num_failed),
        "steps": steps,
        "wall_s": wall_s,
        "steps_per_s": (steps - env.num_envs) / wall_s,
    }


if __name__ == "__main__":
    run_main(main)
