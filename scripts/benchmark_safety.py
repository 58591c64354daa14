"""The action filter under attack: what 29 joints do to themselves with and without it, and how long a step takes."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

from adversary import NAMES, Adversary
from common import InputError
from hung_robots import DECIMATION, PHYSICS_DT, HungRobots, hang_robots

if TYPE_CHECKING:
    import numpy as np

DEEP = 0.002
"""Deeper self-penetration counts [m]."""
TIMED_STEPS = 5000


def run_safety(args: argparse.Namespace) -> dict[str, Any]:
    """Filtered and unfiltered robots under the same adversary, then the NumPy face's latency."""
    import torch

    if args.num_envs < len(NAMES) or args.steps < 1:
        raise InputError(f"--num_envs must be at least {len(NAMES)} and --steps at least 1")
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"--device '{args.device}' is not on this machine; use cpu")
    args.settings = read_settings(args.set)
    figures: dict[str, Any] = {"num_envs": args.num_envs, "device": args.device, "seed": args.seed}
    with hang_robots(args.num_envs, args.device) as robots, torch.inference_mode():
        figures["filtered"] = attack(robots, args, filtered=True)
        if args.unfiltered_steps:
            unfiltered = argparse.Namespace(**{**vars(args), "steps": args.unfiltered_steps})
            figures["unfiltered"] = attack(robots, unfiltered, filtered=False)
        figures["latency"] = time_numpy(robots.model(), args.settings)
    for name in ("filtered", "unfiltered", "latency"):
        for key, value in figures.get(name, {}).items():
            print(f"{name:10} {key:30} {value}")
    return figures


def read_settings(pairs: list[str]) -> Any:
    """The filter's settings, some of them given as "name=number"."""
    from humanoid_vla.safety.settings import FilterSettings

    try:
        values: dict[str, Any] = {name: float(value) for name, _, value in (pair.partition("=") for pair in pairs)}
        if "keep_out" in values:
            raise ValueError("keep_out takes boxes, not a number")
        return FilterSettings(**values)
    except (TypeError, ValueError) as error:
        raise InputError(f"--set {' '.join(pairs)}: {error}") from None


def attack(robots: HungRobots, args: argparse.Namespace, filtered: bool) -> dict[str, Any]:
    """What an adversary brings about in so many steps of all robots."""
    import torch
    from tqdm import tqdm

    from humanoid_vla.safety.filter import ActionFilter
    from humanoid_vla.safety.torch_backend import TorchBackend

    dt = PHYSICS_DT * DECIMATION
    model = robots.model()
    safety = ActionFilter(model, dt, args.settings, TorchBackend(args.device), args.num_envs)
    adversary = Adversary(safety, args.seed)
    constant = safety.backend.constant
    lower, upper = constant(model.lower), constant(model.upper)
    fastest = constant(model.velocity_limit) * (1.0 + 1e-4)  # float32 rounds
    safety.reset(robots.joint_pos)
    last = safety.command
    deep = torch.zeros(len(NAMES), dtype=torch.long, device=args.device)
    counts = torch.zeros(4, dtype=torch.long, device=args.device)
    largest = torch.zeros(2, device=args.device)
    filter_s, start = 0.0, time.perf_counter()
    name = "filtered" if filtered else "unfiltered"
    for _ in tqdm(range(args.steps), desc=name, disable=not sys.stderr.isatty(), dynamic_ncols=True):
        joint_pos, joint_vel = robots.joint_pos, robots.joint_vel
        targets = adversary.targets(joint_pos)
        measured = adversary.dropouts(joint_pos, joint_vel)
        begin = time.perf_counter()
        # without a filter only what would break the simulation is left out
        command = safety.step(targets, *measured) if filtered else torch.nan_to_num(targets, 0.0, 0.0, 0.0)
        filter_s += time.perf_counter() - begin
        depths = robots.step(command)
        beyond = torch.maximum(robots.joint_pos - upper, lower - robots.joint_pos)
        too_fast = (command - last).abs() / dt > fastest
        outside = (command > upper) | (command < lower)
        happened = [outside.any(-1), too_fast.any(-1), ~command.isfinite().all(-1), (beyond > 0.0).any(-1)]
        counts += torch.stack(happened).sum(-1)
        deep.index_add_(0, adversary.kind, (depths > DEEP).long())
        largest = torch.maximum(largest, torch.stack((depths.max(), beyond.max())))
        last = command
    steps = args.steps * args.num_envs
    names = ("commands_beyond_limits", "commands_too_fast", "commands_not_finite", "joints_beyond_limits")
    return {
        "steps": steps,
        "deep_self_penetrations": int(deep.sum()),
        "deep_by_adversary": dict(zip(NAMES, deep.tolist(), strict=True)),
        "deepest_mm": round(1e3 * float(largest[0]), 3),
        **dict(zip(names, counts.tolist(), strict=True)),
        "farthest_beyond_limit_rad": round(float(largest[1]), 5),
        "wall_s": round(time.perf_counter() - start, 1),
        "filter_s": round(filter_s, 1),
        **({"counters": safety.counters.figures()} if filtered else {}),
    }


def time_numpy(model: Any, settings: Any) -> dict[str, float]:
    """Latency of the NumPy face for one robot that is driven against itself [us]."""
    import numpy as np

    from humanoid_vla.safety.backend import NumpyBackend
    from humanoid_vla.safety.filter import ActionFilter

    safety = ActionFilter(model, PHYSICS_DT * DECIMATION, settings, NumpyBackend())
    rng = np.random.default_rng(0)
    joint_pos = np.zeros((1, model.num_joints))
    joint_vel, targets = joint_pos, joint_pos
    safety.reset(joint_pos)
    times: list[float] = []
    for step in range(TIMED_STEPS):
        if step % 40 == 0:
            targets = rng.uniform(model.lower, model.upper, joint_pos.shape)
        start = time.perf_counter()
        command = safety.step(targets, joint_pos, joint_vel)
        times.append(time.perf_counter() - start)
        joint_pos, joint_vel = follow(joint_pos, command)
    p50, p99 = np.percentile(1e6 * np.array(times[100:]), [50, 99])
    collision = safety.counters.figures()["collision"]
    return {"p50_us": round(p50, 1), "p99_us": round(p99, 1), "share_of_steps_with_collisions": round(collision, 3)}


def follow(joint_pos: np.ndarray, command: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Joints that follow their targets with a lag of 0.1 s: positions and velocities a step later."""
    joint_vel = (command - joint_pos) / 0.1
    return joint_pos + joint_vel * PHYSICS_DT * DECIMATION, joint_vel
