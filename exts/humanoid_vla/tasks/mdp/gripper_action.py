"""The action of grippers: open or closed, or anything between."""

from __future__ import annotations

import torch

from .actions import RateLimitedJointPositionAction


class GripperAction(RateLimitedJointPositionAction):
    """One action in [-1, 1] a gripper: -1 opens it, 1 closes it; both of its fingers get the same target.

    The targets' speed and lead are limited as those of arm joints: the lead, times the fingers' stiffness, is the force
    with which a closed gripper holds what is between its fingers.
    """

    unit = "m"

    @property
    def action_dim(self) -> int:
        return self._raw_actions.shape[1] // 2

    @property
    def follows(self) -> list[int]:
        return [number // 2 for number in range(len(self.joint_names))]

    @property
    def raw_actions(self) -> torch.Tensor:
        """The last action after clamping to [-1, 1], shape (num_envs, num_grippers)."""
        return self._raw_actions[:, ::2]

    def process_actions(self, actions: torch.Tensor) -> None:
        super().process_actions(actions.repeat_interleave(2, dim=1))

    def _measured(self) -> torch.Tensor:
        """The mean of both fingers: with equal targets they keep to the middle, as if gears coupled them."""
        pairs = super()._measured().unflatten(1, (-1, 2))
        return pairs.mean(dim=2, keepdim=True).expand_as(pairs).flatten(1)
