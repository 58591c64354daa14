"""A Reach policy in plain MuJoCo, on whichever G1 a file describes: does what was learned hold elsewhere?

The control loop's parts run tick by tick in simulated time, so the figures do not depend on how busy the machine is.
Objects are placed, goals told and episodes judged as in the task, by the hands of the file's robot.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from common import InputError


def add_mujoco_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the benchmark."""
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="of a Reach policy, from export.py")
    parser.add_argument("--mjcf", type=Path, required=True, metavar="FILE", help="somebody's G1 for MuJoCo")
    parser.add_argument("--episodes", type=int, default=100, help="episodes (default: 100)")
    parser.add_argument("--rate", type=float, default=100.0, help="ticks a second (default: 100)")
    parser.add_argument("--timestep", type=float, default=0.002, help="of the physics [s] (default: 0.002)")
    parser.add_argument("--no_filter", action="store_true", help="leave the action filter out")
    parser.add_argument("--seed", type=int, default=0, help="of objects, goals and postures (default: 0)")
    parser.add_argument(
        "--vary", nargs="*", default=[], metavar="NAME=NUMBER", help="change the model: gains=0.7, payload=0.5 ..."
    )
    parser.add_argument("--video", type=Path, metavar="MP4", help="write the first three episodes into this file")


FILMED = 3
"""Episodes that a video shows."""


@dataclass(frozen=True)
class Episode:
    """How an episode went."""

    goal: str
    held: bool
    """Whether the goal was held, and nothing wrong touched."""
    failures: frozenset[str]
    seconds: float


def run_mujoco(args: argparse.Namespace) -> dict[str, Any]:
    """Run the episodes and print the figures.

    Returns:
        ``success_rate``, episodes in which the goal was held and none of the task's failures happened;
        ``touch_success_rate``, where only wrong touches count as failures; ``failures``, the rate of each; and how it
        was measured.

    Raises:
        InputError: Bundle, model or settings are impossible.
    """
    if args.episodes < 1:
        raise InputError(f"--episodes is {args.episodes}; it must be at least 1")
    substeps = round(1.0 / (args.rate * args.timestep)) if args.rate > 0.0 and args.timestep > 0.0 else 0
    if substeps < 1 or abs(substeps * args.timestep * args.rate - 1.0) > 1e-6:
        raise InputError(
            f"a tick at --rate {args.rate:g} is no whole number of steps of --timestep {args.timestep:g}; give numbers"
            " that fit, such as 100 and 0.002"
        )
    if args.video is not None and not args.video.resolve().parent.is_dir():
        raise InputError(f"cannot write '{args.video}': its folder does not exist; make it first")
    try:
        # with MuJoCo and ONNX Runtime, which other benchmarks do without
        from humanoid_vla.runtime.bundle import load_bundle
        from humanoid_vla.runtime.engine import make_engine
        from lockstep import LockStep
        from mujoco_variations import vary
        from reach_scene import open_reach

        bundle = load_bundle(args.bundle)
        world = open_reach(bundle, args.mjcf, args.timestep)
        vary(world.model, args.vary)
        policy = LockStep(bundle, make_engine(bundle), 1.0 / args.rate, not args.no_filter)
        film = _Film(args.video, world) if args.video else None
        begin, episodes = time.perf_counter(), run_episodes(args, bundle, world, policy, substeps, film)
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is missing; install it: pip install {error.name}") from None
    except (ValueError, RuntimeError) as error:  # what a file or a bundle has wrong; no graphics
        raise InputError(" ".join(str(error).split())) from None
    figures = _figures(episodes) | {
        "bundle": str(args.bundle),
        "mjcf": str(args.mjcf),
        "rate": args.rate,
        "timestep": args.timestep,
        "seed": args.seed,
        "varied": args.vary,
        "filtered": not args.no_filter,
        "wall_s": round(time.perf_counter() - begin, 2),
    }
    if policy.safety is not None:
        figures["filter"] = policy.safety.counters.figures()
    _print(figures)
    return figures


def run_episodes(
    args: argparse.Namespace, bundle: Any, world: Any, policy: Any, substeps: int, film: _Film | None
) -> list[Episode]:
    """All episodes; the first few are filmed."""
    from humanoid_vla.runtime.mujoco_robot import Pictures

    pictures, rng, episodes = Pictures(world, bundle.cameras), np.random.default_rng(args.seed), []
    try:
        for number in tqdm(range(args.episodes), unit="ep", desc="mujoco", dynamic_ncols=True):
            look = film if number < FILMED else None
            episodes.append(run_episode(bundle, world, policy, substeps, rng, pictures, look))
    finally:
        pictures.close()
        if film is not None:
            film.close()
    return episodes


