"""Observation terms of cameras: pictures as the camera gives them, neither scaled nor copied to floats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedEnv


def camera_rgb(env: ManagerBasedEnv, sensor_name: str) -> torch.Tensor:
    """The camera's picture, sRGB, shape (num_envs, height, width, 3), uint8."""
    return _output(env, sensor_name, "rgb")


def camera_depth(env: ManagerBasedEnv, sensor_name: str) -> torch.Tensor:
    """Distance along the viewing axis [m], shape (num_envs, height, width, 1), float32.

    Where nothing is closer than the camera's far plane, Newton's ray tracer says 0 and RTX infinity.
    """
    return _output(env, sensor_name, "distance_to_image_plane")


def _output(env: ManagerBasedEnv, sensor_name: str, name: str) -> torch.Tensor:
    # The camera takes its pose from the links' poses: after a reset these are still the old ones on Newton.
    env.sim.forward()
    return env.scene[sensor_name].data.output[name].torch
