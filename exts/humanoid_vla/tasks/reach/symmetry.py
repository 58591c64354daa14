"""The left-right mirror of the Reach tasks, in the form that RSL-RL's ``symmetry_cfg`` asks for."""

from __future__ import annotations

from typing import Any

import torch
from tensordict import TensorDict

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
    env: Any, obs: TensorDict | None, actions: torch.Tensor | None
) -> tuple[TensorDict | None, torch.Tensor | None]:
    """A batch and, behind it, its mirror image: (batch, ...) -> (2 batch, ...)."""
    both_obs, both_actions = None, None
    if obs is not None:
        groups = {name: torch.cat((value, MIRRORS[name](value))) for name, value in obs.items()}
        both_obs = TensorDict(groups, batch_size=[2 * obs.batch_size[0]])  # type: ignore  (a dict of tensors)
    if actions is not None:
        both_actions = torch.cat((actions, _JOINTS(actions)))
    return both_obs, both_actions
