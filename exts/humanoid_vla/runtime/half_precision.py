"""A network in half precision, for engines that take the precision from the graph."""

from __future__ import annotations

from pathlib import Path

from humanoid_vla.runtime.engine import EngineError


def to_half(model: Path) -> bytes:
    """An ONNX file's network with weights and arithmetic in float16; its inputs and outputs keep their types.

    Args:
        model: The ONNX file.

    Raises:
        EngineError: If the package `onnx` is missing.
    """
    try:
        import onnx
        from onnxruntime.transformers.float16 import convert_float_to_float16
    except ImportError as error:
        raise EngineError(
            f"half precision needs the packages onnx and onnxruntime ({error}): pip install onnx"
        ) from None
    return convert_float_to_float16(onnx.load(str(model)), keep_io_types=True).SerializeToString()
