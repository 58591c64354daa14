"""Wall-clock and environment steps that finished training runs needed to reach a success rate."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from common import InputError
from curves import read_curve, save_plot


def run_learning(args: argparse.Namespace) -> dict[str, Any]:
    """Compare training runs, given as ``name=RUN_DIR``."""
    curves = {}
    for run in args.runs:
        name, _, folder = run.partition("=")
        if not folder or not (Path(folder) / "params" / "agent.yaml").is_file():
            raise InputError(f"'{run}' names no training run; give NAME=RUN_DIR, the folder with model_*.pt in it")
        curves[name] = read_curve(Path(folder))
    figures: dict[str, Any] = {}
    print(f"{'run':12} {'to ' + format(args.success, '.0%'):>10} {'steps':>12} {'best':>8} {'trained':>10}")
    for name, curve in curves.items():
        wall_s, steps = curve.time_to(args.success) or (None, None)
        figures[name] = {"wall_s": wall_s, "steps": steps, "best": max(curve.success), "trained_s": curve.wall_s[-1]}
        reached = f"{wall_s:>8.0f} s {steps:>12,}" if wall_s is not None else f"{'never':>10} {'':>12}"
        print(f"{name:12} {reached} {max(curve.success):>8.3f} {curve.wall_s[-1]:>8.0f} s")
    if args.plot:
        save_plot(args.plot, curves, title=f"Training runs: {', '.join(curves)}")
    return figures
