"""Observations, rewards and terminations of Lift. Positions are in the environment's frame [m]."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from isaaclab.managers import SceneEntityCfg

from humanoid_vla.tasks.mdp import terminations
from humanoid_vla.tasks.mdp.grip import finger_openings, grip_centres, grip_distances
from humanoid_vla.tasks.mdp.touch import object_positions

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv

    from .commands import LiftGoalCommand


def grip_geometry(env: ManagerBasedRLEnv, hands: SceneEntityCfg, objects: SceneEntityCfg) -> torch.Tensor:
    """Where objects and grippers are, and how far apart, shape (num_envs, 5 * num_objects + 6) [m].

    In this order: object centres (x, y, z each), grip centres (left, right), and the distance from each gripper to each
    object (left gripper's first). It says nothing of the goal.
    """
    grips, centres = grip_centres(env, hands), object_positions(env, objects)
    return torch.cat((centres.flatten(1), grips.flatten(1), grip_distances(grips, centres).flatten(1)), dim=1)


def grip_to_goal(
    env: ManagerBasedRLEnv, command_name: str, hands: SceneEntityCfg, objects: SceneEntityCfg
) -> torch.Tensor:
    """From the grip centre of the goal's hand to the centre of the goal's object [m], shape (num_envs, 3)."""
    goal: LiftGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    envs = torch.arange(env.num_envs, device=env.device)
    grips = grip_centres(env, hands)[envs, goal.hand_index]
    return object_positions(env, objects)[envs, goal.object_index] - grips


def reach_distance(
    env: ManagerBasedRLEnv, near: float, command_name: str, hands: SceneEntityCfg, objects: SceneEntityCfg
) -> torch.Tensor:
    """How much farther than ``near`` the goal's hand is from the object to lift [m]; 0 where it is to let go."""
    goal: LiftGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    distance = torch.linalg.vector_norm(grip_to_goal(env, command_name, hands, objects), dim=-1)
    return torch.where(goal.releasing, 0.0, (distance - near).clamp_min(0.0))


def grasped(
    env: ManagerBasedRLEnv,
    near: float,
    widths: tuple[float, float],
    command_name: str,
    hands: SceneEntityCfg,
    objects: SceneEntityCfg,
    fingers: SceneEntityCfg,
) -> torch.Tensor:
    """1 where the object to lift is less than ``near`` [m] from the grip centre, and the fingers have closed on it.

    ``widths`` are the least and the largest distance of both fingers from the middle that count as closed on it [m].
    """
    goal: LiftGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    distance = torch.linalg.vector_norm(grip_to_goal(env, command_name, hands, objects), dim=-1)
    envs = torch.arange(env.num_envs, device=env.device)
    openings = finger_openings(env, fingers).view(env.num_envs, -1, 2)[envs, goal.hand_index]
    closed = ((openings > widths[0]) & (openings < widths[1])).all(dim=1)
    return ((distance < near) & closed & ~goal.releasing).float()


def goal_held(env: ManagerBasedRLEnv, hold_time: float, distance: float, command_name: str) -> torch.Tensor:
    """Success: the goal has been met for ``hold_time`` [s] without a break.

    It is met where it is short of less than ``distance`` [m]. The one place where the command's measurements are made
    and its ``held_time`` advances, so it must be the first of the terms that read them.
    """
    goal: LiftGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    goal.measure()
    goal.held_time = torch.where(goal.goal_clearance < distance, goal.held_time + env.step_dt, 0.0)
    return goal.held_time > hold_time - 0.5 * env.step_dt


def wrong_object(env: ManagerBasedRLEnv, height: float, command_name: str) -> torch.Tensor:
    """Failure: an object that was not named is more than ``height`` [m] above the table."""
    goal: LiftGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    lifted = goal.heights > height
    right = lifted.gather(1, goal.object_index.unsqueeze(1)).squeeze(1)
    return lifted.sum(dim=1) > right


def fallen(env: ManagerBasedRLEnv, command_name: str, depth: float) -> torch.Tensor:
    """Failure: an object's centre is more than ``depth`` [m] lower than on the table."""
    goal: LiftGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    return (goal.heights < -depth).any(dim=1)


def dropped(env: ManagerBasedRLEnv, speed: float, objects: SceneEntityCfg) -> torch.Tensor:
    """Failure: an object is faster than ``speed`` [m/s]: it was dropped or thrown."""
    velocities = env.scene[objects.name].data.body_com_lin_vel_w.torch
    return (velocities.square().sum(dim=-1) > speed * speed).any(dim=1)


def non_finite_state(env: ManagerBasedRLEnv, objects: SceneEntityCfg) -> torch.Tensor:
    """A position or velocity of the robot or of an object is NaN or infinite."""
    data = env.scene[objects.name].data
    state = data.body_link_pose_w.torch.flatten(1).sum(dim=1) + data.body_com_vel_w.torch.flatten(1).sum(dim=1)
    return terminations.non_finite_state(env) | ~state.isfinite()
