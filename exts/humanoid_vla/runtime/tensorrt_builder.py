"""From an ONNX file to an engine of TensorRT 10 or 11: built once for a GPU, then read from a cache."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from humanoid_vla.runtime.engine import LARGEST_BATCH, EngineError, Precision
from humanoid_vla.runtime.half_precision import to_half

INSTALL = "pip install tensorrt-cu13 (or tensorrt-cu12, as nvidia-smi's CUDA version says)"


def load_tensorrt() -> Any:
    """The module `tensorrt`.

    Raises:
        EngineError: It is not installed, cannot load its libraries, or is of another version than 10 and 11.
    """
    try:
        import tensorrt as trt  # pyright: ignore[reportMissingImports]
    except (ImportError, OSError) as error:
        raise EngineError(f"engine 'tensorrt' needs TensorRT 10 or 11 ({error}): {INSTALL}") from None
    if trt.__version__.partition(".")[0] not in ("10", "11"):
        raise EngineError(f"engine 'tensorrt' needs TensorRT 10 or 11, this is {trt.__version__}: {INSTALL}")
    return trt


def read_or_build(trt: Any, model: bytes, cache: Path, precision: Precision, gpu: str) -> bytes:
    """The engine of a network from the cache, built where it is not there.

    It is good for one network, GPU, version of TensorRT and precision: all four are in its name.

    Args:
        trt: See :func:`load_tensorrt`.
        model: Content of the ONNX file.
        cache: Folder of engines. Only what this machine's user wrote should be in it: engines are code.
        precision: Of the arithmetic.
        gpu: Name of the GPU.

    Raises:
        EngineError: TensorRT cannot read the network or build the engine.
    """
    digest = hashlib.sha256(model).hexdigest()
    slug = re.sub(r"\W+", "-", gpu)
    place = cache / f"{digest[:32]}_{slug}_trt-{trt.__version__}_{precision}_{LARGEST_BATCH}.engine"
    if not place.is_file():
        write_whole(place, build(trt, model if precision == "fp32" else to_half(model)))
    return place.read_bytes()


def build(trt: Any, model: bytes) -> bytes:
    """Build an engine for batches from 1 to :data:`LARGEST_BATCH`, best for 1, that keeps the graph's precisions.

    Strongly typed, which TensorRT 10 offers and TensorRT 11 always is: one way for both.

    Args:
        trt: See :func:`load_tensorrt`.
        model: Content of an ONNX file.

    Raises:
        EngineError: TensorRT cannot read the network or build the engine.
    """
    logger = trt.Logger(trt.Logger.WARNING)
    builder = trt.Builder(logger)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(model):
        reasons = []
        for index in range(parser.num_errors):
            error = parser.get_error(index)
            reasons.append(error.desc())
        raise EngineError(
            f"TensorRT {trt.__version__} cannot read the network: {' '.join('; '.join(reasons).split())[:500]}"
        )
    config = builder.create_builder_config()
    config.clear_flag(trt.BuilderFlag.TF32)  # which keeps ten bits: actions would be 1e-3 off
    profile = builder.create_optimization_profile()
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        shape = tuple(tensor.shape)[1:]
        profile.set_shape(tensor.name, (1, *shape), (1, *shape), (LARGEST_BATCH, *shape))
    config.add_optimization_profile(profile)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise EngineError(f"TensorRT {trt.__version__} cannot build the network, for the reasons printed above")
    return bytes(engine)


def write_whole(place: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, whoever else writes it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{place.name}-", dir=place.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(place)
    finally:
        Path(temporary).unlink(missing_ok=True)
