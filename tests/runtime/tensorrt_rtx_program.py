"""Builds an engine with our builder and a real TensorRT: the one for RTX cards, which any machine can have.

Its bindings are TensorRT 11's under another name, and it builds without a GPU if told for which. Run as a program with
an ONNX file, a precision and a folder for the cache, it prints the path of the engine.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import tensorrt_rtx_bindings as trt_rtx  # pyright: ignore[reportMissingImports]

trt: Any = trt_rtx
sys.modules["tensorrt"] = trt
trt.__version__ = "11.0 (for RTX " + trt.__version__ + ")"
create_builder_config = trt.Builder.create_builder_config


def create_config_without_gpu(builder: Any) -> Any:
    config = create_builder_config(builder)
    config.num_compute_capabilities = 1
    config.set_compute_capability(trt.ComputeCapability.SM86, 0)
    return config


trt.Builder.create_builder_config = create_config_without_gpu

if __name__ == "__main__":
    from humanoid_vla.runtime.engine import EngineError
    from humanoid_vla.runtime.tensorrt_builder import load_tensorrt, read_or_build

    model, precision, cache = Path(sys.argv[1]).read_bytes(), sys.argv[2], Path(sys.argv[3])
    try:
        engine = read_or_build(load_tensorrt(), model, cache, precision, "RTX 3090")  # pyright: ignore[reportArgumentType]
    except EngineError as error:
        sys.exit(f"EngineError: {error}")
    print(len(engine))
