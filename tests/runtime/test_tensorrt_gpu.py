"""TensorRT itself on a GPU against ONNX Runtime on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from bundles import DIM, IMAGE, N, make_bundle

from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.engine import LARGEST_BATCH, EngineError, make_engine

pytestmark = pytest.mark.gpu
pytest.importorskip("tensorrt")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("bundle"), language=True, camera=True)


def make_inputs(batch: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(batch)
    return {
        "proprio": rng.normal(size=(batch, 4 * N)).astype(np.float32),
        "language": rng.normal(size=(batch, DIM)).astype(np.float32),
        "camera": rng.integers(0, 256, (batch, *IMAGE), np.uint8),
    }


@pytest.mark.parametrize("cuda_graph", [False, True])
@pytest.mark.parametrize(("precision", "error"), [("fp32", 1e-5), ("fp16", 5e-3)])
def test_tensorrt_equals_onnx_runtime(
    bundle: Bundle, precision: Any, error: float, cuda_graph: bool, tmp_path: Path
) -> None:
    engine: Any = make_engine(bundle, "tensorrt", precision, cuda_graph, tmp_path)
    reference = make_engine(bundle)
    for batch in (1, 3, LARGEST_BATCH, 1):
        inputs = make_inputs(batch)
        expected, outputs = reference.run(inputs), engine.run(inputs)
        on_gpu = engine.run_torch({name: torch.from_numpy(value).cuda() for name, value in inputs.items()})
        assert outputs.keys() == expected.keys() == on_gpu.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(outputs[name], value, atol=error, rtol=0.0)
            np.testing.assert_array_equal(on_gpu[name].cpu().numpy(), outputs[name])


def test_a_batch_too_large(bundle: Bundle, tmp_path: Path) -> None:
    engine = make_engine(bundle, "tensorrt", cache=tmp_path)
    with pytest.raises(EngineError, match=f"a batch of {LARGEST_BATCH + 1} is more than the {LARGEST_BATCH}"):
        engine.run(make_inputs(LARGEST_BATCH + 1))