def run_episode(
    bundle: Any,
    world: Any,
    policy: Any,
    substeps: int,
    rng: np.random.Generator,
    pictures: Mapping[str, np.ndarray],
    look: Callable[[], None] | None = None,
) -> Episode:
    """One episode, from a random posture, with random objects and a random goal.

    Args:
        bundle: The policy's.
        world: From :func:`reach_scene.open_reach`.
        policy: A :class:`lockstep.LockStep`.
        substeps: Steps of the physics a tick.
        rng: What is random.
        pictures: What the world's cameras see.
        look: Called after every tick.
    """
    from humanoid_vla.runtime.instruction import InstructionReader
    from reach_scene import EPISODE_LENGTH, Judge, draw_goal, place_objects, start_posture

    goal = draw_goal(rng, bundle)
    embedding = InstructionReader(bundle).read(goal.sentence) if bundle.language is not None else None
    place_objects(world, rng)
    world.reset(start_posture(bundle, rng))
    policy.begin(world.joint_pos)
    judge, last = Judge(bundle, world, goal), EPISODE_LENGTH - 0.5 * substeps * world.model.opt.timestep
    while world.time < last and not judge.succeeded and "wrong_touch" not in judge.failures:
        values = {
            "object_positions": world.object_positions(),
            "goal": goal.one_hot(),
            "held_time": np.array([judge.held]),
        }
        targets = policy.tick(world.joint_pos, world.joint_vel, embedding, pictures, values)
        world.step(targets, substeps)
        judge.look(targets)
        if look is not None:
            look()
    held = judge.succeeded and "wrong_touch" not in judge.failures
    return Episode(goal.name, held, frozenset(judge.failures), world.time)


def _figures(episodes: list[Episode]) -> dict[str, Any]:
    from reach_scene import FAILURES

    count, by_goal = len(episodes), defaultdict(list)
    for episode in episodes:
        by_goal[episode.goal].append(episode.held and not episode.failures)
    failures = Counter(name for episode in episodes for name in episode.failures)
    return {
        "episodes": count,
        "success_rate": sum(episode.held and not episode.failures for episode in episodes) / count,
        "touch_success_rate": sum(episode.held for episode in episodes) / count,
        "failures": {name: failures[name] / count for name in FAILURES},
        "mean_length_s": float(np.mean([episode.seconds for episode in episodes])),
        "by_goal": {name: sum(values) / len(values) for name, values in sorted(by_goal.items())},
    }


def _print(figures: dict[str, Any]) -> None:
    how = "with the action filter" if figures["filtered"] else "without the action filter"
    print(
        f"success rate  {figures['success_rate']:.3f} ({figures['episodes']} episodes, seed {figures['seed']}, {how})"
    )
    print(f"touched       {figures['touch_success_rate']:.3f} where wrong touches alone count as failures")
    print("failures      " + (", ".join(f"{name} {rate:.2f}" for name, rate in figures["failures"].items() if rate)))
    print(f"mean length   {figures['mean_length_s']:.2f} s; {figures['wall_s']:.0f} s in all")


class _Film:
    """Draws a world every few ticks, as a video.

    Raises:
        InputError: This machine cannot draw.
    """

    HEIGHT, WIDTH, FPS = 360, 480, 25

    def __init__(self, path: Path, world: Any) -> None:
        from humanoid_vla.demos.video import VideoWriter
        from humanoid_vla.runtime.mujoco_robot import Eye, spectator

        self._world, self._camera = world, spectator(target=(0.2, 0.0, 0.95), distance=1.6, azimuth=215.0)
        try:
            self._eye = Eye(world.model, self.HEIGHT, self.WIDTH)
        except RuntimeError as error:
            raise InputError(str(error)) from None
        self._video, self._next = VideoWriter(path, self.HEIGHT, self.WIDTH, self.FPS), 0.0

    def __call__(self) -> None:
        from humanoid_vla.runtime.mujoco_robot import snapshot

        if self._world.time < self._next - 1.0:  # another episode
            self._next = 0.0
        if self._world.time >= self._next:
            self._next += 1.0 / self.FPS
            self._video.add(self._eye.picture(snapshot(self._world), self._camera)[None])

    def close(self) -> None:
        """Finish the file."""
        self._video.close()
        self._eye.close()
