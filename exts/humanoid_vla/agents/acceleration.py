"""Faster updates by wrapping them: reduced precision, compilation, CUDA graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

WARM_UP_CALLS = 3
"""What CUDA libraries, compiled kernels and optimisers allocate at first use must not be recorded."""


def accelerate[**P, T](
    function: Callable[P, T], device: torch.device, autocast: bool = False, compile: bool = False
) -> Callable[P, T]:
    """The same loss function, faster.

    Args:
        function: From a batch to a loss and figures. It casts what networks give to float32 before it computes with it.
        device: Where it runs.
        autocast: Whether matrix products and convolutions are in bfloat16. Weights stay in float32, and so does the
            loss: bfloat16 has the exponents of float32, no scaling of gradients is needed.
        compile: Whether `torch.compile` translates it, backward pass included.
    """
    if compile:
        function = torch.compile(function)
    if autocast:
        # no weight is read twice in a loss, and a cache must not outlive the recording of a CUDA graph
        function = torch.autocast(device.type, torch.bfloat16, cache_enabled=False)(function)
    return function


class CudaGraphs:
    """Records what a function does on the GPU and replays it: one launch in place of hundreds.

    The function may read and write tensors that stay where they are, and draw random numbers; it must not wait for the
    device. After its first calls, which run as they are, it runs once more for each argument to be recorded. Everything
    it does in Python then no longer happens. Source: the technique of "PyTorch CUDA graphs" (pytorch.org/blog).

    Args:
        function: Called with one argument that says what it does; gives tensors by name.
    """

    def __init__(self, function: Callable[[bool], dict[str, torch.Tensor]]) -> None:
        self._function = function
        self._num_calls: dict[bool, int] = {}
        self._recorded: dict[bool, tuple[Any, dict[str, torch.Tensor]]] = {}
        self._stream: torch.cuda.Stream | None = None

    def __call__(self, which: bool) -> dict[str, torch.Tensor]:
        """What the function gives; the tensors are the caller's to keep."""
        if which not in self._recorded:
            calls = self._num_calls[which] = self._num_calls.get(which, 0) + 1
            if calls <= WARM_UP_CALLS:
                return self._warm_up(which)
            graph = torch.cuda.CUDAGraph()
            # records, but does nothing yet; what other threads do meanwhile, a renderer's for instance, is their affair
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                outputs = self._function(which)
            self._recorded[which] = graph, outputs
        graph, outputs = self._recorded[which]
        graph.replay()
        return {name: value.clone() for name, value in outputs.items()}  # the next replay overwrites them

    def _warm_up(self, which: bool) -> dict[str, torch.Tensor]:
        """Run it as it is, on a stream of its own as recording does."""
        if self._stream is None:  # one for all calls: each stream keeps memory of its own
            self._stream = torch.cuda.Stream()
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            outputs = self._function(which)
        torch.cuda.current_stream().wait_stream(self._stream)
        return outputs
