"""Environments for the tests, and how to bring the Reach task's into a wanted state."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import gymnasium as gym
import torch
from isaaclab.app import launch_simulation
from isaaclab_tasks.utils import resolve_task_config

import humanoid_vla.tasks  # noqa: F401  (registers them)
from humanoid_vla.assets.g1 import HAND_BODIES, HAND_CAPSULES, HAND_RADIUS
from humanoid_vla.assets.objects import OBJECT_CFGS, OBJECT_RADIUS
from humanoid_vla.tasks.mdp.touch import hand_clearance, hand_segments, object_positions

LEFT, RIGHT = range(2)
CUBE, BALL, CYLINDER, CONE = range(len(OBJECT_CFGS))


@contextmanager
def open_env(
    task: str, seed: int = 0, num_envs: int = 4, overrides: Sequence[str] = (), cfg: Any = None
) -> Iterator[Any]:
    """A task's environment, as registered or by `cfg`. One after the other may be open, never two at a time."""
    if cfg is None:
        cfg = resolve_task_config(task, None, overrides=list(overrides))[0]
    cfg.scene.num_envs, cfg.seed = num_envs, seed
    with launch_simulation(cfg, argparse.Namespace()):
        env = gym.make(task, cfg=cfg)
        try:
            yield env.unwrapped
        finally:
            env.close()


def term_value(manager: Any, name: str, **changes: Any) -> torch.Tensor:
    """What a term says about the present state, with the parameters of the task but for ``changes``."""
    env = manager._env
    touch = env.termination_manager.get_term_cfg("success").params  # which measures the gaps, in a step
    segments, centres = hand_segments(env, touch["hands"]), object_positions(env, touch["objects"])
    env.command_manager.get_term("goal").clearance = hand_clearance(segments, centres)
    cfg = manager.get_term_cfg(name)
    return cfg.func(env, **{**cfg.params, **changes})


def ended(env: Any) -> dict[str, list[int]]:
    """The terminations that fired in the last step, and in which environments."""
    terms = env.termination_manager
    fired = {name: terms.get_term(name).nonzero().flatten().tolist() for name in terms.active_terms}
    return {name: env_ids for name, env_ids in fired.items() if env_ids}


def step(env: Any, actions: torch.Tensor | None = None) -> tuple:
    """Step with zero actions: towards the default posture."""
    return env.step(torch.zeros(env.num_envs, env.action_manager.total_action_dim) if actions is None else actions)


def calm_down(env: Any) -> None:
    """Default posture, nothing moves, no object near a hand; the left hand is told to touch the ball."""
    env.reset()
    set_joints(env)
    far = torch.tensor([[1.0 + 0.2 * number, 0.0, 1.0] for number in range(len(OBJECT_CFGS))])
    for number in range(len(OBJECT_CFGS)):
        move_object(env, number, far[number])
    set_goal(env, BALL, LEFT)


def set_goal(env: Any, object_index: int, hand_index: int) -> None:
    objects = torch.full((env.num_envs,), object_index)
    env.command_manager.get_term("goal").set_goal(slice(None), objects, torch.full_like(objects, hand_index))


def set_joints(env: Any, envs: Sequence[int] | None = None, **positions: float) -> None:
    """Put joints at rest, those named at a position [rad] and all others at their default."""
    robot = env.scene["robot"]
    ids = torch.arange(env.num_envs) if envs is None else torch.tensor(envs)
    pos = robot.data.default_joint_pos.torch[ids].clone()
    for name, value in positions.items():
        pos[:, robot.joint_names.index(name)] = value
    write_joints(env, ids, pos, torch.zeros_like(pos))


def write_joints(env: Any, env_ids: torch.Tensor, pos: torch.Tensor, vel: torch.Tensor) -> None:
    robot = env.scene["robot"]
    robot.write_joint_position_to_sim_index(position=pos, env_ids=env_ids.int())
    robot.write_joint_velocity_to_sim_index(velocity=vel, env_ids=env_ids.int())
    env.action_manager.reset(env_ids)  # or it would pull the joints back to where they were


def move_object(env: Any, number: int, position: torch.Tensor) -> None:
    """Put an object, upright, at a position in the environments' frames [m], shape (3,) or (num_envs, 3)."""
    objects = env.scene["objects"]
    pos = (position + env.scene.env_origins).unsqueeze(1)
    upright = torch.tensor([0.0, 0.0, 0.0, 1.0]).expand(env.num_envs, 1, 4)
    objects.write_body_link_pose_to_sim_index(body_poses=torch.cat([pos, upright], -1), body_ids=[number])


def rotated(quat: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
    """A vector turned by quaternions (xyzw), written out as a matrix product: independent of Isaac Lab's."""
    x, y, z, w = quat.unbind(-1)
    rows = [
        torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], -1),
        torch.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], -1),
        torch.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], -1),
    ]
    return (torch.stack(rows, -2) @ vector.unsqueeze(-1)).squeeze(-1)


def hand_axis(env: Any, hand: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Both ends of the axis of a hand's capsule in the environments' frames [m], (num_envs, 3) each."""
    robot = env.scene["robot"]
    body = robot.body_names.index(HAND_BODIES[hand])
    pos = robot.data.body_link_pos_w.torch[:, body] - env.scene.env_origins
    quat = robot.data.body_link_quat_w.torch[:, body]
    start, end = (pos + rotated(quat, torch.tensor(point)) for point in HAND_CAPSULES[hand])
    return start, end


def beside_hand(env: Any, hand: int, gap: float | torch.Tensor) -> torch.Tensor:
    """Where an object's centre is to be for a gap [m] between it and the middle of a hand, shape (num_envs, 3)."""
    start, end = hand_axis(env, hand)
    sideways = torch.linalg.cross(end - start, torch.tensor([0.0, 0.0, 1.0]).expand_as(start))
    sideways = sideways / sideways.norm(dim=-1, keepdim=True)
    distance = torch.as_tensor(gap).expand(env.num_envs) + HAND_RADIUS + OBJECT_RADIUS
    return (start + end) / 2 + sideways * distance.unsqueeze(-1)


def before_hand(env: Any, hand: int, gap: float) -> torch.Tensor:
    """The same, beyond the fingertips."""
    start, end = hand_axis(env, hand)
    axis = (end - start) / (end - start).norm(dim=-1, keepdim=True)
    tip, axis = (end, axis) if (end[:, 0] > start[:, 0]).all() else (start, -axis)
    return tip + axis * (gap + HAND_RADIUS + OBJECT_RADIUS)
