"""ONNX Runtime: on the CPU, on CUDA, or through its TensorRT provider."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from humanoid_vla.runtime.engine import LARGEST_BATCH, EngineError, EngineKind, Tensor, check_inputs

PROVIDERS: dict[EngineKind, tuple[str, str]] = {
    "onnxruntime": ("CPUExecutionProvider", "pip install onnxruntime"),
    "onnxruntime-cuda": (
        "CUDAExecutionProvider",
        "pip uninstall -y onnxruntime && pip install 'onnxruntime-gpu[cuda,cudnn]'",
    ),
    "onnxruntime-tensorrt": (
        "TensorrtExecutionProvider",
        "pip uninstall -y onnxruntime && pip install 'onnxruntime-gpu[cuda,cudnn]' tensorrt",
    ),
}
"""Kind of engine -> its provider, and how to get that."""

NUMPY_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}


class OnnxEngine:
    """A network in ONNX Runtime, on one thread.

    Plain `run` on purpose: with buffers bound beforehand (`io_binding`) it took as long, measured on the CPU.

    Args:
        model: Content of an ONNX file; the first axis of all its inputs is the batch.
        kind: A key of :data:`PROVIDERS`.
        cache: Folder for the engines that the TensorRT provider builds.

    Raises:
        EngineError: The network cannot be loaded, or the provider or its device is missing.
    """

    def __init__(self, model: bytes, kind: EngineKind, cache: Path) -> None:
        self.name: str = kind
        provider, remedy = PROVIDERS[kind]
        available = ort.get_available_providers()
        if provider not in available:
            raise EngineError(
                f"engine '{kind}' needs ONNX Runtime's {provider}; this one has {', '.join(available)}: {remedy}"
            )
        if kind != "onnxruntime":
            ort.preload_dlls()  # CUDA's libraries lie in packages of their own, where no loader looks
        self._session = _open(model, [])
        nodes = self._session.get_inputs()
        self.inputs = tuple(Tensor(x.name, np.dtype(NUMPY_TYPES[x.type]), tuple(x.shape[1:])) for x in nodes)
        if kind != "onnxruntime":
            self._session = _open(model, [(provider, self._options(kind, cache))])
            if self._session.get_providers()[0] != provider:  # it only warns and goes on on the CPU
                raise EngineError(f"ONNX Runtime's {provider} finds no GPU or not its libraries: {remedy}")
        self.outputs = [node.name for node in self._session.get_outputs()]

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See :meth:`humanoid_vla.runtime.engine.Engine.run`."""
        check_inputs(self.inputs, inputs)
        values: Any = self._session.run(self.outputs, {x.name: inputs[x.name] for x in self.inputs})
        return dict(zip(self.outputs, values, strict=True))

    def _options(self, kind: EngineKind, cache: Path) -> dict[str, Any]:
        if kind == "onnxruntime-cuda":
            return {}
        cache.mkdir(parents=True, exist_ok=True)

        def profile(batch: int) -> str:
            return ",".join(f"{x.name}:{'x'.join(map(str, (batch, *x.shape)))}" for x in self.inputs)

        return {
            "trt_engine_cache_enable": True,
            "trt_engine_cache_path": str(cache),
            "trt_profile_min_shapes": profile(1),
            "trt_profile_opt_shapes": profile(1),
            "trt_profile_max_shapes": profile(LARGEST_BATCH),
        }


def _open(model: bytes, providers: list[tuple[str, dict[str, Any]]]) -> ort.InferenceSession:
    """A session on one thread; what its providers cannot run, the CPU runs."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; warnings are of optimisations that are not to be
    try:
        return ort.InferenceSession(model, options, providers=[*providers, "CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base of their own
        reason = " ".join(str(error).split())[:300]
        raise EngineError(f"ONNX Runtime cannot load the network: {reason}; export it again") from None
