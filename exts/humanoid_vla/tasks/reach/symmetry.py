"""The left-right mirror of the Reach tasks, in the form that RSL-RL's ``symmetry_cfg`` asks for."""

from __future__ import annotations

import functools
from typing import Any

import torch

from humanoid_vla.assets.g1 import UPPER_BODY_JOINTS
from humanoid_vla.assets.objects import OBJECT_CFGS
from humanoid_vla.language.reach import REACH_INSTRUCTIONS
from humanoid_vla.tasks.mdp.instructions import Instructions
from humanoid_vla.tasks.mdp.symmetry import joints, points, side_by_side, swapped, unchanged

_NUM_OBJECTS = len(OBJECT_CFGS)
_JOINTS = joints(UPPER_BODY_JOINTS)

MIRRORS = {
    # joint positions, velocities, targets and the last action
    "proprio": side_by_side(_JOINTS, _JOINTS, _JOINTS, _JOINTS),
    "state": side_by_side(
        points(_NUM_OBJECTS),  # objects
        swapped(points(1)),  # hands
        swapped(unchanged(_NUM_OBJECTS)),  # gap of each hand to each object
    ),
    "goal": side_by_side(
        unchanged(_NUM_OBJECTS),  # one-hot object
        swapped(unchanged(1)),  # one-hot hand
        points(1),  # from the goal hand to the goal object
        unchanged(1),  # how long it has been held
    ),
    "cost": unchanged(6),
}
"""The mirror of each observation group but ``language``, in the order of its terms in :mod:`.env_cfg`."""


def with_mirror_image(
    env: Any, obs: Any | None, actions: torch.Tensor | None
) -> tuple[Any | None, torch.Tensor | None]:
    """A batch and, behind it, its mirror image: (batch, ...) -> (2 batch, ...); ``obs`` is a TensorDict of groups."""
    if obs is not None:

        def both(name: str, value: torch.Tensor) -> torch.Tensor:
            image = mirrored_language(value) if name == "language" else MIRRORS[name](value)
            return torch.cat((value, image))

        obs = obs.named_apply(both, batch_size=[2 * obs.batch_size[0]])
    if actions is not None:
        actions = torch.cat((actions, _JOINTS(actions)))
    return obs, actions


def mirrored_language(embeddings: torch.Tensor) -> torch.Tensor:
    """Embeddings of the same sentences with left and right exchanged, (batch, 384).

    No function of the numbers does this; but every sentence of a hand has its twin for the other, see
    :mod:`humanoid_vla.language.reach`.
    """
    instructions = _instructions(embeddings.device)
    index = instructions.find(embeddings)
    goal = instructions.goal[index]
    twin_goal = goal + 1 - 2 * (goal % 2)  # goals go left, right, left, right, ...
    return instructions.embeddings[instructions.first[twin_goal] + index - instructions.first[goal]]


@functools.cache
def _instructions(device: torch.device) -> Instructions:
    """What training tells; learners may run without an environment."""
    return Instructions(REACH_INSTRUCTIONS.seen, device)
