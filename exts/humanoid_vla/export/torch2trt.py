"""torch2trt: from torch to TensorRT 10 without ONNX between them, for those who have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from humanoid_vla.export.graph import ExportError, PolicyGraph
from humanoid_vla.runtime.bundle import Input
from humanoid_vla.runtime.engine import LARGEST_BATCH, Precision

INSTALL = "pip install 'tensorrt-cu12>=10,<11' (or tensorrt-cu13), then torch2trt from NVIDIA-AI-IOT's repository"
LARGEST_ERROR = {"fp32": 1e-4, "fp16": 1e-2}
"""Of actions: torch2trt warns of what it does not know, takes it for a constant and goes on."""


def convert_with_torch2trt(graph: PolicyGraph, inputs: Sequence[Input], precision: Precision = "fp32") -> nn.Module:
    """A policy of vectors as torch2trt's module: called with the groups in order, it returns actions and targets.

    Pictures and states go to the engine ``tensorrt`` of :mod:`humanoid_vla.runtime.engine`: torch2trt knows no bytes
    and gives up at our vision encoder.

    Args:
        graph: See :class:`.graph.PolicyGraph`; it is moved to the GPU.
        inputs: The observation groups that it reads, in its order.
        precision: Of the arithmetic.

    Raises:
        ExportError: torch2trt, TensorRT 10 or a GPU is missing, the policy reads more than vectors, or the module
            answers otherwise than torch.
    """
    torch2trt = load_torch2trt()
    if graph.state_names or any(len(group.shape) != 1 for group in inputs):
        raise ExportError("torch2trt converts policies of vectors alone; for pictures and states: engine 'tensorrt'")
    if not torch.cuda.is_available():
        raise ExportError("torch2trt needs an NVIDIA GPU and its driver; torch finds none (nvidia-smi tells)")
    graph = graph.to("cuda").eval()
    examples = {batch: [torch.randn(batch, *group.shape, device="cuda") for group in inputs] for batch in (1, 3, 64)}
    rows = [[(batch, *group.shape) for group in inputs] for batch in (1, LARGEST_BATCH)]
    with torch.no_grad():
        shapes = {"min_shapes": rows[0], "opt_shapes": rows[0], "max_shapes": rows[1]}
        module = torch2trt(graph, examples[1], fp16_mode=precision == "fp16", **shapes)
        for batch, obs in examples.items():
            error = (module(*obs)[0] - graph(*obs)[0]).abs().max().item()
            if not error <= LARGEST_ERROR[precision]:
                raise ExportError(f"torch2trt's module is {error:.1e} off with batch {batch}; take engine 'tensorrt'")
    return module


def load_torch2trt() -> Any:
    """The function `torch2trt.torch2trt`.

    Raises:
        ExportError: torch2trt or TensorRT 10 is missing.
    """
    try:
        import tensorrt as trt  # pyright: ignore[reportMissingImports]

        if trt.__version__.partition(".")[0] != "10":
            raise ExportError(f"torch2trt works with TensorRT 10, this is {trt.__version__}: {INSTALL}")
        import torch2trt  # pyright: ignore[reportMissingImports]

        return torch2trt.torch2trt
    except (ImportError, OSError, AttributeError) as error:
        raise ExportError(f"torch2trt cannot be loaded ({error}): {INSTALL}") from None
