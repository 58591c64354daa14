"""What the comparisons with other libraries share: a file of finished runs that a later call adds to."""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from typing import Any

from common import InputError


def load_runs(args: argparse.Namespace, settings: Sequence[str]) -> dict[str, Any]:
    """The figures so far, in ``args.json``; none at first.

    Args:
        args: The command line.
        settings: Names of the arguments that all runs of a file share.

    Raises:
        InputError: The file is of another comparison.
    """
    shared = {name: getattr(args, name) for name in settings}
    if not args.json.exists():
        return {**shared, "runs": [], "summary": {}}
    try:
        figures = json.loads(args.json.read_text(encoding="utf-8"))
        different = [name for name, value in shared.items() if figures[name] != value]
    except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError):
        raise InputError(f"'{args.json}' holds something else; give another file") from None
    if different:
        raise InputError(f"'{args.json}' was made with another {', '.join(different)}; give another file")
    return figures


def check_env(name: str) -> None:
    """Raise :class:`InputError` where Gymnasium knows no such environment."""
    import gymnasium as gym

    try:
        gym.spec(name)
    except gym.error.Error as error:
        raise InputError(f"unknown environment '{name}': {error}") from None


def standard_error(values: Sequence[float], digits: int) -> float | None:
    """s / sqrt(n), with the standard deviation of a sample; None of a single value."""
    return round(statistics.stdev(values) / len(values) ** 0.5, digits) if len(values) > 1 else None
