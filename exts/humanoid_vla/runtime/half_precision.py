"""A network in half precision, for engines that take the precision from the graph."""

from __future__ import annotations

from humanoid_vla.runtime.engine import EngineError


def to_half(model: bytes) -> bytes:
    """A network with weights and arithmetic in float16; its inputs and outputs keep their types.

    Args:
        model: Content of an ONNX file.

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
    return convert_float_to_float16(onnx.load_from_string(model), keep_io_types=True).SerializeToString()
