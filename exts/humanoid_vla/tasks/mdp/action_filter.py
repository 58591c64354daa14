"""The action filter of a task's robot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from isaaclab.assets import Articulation

from humanoid_vla.assets.g1_figures import load_figures
from humanoid_vla.safety.filter import ActionFilter
from humanoid_vla.safety.pairs import load_pairs
from humanoid_vla.safety.robot import make_robot
from humanoid_vla.safety.settings import Box, FilterSettings
from humanoid_vla.safety.torch_backend import TorchBackend

if TYPE_CHECKING:
    from .actions_cfg import RateLimitedJointPositionActionCfg


def held_joints(asset: Articulation, joint_names: Sequence[str]) -> list[str]:
    """The joints of a robot, but for grippers' fingers, that are none of those named."""
    known = {joint.name for joint in load_figures().joints}
    return [name for name in asset.joint_names if name in known and name not in joint_names]


def make_filter(
    cfg: RateLimitedJointPositionActionCfg, asset: Articulation, joint_names: Sequence[str], dt: float
) -> ActionFilter:
    """A filter for all environments, which knows the gains that the robot was configured with.

    Args:
        cfg: Of the action term.
        asset: The robot.
        joint_names: Joints in the order of the action.
        dt: Time between two actions [s].

    Raises:
        ValueError: If a setting is unknown or impossible.
    """
    ids: list[int] = asset.find_joints(list(joint_names), preserve_order=True)[0]  # type: ignore  (no proxy is asked for)
    kp, kd = (values.torch[0, ids].cpu().numpy() for values in (asset.data.joint_stiffness, asset.data.joint_damping))
    boxes = tuple(Box(centre, size) for centre, size in cfg.keep_out.values())
    try:
        settings = FilterSettings(keep_out=boxes, **cfg.filter_settings)
    except TypeError as error:
        raise ValueError(f"filter_settings: {error}") from None
    robot = make_robot(load_figures(), joint_names, kp, kd, load_pairs())
    return ActionFilter(robot, dt, settings, TorchBackend(asset.device), asset.num_instances)
