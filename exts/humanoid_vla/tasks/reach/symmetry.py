"""The left-right mirror of the Reach tasks, in the form that RSL-RL's ``symmetry_cfg`` asks for."""

from __future__ import annotations

from typing import Any

import torch

from humanoid_vla.assets.g1 import UPPER_BODY_JOINTS
from humanoid_vla.assets.objects import OBJECT_CFGS
from humanoid_vla.tasks.mdp.symmetry import joints, points, side_by_side, swapped, unchanged

_NUM_OBJECTS = len(OBJECT_CFGS)
_JOINTS = joints(UPPER_BODY_JOINTS)

MIRRORS = {
    # joint positions, velocities, targets and the last action
    "proprio": side_by_side(_JOINTS, _JOINTS, _JOINTS, _JOINTS),
    # one-hot object, one-hot hand
    "goal": side_by_side(unchanged(_NUM_OBJECTS), swapped(unchanged(1))),
    "state": side_by_side(
        points(_NUM_OBJECTS),  # objects
        swapped(points(1)),  # hands
        swapped(unchanged(_NUM_OBJECTS)),  # gap of each hand to each object
        points(1),  # from the goal hand to the goal object
        unchanged(1),  # how long it has been held
    ),
}
"""The mirror of each observation group, in the order of its terms in :mod:`.env_cfg`."""


def with_mirror_image(
    env: Any, obs: Any | None, actions: torch.Tensor | None
) -> tuple[Any | None, torch.Tensor | None]:
    """A batch and, behind it, its mirror image: (batch, ...) -> (2 batch, ...); ``obs`` is a TensorDict of groups."""
    if obs is not None:
        size = [2 * obs.batch_size[0]]
        obs = obs.named_apply(lambda name, value: torch.cat((value, MIRRORS[name](value))), batch_size=size)
    if actions is not None:
        actions = torch.cat((actions, _JOINTS(actions)))
    return obs, actions
