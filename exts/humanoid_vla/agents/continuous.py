"""What SAC and DDPG share: critics of continuous actions."""

from __future__ import annotations

from abc import abstractmethod

import torch

from humanoid_vla.agents.off_policy import Loss, OffPolicyAlgorithm
from humanoid_vla.agents.replay_buffer import Batch
from humanoid_vla.policies.trunk import Observations


class ContinuousAlgorithm(OffPolicyAlgorithm):
    """Off-policy learning with an :class:`humanoid_vla.policies.critic.EnsembleCritic`.

    A subclass says what its policy does next (:meth:`next_actions`) and what its actor minimises, for which it asks
    :meth:`action_value`.
    """

    def critic_loss(self, batch: Batch) -> Loss:
        """Error of the critics to :meth:`td_target`; arXiv 1812.05905, eq. 5, and 1509.02971, algorithm 1."""
        outputs = self.critic(self.critic.encode(batch.obs), batch.actions).float()
        loss = self.critic.head.loss(outputs, self.td_target(batch))
        return loss, {"critic": loss.detach(), "q": self.critic.head.values(outputs.detach()).mean()}

    @torch.no_grad()
    def td_target(self, batch: Batch) -> torch.Tensor:
        """What the critics' outputs should be, shape (batch, outputs)."""
        actions, bonus = self.next_actions(batch)
        next_outputs = self.critic_target(self.critic_target.encode(batch.next_obs), actions).float()
        # y = r_0 + ... + gamma^(k-1) r_(k-1) + gamma^k (1 - terminated) (Q'(s_k, a') + bonus)
        return self.critic.head.target(next_outputs, batch.rewards, batch.discounts, bonus, self.critic.reduction)

    @abstractmethod
    def next_actions(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Actions a' at s_k, (batch, num_actions), and what is added to their value, (batch,)."""

    def action_value(self, obs: Observations, actions: torch.Tensor) -> torch.Tensor:
        """What the actor climbs, shape (batch,); gradients pass to the actions only."""
        return self.frozen_critic.value(self.frozen_critic.encode(obs), actions).float()
