"""Soft actor-critic for a few discrete actions."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - everybody's name for it

from humanoid_vla.agents.off_policy import Loss, OffPolicyAlgorithm
from humanoid_vla.agents.replay_buffer import Batch, ReplayBuffer
from humanoid_vla.agents.temperature import Temperature
from humanoid_vla.policies.categorical import CategoricalPolicy
from humanoid_vla.policies.critic import DiscreteCritic


class DiscreteSAC(OffPolicyAlgorithm):
    """Soft actor-critic with expectations over the full distribution of actions, in place of samples.

    Source: Christodoulou, "Soft actor-critic for discrete action settings", arXiv 1910.07207. Actions are one-hot rows,
    in the environment and in the replay buffer.

    Args:
        actor: The policy.
        critic: The critics, which value all actions at once.
        buffer: Where transitions go.
        actor_learning_rate: Step size for the policy.
        critic_learning_rate: Step size for the critics.
        alpha_learning_rate: Step size for the log temperature.
        initial_temperature: Temperature alpha at the start [reward / nat].
        target_entropy_share: Entropy to hold, as a share of that of the uniform distribution; 0.98 is the choice of the
            paper's code.
        shared: Arguments of :class:`.off_policy.OffPolicyAlgorithm`.

    Raises:
        ValueError: If `target_entropy_share` is not within [0, 1].
    """

    name = "DiscreteSAC"
    default_actor = CategoricalPolicy
    default_critic = DiscreteCritic

    def __init__(
        self,
        actor: nn.Module,
        critic: nn.Module,
        buffer: ReplayBuffer,
        *,
        actor_learning_rate: float = 3e-4,
        critic_learning_rate: float = 3e-4,
        alpha_learning_rate: float = 3e-4,
        initial_temperature: float = 0.2,
        target_entropy_share: float = 0.98,
        **shared: Any,
    ) -> None:
        super().__init__(actor, critic, buffer, **shared)
        if not 0.0 <= target_entropy_share <= 1.0:
            raise ValueError(f"target_entropy_share must be within [0, 1], got {target_entropy_share}")
        target_entropy = target_entropy_share * math.log(buffer.num_actions)
        self.temperature = Temperature(initial_temperature, target_entropy).to(self.device)
        self.modules["temperature"] = self.temperature
        self.add_optimizer("critic", critic=critic_learning_rate)
        self.add_optimizer("actor", actor=actor_learning_rate, temperature=alpha_learning_rate)

    def random_actions(self) -> torch.Tensor:
        """One-hot rows, uniformly drawn, shape (num_envs, num_actions)."""
        chosen = torch.randint(self.buffer.num_actions, (self.buffer.num_envs,), device=self.device)
        return F.one_hot(chosen, self.buffer.num_actions).float()

    def critic_loss(self, batch: Batch) -> Loss:
        """Half the squared error to :meth:`td_target`, summed over the critics; arXiv 1910.07207, eq. 4."""
        # Q(s, a) = Q(s)^T onehot(a)
        q = (self.critic(self.critic.encode(batch.obs)).float() * batch.actions).sum(dim=-1)  # (critics, batch)
        loss = 0.5 * (q - self.td_target(batch)).square().mean(dim=1).sum()
        return loss, {"critic": loss.detach(), "q": q.detach().mean()}

    @torch.no_grad()
    def td_target(self, batch: Batch) -> torch.Tensor:
        """What the values of the actions done should be, shape (batch,)."""
        probs, log_probs = self.actor.distribution(self.actor.encode(batch.next_obs))  # (batch, actions)
        next_q = self.critic_target.value(self.critic_target.encode(batch.next_obs)).float()
        # V(s) = pi(s)^T (Q'(s) - alpha log pi(s))                                      arXiv 1910.07207, eq. 10
        next_value = (probs * (next_q - self.temperature() * log_probs)).sum(dim=-1)
        # y = r_0 + ... + gamma^(k-1) r_(k-1) + gamma^k (1 - terminated) V(s_k)
        return batch.rewards + batch.discounts * next_value

    def actor_loss(self, batch: Batch) -> Loss:
        """Of the actor (arXiv 1910.07207, eq. 12) and of the temperature (eq. 11), which share no weights."""
        probs, log_probs = self.actor.distribution(self.actor.encode(batch.obs))  # (batch, actions)
        q = self.frozen_critic.value(self.frozen_critic.encode(batch.obs)).float()
        alpha = self.temperature()
        # J_pi = E[pi(s)^T (alpha log pi(s) - Q(s))]
        actor_loss = (probs * (alpha * log_probs - q)).sum(dim=-1).mean()
        minus_entropy = (probs * log_probs).sum(dim=-1)  # (batch,)
        figures = {"actor": actor_loss.detach(), "alpha": alpha, "entropy": -minus_entropy.detach().mean()}
        return actor_loss + self.temperature.loss(minus_entropy), figures
