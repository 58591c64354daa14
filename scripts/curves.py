"""Learning curves: read from a run's TensorBoard file, drawn as PNG."""

from __future__ import annotations

import math
import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Curve:
    """One training run; every list has an entry per logged iteration."""

    wall_s: list[float]
    """Seconds of training: collecting and learning, without start-up."""
    steps: list[int]
    """Environment steps over all environments."""
    success: list[float]
    """Share of successes among the last episodes of about 512 environments: where fewer run side by side, the mean over
    as many iterations, or few environments would be credited with luck."""
    mean_return: list[float]
    """Mean undiscounted return of recent episodes (as many as RSL-RL's logger averages)."""

    def time_to(self, success: float) -> tuple[float, int] | None:
        """Seconds and steps until the success rate was first reached, or None."""
        for wall_s, steps, rate in zip(self.wall_s, self.steps, self.success, strict=True):
            if rate >= success:
                return wall_s, steps
        return None


class _PlainLoader(yaml.SafeLoader):
    """Reads plain values and leaves out Isaac Lab's Python objects: nothing in a file runs."""


_PlainLoader.add_multi_constructor("", lambda loader, suffix, node: None)


def read_curve(run_dir: Path) -> Curve:
    """Read a run of ``isaaclab train --rl_library rsl_rl``."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run_dir), size_guidance={"scalars": 0})
    events.Reload()
    with (run_dir / "params" / "agent.yaml").open(encoding="utf-8") as file:
        steps_per_env = yaml.load(file, _PlainLoader)["num_steps_per_env"]
    with (run_dir / "params" / "env.yaml").open(encoding="utf-8") as file:
        num_envs = yaml.load(file, _PlainLoader)["scene"]["num_envs"]
    logged = set(events.Tags()["scalars"])

    def series(tag: str) -> dict[int, float]:
        return {event.step: event.value for event in events.Scalars(tag)} if tag in logged else {}

    success, returns = series("Episode_Termination/success"), series("Train/mean_reward")
    recent: deque[float] = deque(maxlen=max(1, 512 // num_envs))
    collection, learning = series("Perf/collection_time"), series("Perf/learning_time")
    curve = Curve([], [], [], [])
    total, rate, mean = 0.0, 0.0, math.nan  # until the first episode has finished
    for iteration in sorted(collection):
        total += collection[iteration] + learning[iteration]
        rate, mean = success.get(iteration, rate), returns.get(iteration, mean)
        curve.wall_s.append(total)
        curve.steps.append((iteration + 1) * steps_per_env * num_envs)
        recent.append(rate)
        curve.success.append(sum(recent) / len(recent))
        curve.mean_return.append(mean)
    return curve


def save_plot(path: Path, curves: dict[str, Curve], title: str) -> None:
    """Draw success and return over wall-clock and over environment steps, one line a curve."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(10, 6), sharex="col", sharey="row", layout="constrained")
    for name, curve in curves.items():
        for column, x in enumerate(([wall / 60.0 for wall in curve.wall_s], [step / 1e3 for step in curve.steps])):
            axes[0, column].plot(x, curve.success, label=name)
            axes[1, column].plot(x, curve.mean_return, label=name)
    axes[0, 0].set_ylabel("success rate")
    axes[0, 0].set_ylim(0.0, 1.02)
    axes[1, 0].set_ylabel("mean episode return")
    axes[1, 0].set_xlabel("wall-clock of training [min]")
    axes[1, 1].set_xlabel("environment steps [thousands]")
    for axis in axes.flat:
        axis.grid(alpha=0.3)
        axis.margins(x=0)
    if len(curves) > 1:
        axes[0, 0].legend()
    figure.suptitle(title)
    temporary = path.with_name(f".{path.name}.tmp")
    figure.savefig(temporary, dpi=120, format="png")
    plt.close(figure)
    os.replace(temporary, path)
