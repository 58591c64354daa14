"""Engines are really built, by a TensorRT that needs no GPU for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import onnx
import onnx.helper
import pytest
import torch
from bundles import DIM, IMAGE, N
from tensorrt_bindings_api import NotHereError, fetch

from humanoid_vla.export.graph import Affine, PolicyGraph, make_onnx
from humanoid_vla.policies.vla import VlaPolicy
from humanoid_vla.runtime.bundle import Input

LIBRARIES = "onnxruntime-ep-nv-tensorrt-rtx-cu13==0.5.0"  # 140 MB
BINDINGS = "tensorrt-rtx-cu13-bindings==1.7.1.116"
GROUPS = {"proprio": (4 * N,), "language": (DIM,), "camera": IMAGE}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where the program finds TensorRT for RTX."""
    folder = tmp_path_factory.mktemp("wheels")
    try:
        libraries, bindings = fetch(LIBRARIES, folder), fetch(BINDINGS, folder)
    except NotHereError as reason:
        pytest.skip(str(reason))
    links = folder / "libraries"
    links.mkdir()
    for file in libraries.glob("*/libtensorrt*.so.*"):
        (links / f"{file.name.partition('.so')[0]}.so.1").symlink_to(file)
    return dict(os.environ) | {"LD_LIBRARY_PATH": str(links), "PYTHONPATH": str(bindings)}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vision-language-action policy as a bundle holds it."""
    torch.manual_seed(0)
    inputs = [Input(name, "uint8" if name == "camera" else "float32", shape, 1, ()) for name, shape in GROUPS.items()]
    obs = {group.name: torch.zeros(1, *group.shape, dtype=getattr(torch, group.dtype)) for group in inputs}
    policy = VlaPolicy(obs, {"actor": list(GROUPS)}, "actor", N, dim=16, num_heads=2).eval()
    file = tmp_path_factory.mktemp("model") / "policy.onnx"
    file.write_bytes(make_onnx(PolicyGraph(policy, Affine([0.0] * N, [1.0] * N), GROUPS), inputs).content)
    return file


def build(model: Path, precision: str, cache: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, Path(__file__).with_name("tensorrt_rtx_program.py"), model, precision, cache]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)


def test_an_engine_is_built_once_for_each_precision(model: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    for precision in ("fp32", "fp16", "fp32"):
        before = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
        done = build(model, precision, tmp_path, environment)
        assert done.returncode == 0, done.stderr
        (engine,) = tmp_path.glob(f"*_RTX-3090_trt-11.0*_{precision}_*.engine")
        assert done.stdout.splitlines()[-1] == str(engine.stat().st_size)
        assert all(file.stat().st_mtime_ns == time for file, time in before.items())
    assert len(list(tmp_path.iterdir())) == 2


def test_what_tensorrt_cannot_read_is_told_in_one_line(tmp_path: Path, environment: dict[str, str]) -> None:
    """It does nothing with bytes but to convert them: that is why exported graphs do that first."""
    make = onnx.helper
    picture = make.make_tensor_value_info("camera", onnx.TensorProto.UINT8, ["batch", 4, 4, 3])
    flat = make.make_tensor_value_info("flat", onnx.TensorProto.UINT8, ["batch", 48])
    graph = make.make_graph([make.make_node("Flatten", ["camera"], ["flat"])], "bytes", [picture], [flat])
    file = tmp_path / "policy.onnx"
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 18)], ir_version=8), str(file))
    done = build(file, "fp32", tmp_path / "cache", environment)
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line.startswith("EngineError: TensorRT 11.0")
    assert "cannot read the network" in line
    assert "UInt8" in line
    assert not (tmp_path / "cache").exists()
