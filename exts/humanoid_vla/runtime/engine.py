"""What runs a bundle's network, whatever the library: arrays by name in, arrays by name out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

import numpy as np

from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.bundle_files import POLICY

EngineKind = Literal["onnxruntime", "onnxruntime-cuda", "onnxruntime-tensorrt", "tensorrt"]
ENGINE_KINDS: tuple[EngineKind, ...] = get_args(EngineKind)
Precision = Literal["fp32", "fp16"]
LARGEST_BATCH = 64
"""Observations that an engine which must know takes at once at most."""


class EngineError(ValueError):
    """An engine that cannot be had here, or inputs that its network does not read."""


class Engine(Protocol):
    """A network, ready to run. Not for two threads at a time."""

    name: str
    """One of :data:`ENGINE_KINDS`, for reports."""

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name, new arrays.

        Args:
            inputs: Name -> (batch, ...), the same batch in all. Names that the network does not read are ignored.

        Raises:
            EngineError: If one is missing, or of another type or shape than the network's.
        """
        ...


@dataclass(frozen=True)
class Tensor:
    """An input of a network: its name, type and shape without the batch."""

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]


def make_engine(
    bundle: Bundle,
    kind: EngineKind = "onnxruntime",
    precision: Precision = "fp32",
    cuda_graph: bool = False,
    cache: Path | None = None,
) -> Engine:
    """The engine of a kind for a bundle's network, see :func:`open_engine`.

    Raises:
        BundleError: The network's file was changed.
        EngineError: The kind is unknown, or its library or device is missing; says how to get it.
    """
    return open_engine(bundle.read(POLICY), kind, precision, cuda_graph, cache)


def open_engine(
    model: bytes,
    kind: EngineKind = "onnxruntime",
    precision: Precision = "fp32",
    cuda_graph: bool = False,
    cache: Path | None = None,
) -> Engine:
    """The engine of a kind for a network.

    Args:
        model: Content of an ONNX file; the first axis of all its inputs is the batch.
        kind: ONNX Runtime on the CPU, on CUDA or through TensorRT, or TensorRT itself.
        precision: Of TensorRT itself; the others run the network as it is stored.
        cuda_graph: Whether TensorRT itself records its launches once and replays them.
        cache: Folder for the engines that TensorRT builds, None for the user's cache.

    Raises:
        EngineError: The kind is unknown, its library or device is missing, or it cannot load the network.
    """
    if kind not in ENGINE_KINDS:
        raise EngineError(f"unknown engine '{kind}'; the engines are: {', '.join(ENGINE_KINDS)}")
    if kind != "tensorrt" and (precision != "fp32" or cuda_graph):
        raise EngineError(f"engine '{kind}' runs in fp32 without CUDA graphs; 'tensorrt' knows other ways")
    cache = cache or default_cache()
    if kind == "tensorrt":
        from humanoid_vla.runtime.tensorrt_engine import TensorRtEngine

        return TensorRtEngine(model, cache, precision, cuda_graph)
    try:
        from humanoid_vla.runtime.onnx_engine import OnnxEngine
    except ImportError:
        raise EngineError(f"engine '{kind}' needs ONNX Runtime: pip install onnxruntime") from None
    return OnnxEngine(model, kind, cache)


def default_cache() -> Path:
    """Where engines are kept that took long to build."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "humanoid_vla" / "engines"


def check_inputs(tensors: Sequence[Tensor], inputs: Mapping[str, np.ndarray]) -> int:
    """Compare what is given with what a network reads.

    Returns:
        The batch of the inputs.

    Raises:
        EngineError: See :meth:`Engine.run`.
    """
    batch = None
    for tensor in tensors:
        if tensor.name not in inputs:
            names = ", ".join(tensor.name for tensor in tensors)
            raise EngineError(f"input '{tensor.name}' is missing; the network reads {names}")
        value = inputs[tensor.name]
        first = batch is None
        if first:
            batch = value.shape[0] if value.ndim else 0
        if not batch or value.dtype != tensor.dtype or value.shape != (batch, *tensor.shape):
            shape = ", ".join(map(str, ("batch" if first else batch, *tensor.shape)))
            raise EngineError(
                f"input '{tensor.name}' is {value.dtype} of shape {value.shape}; the network reads"
                f" {tensor.dtype} of ({shape})"
            )
    return batch or 0
