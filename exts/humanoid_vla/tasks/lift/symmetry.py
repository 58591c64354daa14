"""The left-right mirror of the Lift tasks, in the form that RSL-RL's ``symmetry_cfg`` asks for.

No sentence names a hand, so sentences are their own mirror images.
"""

from __future__ import annotations

from typing import Any

import torch

from humanoid_vla.assets.g1 import UPPER_BODY_JOINTS
from humanoid_vla.assets.loose_objects import LOOSE_OBJECT_CFGS
from humanoid_vla.tasks.mdp.symmetry import joints, points, side_by_side, swapped, unchanged

_NUM_OBJECTS = len(LOOSE_OBJECT_CFGS)
_JOINTS = joints(UPPER_BODY_JOINTS)
_FINGERS = swapped(unchanged(2))  # inner and outer finger of each gripper
ACTIONS = side_by_side(_JOINTS, swapped(unchanged(1)))

MIRRORS = {
    # joint positions, velocities, targets, the last action, the fingers' positions and targets
    "proprio": side_by_side(_JOINTS, _JOINTS, _JOINTS, ACTIONS, _FINGERS, _FINGERS),
    "state": side_by_side(
        points(_NUM_OBJECTS),  # objects
        swapped(points(1)),  # grippers
        swapped(unchanged(_NUM_OBJECTS)),  # distance of each gripper to each object
    ),
    "goal": side_by_side(
        unchanged(_NUM_OBJECTS + 1),  # one-hot goal
        swapped(unchanged(1)),  # one-hot hand
        points(1),  # from the goal's gripper to its object
        unchanged(1),  # how long it has been met
    ),
    "cost": unchanged(6),
    "language": unchanged(384),
}
"""The mirror of each observation group, in the order of its terms in :mod:`.env_cfg`."""


def with_mirror_image(
    env: Any, obs: Any | None, actions: torch.Tensor | None
) -> tuple[Any | None, torch.Tensor | None]:
    """A batch and, behind it, its mirror image: (batch, ...) -> (2 batch, ...); ``obs`` is a TensorDict of groups."""
    if obs is not None:

        def both(name: str, value: torch.Tensor) -> torch.Tensor:
            return torch.cat((value, MIRRORS[name](value)))

        obs = obs.named_apply(both, batch_size=[2 * obs.batch_size[0]])
    if actions is not None:
        actions = torch.cat((actions, ACTIONS(actions)))
    return obs, actions
