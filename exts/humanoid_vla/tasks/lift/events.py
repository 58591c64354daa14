"""How an episode of Lift begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from isaaclab.managers import SceneEntityCfg
from isaaclab.utils.math import quat_apply

from humanoid_vla.assets.loose_objects import HALF_WIDTHS
from humanoid_vla.tasks.mdp.events import place_objects_apart
from humanoid_vla.tasks.mdp.grip import grip_centres
from humanoid_vla.tasks.mdp.symmetry import joints
from humanoid_vla.tasks.mdp.touch import object_positions

from .postures import HOLDING, HOLDING_DEPTH

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv

    from .commands import LiftGoalCommand


def begin_episode(
    env: ManagerBasedRLEnv,
    env_ids: torch.Tensor | slice,
    command_name: str,
    x_range: tuple[float, float],
    pitch: float,
    jitter: float,
    heights: list[float],
    noise: float,
    robot: SceneEntityCfg,
    hands: SceneEntityCfg,
    fingers: SceneEntityCfg,
    objects: SceneEntityCfg,
) -> None:
    """Put the objects on the table and draw the goals; who is to let go gets an object into a gripper.

    A robot that is to let go holds the object of one slot a little above it, in one of a few postures, every joint of
    which is off by up to ``noise`` [rad].

    Args:
        env: The environment.
        env_ids: Environments to reset, shape (n,), or a slice.
        command_name: The command, which draws the goals.
        x_range: As in :func:`~humanoid_vla.tasks.mdp.events.place_objects_apart`.
        pitch: Likewise.
        jitter: Likewise.
        heights: Likewise.
        noise: Of the joints that hold an object [rad].
        robot: The robot, its joints in the order of :data:`~humanoid_vla.assets.g1.UPPER_BODY_JOINTS`.
        hands: The bodies that carry the grippers.
        fingers: The fingers' joints.
        objects: The scene's object collection.
    """
    goal: LiftGoalCommand = env.command_manager.get_term(command_name)  # type: ignore[assignment]
    collection = env.scene[objects.name]
    place_objects_apart(env, env_ids, x_range, pitch, jitter, heights, objects)
    velocities = torch.zeros(len(goal.goal_index[env_ids]), collection.num_bodies, 6, device=env.device)
    collection.write_body_com_velocity_to_sim_index(body_velocities=velocities, env_ids=env_ids)
    ids = torch.arange(env.num_envs, device=env.device)[env_ids]
    ids = ids[goal.draw(ids) == goal.release]
    if len(ids):
        _take_up(env, ids, noise, robot, hands, fingers, objects)


def _take_up(
    env: ManagerBasedRLEnv,
    ids: torch.Tensor,
    noise: float,
    robot: SceneEntityCfg,
    hands: SceneEntityCfg,
    fingers: SceneEntityCfg,
    objects: SceneEntityCfg,
) -> None:
    """Put an object into a gripper of each of the environments ``ids``, (n,)."""
    asset, collection = env.scene[robot.name], env.scene[objects.name]
    names, num = collection.body_names, len(ids)
    left = torch.tensor(HOLDING, device=env.device)[torch.randint(len(HOLDING), (num,), device=env.device)]
    pos = asset.data.default_joint_pos.torch[ids][:, robot.joint_ids]
    arm = slice(3, 3 + left.shape[1])  # the waist's joints stand before the left arm's
    pos[:, arm] = left
    hand = torch.randint(2, (num,), device=env.device)
    pos = torch.where((hand == 0).unsqueeze(1), pos, joints(robot.joint_names)(pos))  # type: ignore[arg-type]
    pos += torch.empty_like(pos).uniform_(-noise, noise)
    asset.write_joint_position_to_sim_index(position=pos, joint_ids=robot.joint_ids, env_ids=ids.int())

    rows = torch.arange(num, device=env.device)
    grip = grip_centres(env, hands)[ids, hand]
    # the object whose slot is under the hand
    held = (object_positions(env, objects)[ids, :, 1] - grip[:, 1:2]).abs().argmin(dim=1)
    width = torch.tensor([HALF_WIDTHS[name] for name in names], device=env.device)[held]
    openings = asset.data.default_joint_pos.torch[ids][:, fingers.joint_ids].view(num, 2, 2)
    openings[rows, hand] = width.unsqueeze(1)
    asset.write_joint_position_to_sim_index(
        position=openings.view(num, 4), joint_ids=fingers.joint_ids, env_ids=ids.int()
    )

    quat = asset.data.body_link_quat_w.torch[ids][:, hands.body_ids][rows, hand]
    closing = quat_apply(quat, torch.tensor([0.0, 1.0, 0.0], device=env.device).expand(num, 3))
    half_yaw = 0.5 * torch.atan2(-closing[:, 0], closing[:, 1])
    poses = collection.data.body_link_pose_w.torch[ids, held].clone()
    poses[:, :3] = grip + env.scene.env_origins[ids]
    poses[:, 2] -= HOLDING_DEPTH
    poses[:, 3:5], poses[:, 5], poses[:, 6] = 0.0, half_yaw.sin(), half_yaw.cos()
    for number in range(len(names)):
        mask = held == number
        if mask.any():
            collection.write_body_link_pose_to_sim_index(
                body_poses=poses[mask].unsqueeze(1), body_ids=[number], env_ids=ids[mask].int()
            )
