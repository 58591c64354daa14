"""``scripts/benchmark.py loop``, for a moment."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmark_loop import run_loop
from common import InputError

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runtime"))

from bundles import make_bundle  # pyright: ignore[reportMissingImports]


def run(**arguments: Any) -> dict[str, Any]:
    return run_loop(argparse.Namespace(**{"bundle": None, "seconds": 1.0, "rate": 400.0, "plot": None} | arguments))


def test_its_figures(tmp_path: Path) -> None:
    make_bundle(tmp_path / "bundle", language=True, camera=True)
    figures = json.loads(json.dumps(run(bundle=tmp_path / "bundle", plot=tmp_path / "jitter.png")))
    for row in (figures, figures["ordinary"], figures["naive"]):
        assert row["mean_period_ms"] >= 2.49
        assert {"drift_ms", "p99_late_ms", "overruns"} <= row.keys()
        assert row["states"][-1]["state"] == "stopped"
        assert not row["torch_loaded"]
    assert figures["bytes_per_tick"] <= 1024.0
    assert (tmp_path / "jitter.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "arguments", [{"seconds": 0.0}, {"rate": float("nan")}, {"bundle": Path("nowhere")}], ids=lambda value: str(value)
)
def test_bad_input_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(arguments))):
        run(**arguments)
