"""The left-right mirror of the Balance task, in the form that RSL-RL's ``symmetry_cfg`` asks for."""

from __future__ import annotations

from typing import Any

import torch

from humanoid_vla.tasks.balance.env_cfg import ACTING_JOINTS
from humanoid_vla.tasks.mdp.symmetry import joints, opposite, points, side_by_side, turns, unchanged

_JOINTS = joints(ACTING_JOINTS)

MIRRORS = {
    # angular velocity, gravity, joint positions, velocities, targets and the last action
    "proprio": side_by_side(turns(1), points(1), _JOINTS, _JOINTS, _JOINTS, _JOINTS),
    # base position and velocity, the last push
    "state": side_by_side(points(1), points(1), unchanged(1), opposite(1)),
}
"""The mirror of each observation group, in the order of its terms in :mod:`.env_cfg`."""


def with_mirror_image(
    env: Any, obs: Any | None, actions: torch.Tensor | None
) -> tuple[Any | None, torch.Tensor | None]:
    """A batch and, behind it, its mirror image: (batch, ...) -> (2 batch, ...); ``obs`` is a TensorDict of groups."""
    if obs is not None:
        obs = obs.named_apply(
            lambda name, value: torch.cat((value, MIRRORS[name](value))), batch_size=[2 * obs.batch_size[0]]
        )
    if actions is not None:
        actions = torch.cat((actions, _JOINTS(actions)))
    return obs, actions
