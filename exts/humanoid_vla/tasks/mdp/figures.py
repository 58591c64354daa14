"""What observation terms know beside their parameters: the figures that a policy takes along to a robot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isaaclab.envs.mdp import UniformVelocityCommandCfg

from humanoid_vla.assets.g1 import HAND_CAPSULES, HAND_RADIUS
from humanoid_vla.assets.gripper import GRIP_CENTRE
from humanoid_vla.assets.objects import OBJECT_RADIUS

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv
    from isaaclab.managers import ObservationTermCfg

GRIP_TERMS = ("grip_geometry", "grip_to_goal")
"""Terms of where grippers are."""


def term_figures(env: ManagerBasedRLEnv, term: ObservationTermCfg) -> dict[str, Any]:
    """What else decides the numbers of an observation term, as plain values; nothing for most terms.

    Of terms of hands and objects: ``object_names``; ``hand_bodies``, ``hand_capsules`` (both ends of each hand's axis
    in the frame of its body [m]), ``hand_radius`` and ``object_radius`` [m]; and ``pelvis_pos``, where the robot's root
    stands in the environment's frame [m], unturned; with grippers ``grip_centre``, the point between the fingers in the
    frame of the hand's body [m]. Of a command to touch or lift: its ``object_names`` and ``hand_bodies``. Of a command
    that is a velocity: its ``unit``, and the ``lowest`` and ``highest`` that were told.

    Raises:
        ValueError: If the robot of such a term is turned.
    """
    params: dict[str, Any] = term.params
    if "hands" in params and "objects" in params:
        hands, root = params["hands"], env.scene[params["hands"].name].cfg.init_state
        if tuple(root.rot) != (0.0, 0.0, 0.0, 1.0):
            raise ValueError(f"the robot '{hands.name}' is turned by {root.rot} (xyzw); its terms know no such turn")
        figures = {
            "object_names": list(env.scene[params["objects"].name].body_names),
            "hand_bodies": list(hands.body_names),
            "pelvis_pos": tuple(root.pos),
        }
        if term.func.__name__ in GRIP_TERMS:
            return figures | {"grip_centre": GRIP_CENTRE}
        capsules = {"hand_capsules": HAND_CAPSULES, "hand_radius": HAND_RADIUS, "object_radius": OBJECT_RADIUS}
        return figures | capsules
    if "command_name" in params:
        command: Any = env.command_manager.get_term(params["command_name"]).cfg
        if hasattr(command, "objects") and hasattr(command, "hands"):
            return {"object_names": list(command.objects), "hand_bodies": list(command.hands)}
        if isinstance(command, UniformVelocityCommandCfg):
            ranges = command.ranges.lin_vel_x, command.ranges.lin_vel_y, command.ranges.ang_vel_z
            lowest, highest = zip(*ranges, strict=True)
            return {"unit": "m/s, m/s, rad/s", "lowest": lowest, "highest": highest}
    return {}
