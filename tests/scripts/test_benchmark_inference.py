"""The latency benchmark: what it measures, and what it refuses."""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark_inference import CPU, EAGER, Subject, compare, engine_ways, make_inputs, run_inference, torch_ways
from common import InputError
from humanoid_vla.export.graph import Affine, PolicyGraph
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy

ARGS: dict[str, Any] = {"rounds": 1, "calls": 1, "device": "cpu", "bundle": None, "realtime": False}


def test_faster_means_faster() -> None:
    def way(seconds: float, answer: float) -> Any:
        def act() -> np.ndarray:
            time.sleep(seconds)
            return np.array([answer])

        return act

    ways = {EAGER: way(4e-3, 1.0), "torch compiled": way(2e-3, 1.5), CPU: way(1e-3, 1.1), "tensorrt": way(1e-4, 1.2)}
    rows = compare(ways, {name: act() for name, act in ways.items()}, rounds=3, calls=5)
    speedups = [row["speedup_over_torch"] for row in rows]
    assert speedups == sorted(speedups)
    assert speedups[0] == 1.0
    assert all(row["p50_ms"] <= row["p99_ms"] for row in rows)
    assert all(row["cpu_p99_ms"] < 1.0 for row in rows)  # sleep is none of the thread's own time
    # torch against torch, engines against ONNX Runtime
    assert [row["difference"] for row in rows] == pytest.approx([0.0, 0.5, 0.0, 0.1])


def test_all_ways_give_the_same_actions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr("benchmark_inference.shutil.which", lambda name: None)  # no compiler: compiling takes long

    shapes: dict[str, tuple[int, ...]] = {"proprio": (5,), "language": (7,)}
    inputs = make_inputs(shapes)
    obs = {name: torch.from_numpy(value) for name, value in inputs.items()}
    policy = SquashedGaussianPolicy(obs, {"actor": list(shapes)}, "actor", 2, hidden_dims=[8]).eval()
    graph, file = PolicyGraph(policy, Affine([0.0, 0.0], [1.0, 1.0]), shapes), tmp_path / "policy.onnx"
    torch.onnx.export(
        graph, tuple(obs.values()), file, input_names=list(obs), output_names=graph.output_names, dynamo=False
    )  # fmt: skip
    subject, missing = Subject("tiny", policy, file.read_bytes(), inputs, list(shapes)), {}
    ways = torch_ways(subject, "cpu") | engine_ways(subject, missing)
    expected = ways[EAGER]()
    np.testing.assert_allclose(ways[CPU](), expected, atol=1e-6)
    np.testing.assert_allclose(ways["torch eager bfloat16"](), expected, atol=3e-2)
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "torch compiled: needs a C++ compiler: apt-get install g++"
    assert all(told.count(line) == 1 for line in missing.values())
    engine_ways(subject, missing)
    assert not capsys.readouterr().out  # told once


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rounds": 0}, "--rounds and --calls must be at least 1"),
        ({"bundle": Path("nowhere")}, "there is no bundle 'nowhere'"),
    ],
)
def test_bad_input(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run_inference(Namespace(**ARGS | change))


def test_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(InputError, match="--device 'cuda' is not on this machine; use cpu"):
        run_inference(Namespace(**ARGS | {"device": "cuda"}))
