"""TensorRT 10 or 11 itself: an engine built from the ONNX graph, run on a stream of torch's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from humanoid_vla.runtime.engine import LARGEST_BATCH, EngineError, Precision, Tensor, check_inputs
from humanoid_vla.runtime.tensorrt_builder import load_tensorrt, read_or_build

if TYPE_CHECKING:
    import torch


class TensorRtEngine:
    """A network in TensorRT, on torch's current GPU.

    Every tensor has one buffer on the GPU, of :data:`LARGEST_BATCH` rows, and keeps it: TensorRT is told the addresses
    once, and a CUDA graph stays good until the batch changes.

    Args:
        model: Content of an ONNX file; the first axis of all its inputs is the batch.
        cache: Folder for engines, which take a minute to build.
        precision: Of the arithmetic; inputs and outputs keep their types.
        cuda_graph: Whether the launches of a run are recorded once and then replayed at once.

    Raises:
        EngineError: TensorRT, torch or a GPU is missing, or TensorRT cannot take the network.
    """

    name = "tensorrt"

    def __init__(self, model: bytes, cache: Path, precision: Precision = "fp32", cuda_graph: bool = False) -> None:
        trt = load_tensorrt()
        self._torch: Any = _load_torch()
        gpu = self._torch.cuda.get_device_name()
        plan = read_or_build(trt, model, cache, precision, gpu)
        logger = trt.Logger(trt.Logger.WARNING)
        runtime = trt.Runtime(logger)
        engine = runtime.deserialize_cuda_engine(plan)
        if engine is None:
            raise EngineError(f"TensorRT {trt.__version__} cannot load its engine: delete those in '{cache}'")
        self._context = engine.create_execution_context()
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        tensors = {}
        for name in names:
            dtype, shape = trt.nptype(engine.get_tensor_dtype(name)), tuple(engine.get_tensor_shape(name))
            tensors[name] = Tensor(name, np.dtype(dtype), shape[1:])
        inputs = [name for name in names if engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT]
        self.inputs = tuple(tensors[name] for name in inputs)
        self.outputs = [name for name in names if name not in inputs]
        self._device = {name: self._buffer(tensor, device="cuda") for name, tensor in tensors.items()}
        self._host = {name: self._buffer(tensor, pin_memory=True) for name, tensor in tensors.items()}
        for name, buffer in self._device.items():
            self._context.set_tensor_address(name, buffer.data_ptr())
        # the context needs them as long as it lives
        self._keep = logger, runtime, engine
        self._stream = self._torch.cuda.Stream()
        self._batch, self._use_graph, self._graph = 0, cuda_graph, None

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See :meth:`humanoid_vla.runtime.engine.Engine.run`."""
        batch = self._check(inputs)
        with self._torch.cuda.stream(self._stream):
            for tensor in self.inputs:
                staged = self._host[tensor.name][:batch]
                staged.numpy()[...] = inputs[tensor.name]
                self._device[tensor.name][:batch].copy_(staged, non_blocking=True)
            self._execute(batch)
            for name in self.outputs:
                self._host[name][:batch].copy_(self._device[name][:batch], non_blocking=True)
        self._stream.synchronize()
        return {name: self._host[name][:batch].numpy().copy() for name in self.outputs}

    def run_torch(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The same for tensors on the GPU, in the order of the current stream; nothing waits for the result."""
        described = {name: _describe(value) for name, value in inputs.items()}
        batch = self._check(described)
        current = self._torch.cuda.current_stream()
        self._stream.wait_stream(current)
        with self._torch.cuda.stream(self._stream):
            for tensor in self.inputs:
                self._device[tensor.name][:batch].copy_(inputs[tensor.name], non_blocking=True)
            self._execute(batch)
        current.wait_stream(self._stream)
        return {name: self._device[name][:batch].clone() for name in self.outputs}

    def _check(self, inputs: Mapping[str, np.ndarray]) -> int:
        batch = check_inputs(self.inputs, inputs)
        if batch > LARGEST_BATCH:
            raise EngineError(f"a batch of {batch} is more than the {LARGEST_BATCH} that the engine was built for")
        return batch

    def _execute(self, batch: int) -> None:
        """Run what the buffers hold, on the current stream, which is this engine's."""
        if batch != self._batch:
            for tensor in self.inputs:
                self._context.set_input_shape(tensor.name, (batch, *tensor.shape))
            self._batch, self._graph = batch, None
        if not self._use_graph:
            self._enqueue()
            return
        if self._graph is None:
            self._enqueue()  # the first run of a shape allocates, which must not be recorded
            self._stream.synchronize()
            self._graph = self._torch.cuda.CUDAGraph()
            with self._torch.cuda.graph(self._graph, stream=self._stream):
                self._enqueue()
        self._graph.replay()

    def _enqueue(self) -> None:
        if not self._context.execute_async_v3(self._stream.cuda_stream):
            raise RuntimeError("TensorRT could not start the network, for the reasons printed above")

    def _buffer(self, tensor: Tensor, **place: Any) -> torch.Tensor:
        """Room for the largest batch of a tensor, zeros."""
        dtype = self._torch.from_numpy(np.empty(0, tensor.dtype)).dtype
        return self._torch.zeros(LARGEST_BATCH, *tensor.shape, dtype=dtype, **place)


def _load_torch() -> Any:
    try:
        import torch
    except ImportError:
        raise EngineError("engine 'tensorrt' needs torch for the GPU's memory: pip install torch") from None
    if not torch.cuda.is_available():
        raise EngineError("engine 'tensorrt' needs an NVIDIA GPU and its driver; torch finds none (nvidia-smi tells)")
    return torch


def _describe(value: torch.Tensor) -> np.ndarray:
    """An array of a tensor's type and shape that takes no room."""
    return np.broadcast_to(np.empty((), str(value.dtype).removeprefix("torch.")), tuple(value.shape))
