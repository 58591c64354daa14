"""Event terms that change what cameras see: colours, light, and where a camera is mounted.

With Newton's ray tracer a colour belongs to a shape, so each environment has its own; the ground and the light's
direction exist once for all environments. Its lights have no intensity. What an environment's camera sees is linear in
the colours, though, so a brighter light is the same as all colours of that environment being brighter: that is how
intensity is varied, except on the ground.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import torch
import warp as wp
from isaaclab.managers import EventTermCfg, ManagerTermBase
from isaaclab.utils.math import quat_from_euler_xyz, quat_mul

from humanoid_vla.tasks.ray_tracer import BlockRenderer

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedEnv


def linear_from_srgb(values: torch.Tensor) -> torch.Tensor:
    """Linear light of sRGB values in [0, 1] (IEC 61966-2-1), any shape."""
    return torch.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def srgb_from_linear(values: torch.Tensor) -> torch.Tensor:
    """The inverse of :func:`linear_from_srgb`; values beyond 1 are cut off."""
    values = values.clamp(0.0, 1.0)
    return torch.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1.0 / 2.4) - 0.055)


def _renderer_and_model(env: ManagerBasedEnv, cfg: EventTermCfg) -> tuple[BlockRenderer, Any]:
    """What renders the camera named in an event's parameters, and Newton's model, which it draws."""
    sensor_name: Any = cfg.params["sensor_name"]
    renderer = env.sim.get_or_create_backend(env.scene[sensor_name].cfg.renderer_cfg)
    if not isinstance(renderer, BlockRenderer):
        raise ValueError(
            f"the renderer of '{sensor_name}' is {type(renderer).__name__}, but only Newton's ray tracer can change"
            " colours and light: remove the event with env.events.NAME=null"
        )
    return renderer, renderer.backend.model  # type: ignore[union-attr]


class randomize_colors(ManagerTermBase):  # noqa: N801  (Isaac Lab names terms that are classes like functions)
    """Draw an environment's light intensity, and a tint for each of its shapes.

    Every linear colour is multiplied by the environment's brightness and, each channel by itself, by up to
    1 +- the amplitude that ``tints`` gives the first matching pattern. A red of (0.8, 0.03, 0.03) stays red whatever
    the factors: they change hues by a few degrees.

    Args:
        env: The environment.
        env_ids: Environments to draw for, shape (n,), or a slice.
        sensor_name: The camera, by which the renderer is found.
        brightness: Range of the factor for all shapes of an environment.
        tints: Amplitude by a pattern of the shape's path below its environment, such as ``Object_.*``.
    """

    def __init__(self, cfg: EventTermCfg, env: ManagerBasedEnv) -> None:
        super().__init__(cfg, env)
        _, model = _renderer_and_model(env, cfg)
        patterns: Any = cfg.params["tints"]
        worlds, labels = torch.from_numpy(model.shape_world.numpy()), model.shape_label
        self._shapes = torch.stack([(worlds == world).nonzero().flatten() for world in range(env.num_envs)])  # (N, S)
        self._shapes = self._shapes.to(env.device)
        self._srgb = wp.to_torch(model.shape_color)  # (shapes of all environments, 3), what the renderer reads
        self._linear = linear_from_srgb(self._srgb)[self._shapes]  # (N, S, 3), as authored
        paths = [re.sub(r"^.*?/env_\d+/", "", labels[shape]) for shape in self._shapes[0].tolist()]
        tints = [next((t for p, t in patterns.items() if re.match(p, path)), 0.0) for path in paths]
        self._tints = torch.tensor(tints, device=env.device).unsqueeze(-1)  # (S, 1)

    def __call__(
        self,
        env: ManagerBasedEnv,
        env_ids: torch.Tensor | slice,
        sensor_name: str,
        brightness: tuple[float, float],
        tints: dict[str, float],
    ) -> None:
        linear, shapes = self._linear[env_ids], self._shapes[env_ids]
        light = torch.empty(len(shapes), 1, 1, device=env.device).uniform_(*brightness)
        factors = light * (1.0 + self._tints * torch.empty_like(linear).uniform_(-1.0, 1.0))
        self._srgb[shapes] = srgb_from_linear(linear * factors)


class randomize_surroundings(ManagerTermBase):  # noqa: N801
    """Draw what all environments share: the colour of the ground and the direction of the light.

    Args:
        env: The environment.
        env_ids: Not used.
        sensor_name: The camera, by which the renderer is found.
        brightness: Range of the factor for the ground's linear colour.
        tilt: Range of the angle between the light and the vertical [rad]; it comes from any side.
    """

    def __init__(self, cfg: EventTermCfg, env: ManagerBasedEnv) -> None:
        super().__init__(cfg, env)
        self._target, model = _renderer_and_model(env, cfg)
        self._shapes = torch.from_numpy(model.shape_world.numpy() < 0).nonzero().flatten().to(env.device)
        self._srgb = wp.to_torch(model.shape_color)
        self._linear = linear_from_srgb(self._srgb)[self._shapes]

    def __call__(
        self,
        env: ManagerBasedEnv,
        env_ids: torch.Tensor | slice | None,
        sensor_name: str,
        brightness: tuple[float, float],
        tilt: tuple[float, float],
    ) -> None:
        factor = torch.empty(1, device=env.device).uniform_(*brightness)
        self._srgb[self._shapes] = srgb_from_linear(self._linear * factor)
        angle, side = torch.rand(2).tolist()
        angle, side = tilt[0] + (tilt[1] - tilt[0]) * angle, 2.0 * math.pi * side
        across = math.sin(angle)
        self._target.set_light((across * math.cos(side), across * math.sin(side), -math.cos(angle)))


class randomize_camera_pose(ManagerTermBase):  # noqa: N801
    """Draw how a camera is mounted: every environment's a little off.

    Args:
        env: The environment.
        env_ids: Environments to draw for, shape (n,), or a slice.
        sensor_name: The camera.
        shift: Range of the shift along the axes of the link that carries the camera: x, y, z [m].
        angle: Largest turn about each of the camera's axes [rad].
    """

    def __init__(self, cfg: EventTermCfg, env: ManagerBasedEnv) -> None:
        super().__init__(cfg, env)
        # The camera offers poses in the world only; relative to the link that carries it, they are its view's.
        sensor_name: Any = cfg.params["sensor_name"]
        self._view = env.scene[sensor_name]._view
        pos, quat = self._view.get_local_poses()
        self._pos, self._quat = pos.torch.view(-1, 3).clone(), quat.torch.view(-1, 4).clone()  # xyzw

    def __call__(
        self,
        env: ManagerBasedEnv,
        env_ids: torch.Tensor | slice,
        sensor_name: str,
        shift: tuple[tuple[float, float], ...],
        angle: float,
    ) -> None:
        pos, quat = self._pos[env_ids], self._quat[env_ids]
        low, high = torch.tensor(shift, device=env.device).unbind(-1)
        pos = pos + low + (high - low) * torch.rand_like(pos)
        turn = quat_from_euler_xyz(*torch.empty_like(pos).uniform_(-angle, angle).unbind(-1))
        indices = torch.arange(env.num_envs, dtype=torch.int32, device=env.device)[env_ids]
        with self._view.xform_local_space_writer() as writer:
            writer.set_poses(
                wp.from_torch(pos, dtype=wp.vec3f),
                wp.from_torch(quat_mul(quat, turn).contiguous(), dtype=wp.vec4f),
                wp.from_torch(indices),
            )
