"""What observation terms know beside their parameters: the figures that a policy takes along to a robot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from humanoid_vla.assets.g1 import HAND_CAPSULES, HAND_RADIUS
from humanoid_vla.assets.objects import OBJECT_RADIUS

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnv
    from isaaclab.managers import ObservationTermCfg


def term_figures(env: ManagerBasedRLEnv, term: ObservationTermCfg) -> dict[str, Any]:
    """What else decides the numbers of an observation term, as plain values; nothing for most terms.

    Of terms of hands and objects: ``object_names``; ``hand_bodies``, ``hand_capsules`` (both ends of each hand's axis
    in the frame of its body [m]), ``hand_radius`` and ``object_radius`` [m]; and ``pelvis_pos``, where the robot's root
    stands in the environment's frame [m], unturned. Of a command to touch: its ``object_names`` and ``hand_bodies``.

    Raises:
        ValueError: If the robot of such a term is turned.
    """
    params: dict[str, Any] = term.params
    if "hands" in params and "objects" in params:
        hands, root = params["hands"], env.scene[params["hands"].name].cfg.init_state
        if tuple(root.rot) != (0.0, 0.0, 0.0, 1.0):
            raise ValueError(f"the robot '{hands.name}' is turned by {root.rot} (xyzw); its terms know no such turn")
        return {
            "object_names": list(env.scene[params["objects"].name].body_names),
            "hand_bodies": list(hands.body_names),
            "hand_capsules": HAND_CAPSULES,
            "hand_radius": HAND_RADIUS,
            "object_radius": OBJECT_RADIUS,
            "pelvis_pos": tuple(root.pos),
        }
    if "command_name" in params:
        command: Any = env.command_manager.get_term(params["command_name"]).cfg
        if hasattr(command, "objects") and hasattr(command, "hands"):
            return {"object_names": list(command.objects), "hand_bodies": list(command.hands)}
    return {}
