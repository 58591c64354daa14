"""The left-right mirror of the Walk tasks, in the form that RSL-RL's ``symmetry_cfg`` asks for."""

from __future__ import annotations

import functools
from typing import Any

import torch

from humanoid_vla.assets.g1 import WHOLE_BODY_JOINTS
from humanoid_vla.language.walk import WALK_INSTRUCTIONS
from humanoid_vla.tasks.mdp.instructions import Instructions
from humanoid_vla.tasks.mdp.symmetry import joints, opposite, points, side_by_side, swapped, turns, unchanged

_JOINTS = joints(WHOLE_BODY_JOINTS)

MIRRORS = {
    # angular velocity, gravity, joint positions, velocities and the last action, gait clock: half a period later
    "proprio": side_by_side(turns(1), points(1), _JOINTS, _JOINTS, _JOINTS, opposite(2)),
    # linear velocity, height, feet's contacts and heights
    "state": side_by_side(points(1), unchanged(1), swapped(unchanged(1)), swapped(unchanged(1))),
    # ahead, to the left, turning left
    "goal": side_by_side(unchanged(1), opposite(2)),
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
    """Embeddings of the same sentences with left and right exchanged, (batch, 384)."""
    instructions, twins = _instructions(embeddings.device)
    index = instructions.find(embeddings)
    goal = instructions.goal[index]
    return instructions.embeddings[instructions.first[twins[goal]] + index - instructions.first[goal]]


@functools.cache
def _instructions(device: torch.device) -> tuple[Instructions, torch.Tensor]:
    """What training tells, and each goal's twin, shape (num_goals,); learners may run without an environment."""
    goals = WALK_INSTRUCTIONS.goals
    other_side = {"left": "right", "right": "left"}
    names = ("_".join(other_side.get(word, word) for word in goal.split("_")) for goal in goals)
    twins = torch.tensor([goals.index(name) for name in names], device=device)
    return Instructions(WALK_INSTRUCTIONS.seen, device), twins
