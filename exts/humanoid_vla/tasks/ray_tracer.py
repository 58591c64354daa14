"""Newton's ray tracer on a CPU: all cores, and only the pictures that are out of date.

Warp runs a kernel on one core. Here the worlds are rendered in blocks, which threads take from a common list: Warp's
kernels run outside Python's interpreter lock. A block none of whose cameras is out of date is left out: after a reset,
which asks for a second picture in the same step, only the blocks with environments that were reset are rendered.
Pictures are the same to the last bit. On a GPU, where one launch fills the device, Isaac Lab's renderer is unchanged.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
import warp as wp
from isaaclab.renderers.camera_render_spec import CameraRenderSpec
from isaaclab.sensors.camera import CameraData
from isaaclab.utils import configclass
from isaaclab.utils.warp import ProxyArray
from isaaclab_newton.renderers import NewtonWarpRendererCfg
from isaaclab_newton.renderers.newton_warp_renderer import NewtonWarpRenderer, RenderData
from newton import Model, State
from newton.sensors import SensorTiledCamera

NUM_BLOCKS = 16
"""Blocks the worlds are divided into, or more: 16 cost 7 % of a core, and a reset renders a sixteenth again."""


class _Block(NamedTuple):
    """Some successive worlds, and the model as it looks if there were no others."""

    worlds: slice
    model: Model


class BlockSensor(SensorTiledCamera):
    """Newton's camera sensor, which renders blocks of worlds in threads."""

    def __init__(self, model: Any, render_config: SensorTiledCamera.RenderConfig) -> None:
        super().__init__(model, default_render_config=render_config)
        worlds = model.world_count
        size = next(size for size in range(max(1, worlds // NUM_BLOCKS), 0, -1) if worlds % size == 0)
        roots = model.bvh_shapes_group_roots.numpy()
        self._blocks: list[_Block] = []
        for start in range(0, worlds, size):
            part: Any = copy.copy(model)
            part.world_count = size
            # The last root belongs to what all worlds share, the ground.
            part_roots = [*roots[start : start + size], roots[-1]]
            part.bvh_shapes_group_roots = wp.array(part_roots, dtype=wp.int32, device=model.device)
            self._blocks.append(_Block(slice(start, start + size), part))
        self.outdated = torch.ones(worlds, dtype=torch.bool)
        """Worlds to render in the next update, shape (num_worlds,); the others in their blocks are rendered too."""
        threads = min(len(os.sched_getaffinity(0)), len(self._blocks))
        # A sensor of its own for each thread, because it is told which block's model to render.
        self.tracers = [
            SensorTiledCamera(self._blocks[0].model, default_render_config=render_config) for _ in range(threads)
        ]
        """What renders the blocks, one for each thread."""
        self._pool = ThreadPoolExecutor(max_workers=max(1, threads - 1), thread_name_prefix="ray_tracer")
        self._compiled: set[frozenset[str]] = set()

    def update(  # type: ignore[override]  (the images are named in Newton's)
        self,
        state: State,
        camera_transforms: Any,
        camera_rays: Any,
        *,
        clear_data: Any,
        kernel_block_dim: int,
        **images: wp.array | None,
    ) -> None:
        """Render the outdated blocks; arguments and images as in Newton's method."""
        images = {name: image for name, image in images.items() if image is not None}
        blocks = iter([block for block in self._blocks if self.outdated[block.worlds].any()])

        def render(tracer: SensorTiledCamera, blocks: Iterator[_Block]) -> None:
            for worlds, model in blocks:
                tracer.model = model
                tracer.update(
                    state,
                    camera_transforms[:, worlds],
                    camera_rays,
                    clear_data=clear_data,
                    kernel_block_dim=kernel_block_dim,
                    **{name: image[worlds] for name, image in images.items()},  # type: ignore[index]
                )

        if (outputs := frozenset(images)) not in self._compiled:
            for tracer in self.tracers:  # each compiles or loads its kernel, which is not to be done in parallel
                render(tracer, iter(self._blocks[:1]))
            self._compiled.add(outputs)
        others = [self._pool.submit(render, tracer, blocks) for tracer in self.tracers[1:]]
        render(self.tracers[0], blocks)
        for other in others:
            other.result()


class BlockRenderer(NewtonWarpRenderer):
    """Isaac Lab's renderer with :class:`BlockSensor` on a CPU, and with a light that can be moved."""

    def __init__(self, cfg: BlockRendererCfg) -> None:
        super().__init__(cfg)
        self._captured: WeakKeyDictionary[RenderData, torch.Tensor] = WeakKeyDictionary()
        """For each camera the frame its pictures were taken in, -1 since a reset; shape (num_envs,), int64."""
        self._outdated: WeakKeyDictionary[RenderData, torch.Tensor] = WeakKeyDictionary()

    def initialize(self) -> None:
        super().initialize()
        model: Any = self.backend.model  # type: ignore[union-attr]
        if model.device.is_cpu:
            assert self.newton_sensor is not None
            self.newton_sensor = BlockSensor(model, self.newton_sensor.default_render_config)
            if self.cfg.create_default_light:
                self.set_light(None)

    def set_light(self, direction: tuple[float, float, float] | None) -> None:
        """Turn the light, which all environments share, to shine along a unit vector; None is Newton's default."""
        assert self.newton_sensor is not None
        sensor, vector = self.newton_sensor, None if direction is None else wp.vec3f(*direction)  # type: ignore[arg-type]
        for tracer in sensor.tracers if isinstance(sensor, BlockSensor) else [sensor]:
            tracer.utils.create_default_light(enable_shadows=self.cfg.enable_shadows, direction=vector)
        for render_data in self._captured:
            render_data.graph = None  # a captured CUDA graph reads the old light's memory

    def create_render_data(self, spec: CameraRenderSpec) -> RenderData:
        render_data = super().create_render_data(spec)
        self._captured[render_data] = torch.full((spec.num_instances,), -1, device=spec.device)
        return render_data

    def reset(self, render_data: RenderData, env_ids: Sequence[int] | torch.Tensor | None = None) -> None:
        """Mark the pictures of environments that are reset as out of date."""
        ids = torch.as_tensor(env_ids).long() if env_ids is not None else slice(None)
        self._captured[render_data][ids] = -1

    def prepare_capture(self, render_data: RenderData, camera_data: CameraData, frame: ProxyArray) -> None:
        """Find out which pictures are wanted: Isaac Lab has just counted up their frames."""
        captured = self._captured[render_data]
        self._outdated[render_data] = frame.torch != captured
        captured.copy_(frame.torch)

    def render(self, render_data: RenderData) -> None:
        if isinstance(self.newton_sensor, BlockSensor):
            self.newton_sensor.outdated = self._outdated[render_data]
        super().render(render_data)


@configclass
class BlockRendererCfg(NewtonWarpRendererCfg):
    """:class:`BlockRenderer` in place of Newton's renderer."""

    class_type: type[BlockRenderer] | str = "{DIR}.ray_tracer:BlockRenderer"
