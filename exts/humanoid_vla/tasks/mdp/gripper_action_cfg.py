"""Configuration of the grippers' action term, apart from it: it must load before the simulator starts."""

from __future__ import annotations

from isaaclab.utils import configclass

from .actions_cfg import RateLimitedJointPositionActionCfg


@configclass
class GripperActionCfg(RateLimitedJointPositionActionCfg):
    """Targets of grippers' fingers, see :class:`.gripper_action.GripperAction`.

    ``joint_names`` are both fingers of the first gripper, then of the next; lengths are [m], speeds [m/s]. The default
    position of a finger is half open, and an action of 1 moves it by ``scale``, which is negative.
    """

    class_type: type | str = "{DIR}.gripper_action:GripperAction"
