"""Soft actor-critic."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from humanoid_vla.agents.continuous import ContinuousAlgorithm
from humanoid_vla.agents.off_policy import Loss
from humanoid_vla.agents.replay_buffer import Batch, ReplayBuffer
from humanoid_vla.agents.temperature import Temperature
from humanoid_vla.policies.critic import EnsembleCritic
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy


class SAC(ContinuousAlgorithm):
    """Soft actor-critic with target critics and a learned temperature.

    Source: Haarnoja et al., "Soft Actor-Critic Algorithms and Applications", arXiv 1812.05905. At scale it becomes
    FastSAC (Seo et al., "Learning sim-to-real humanoid locomotion in 15 minutes", arXiv 2512.01996) by its critic's
    and its actor's settings.

    Args:
        actor: The policy.
        critic: The critics, scalar or distributional.
        buffer: Where transitions go.
        actor_learning_rate: Step size for the policy.
        critic_learning_rate: Step size for the critics.
        alpha_learning_rate: Step size for the log temperature.
        initial_temperature: Temperature alpha at the start [reward / nat].
        target_entropy_per_dim: Entropy to hold [nat / action dimension]; -1 is the paper's choice.
        shared: Arguments of :class:`.off_policy.OffPolicyAlgorithm`.
    """

    name = "SAC"
    default_actor = SquashedGaussianPolicy
    default_critic = EnsembleCritic

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
        target_entropy_per_dim: float = -1.0,
        **shared: Any,
    ) -> None:
        super().__init__(actor, critic, buffer, **shared)
        self.temperature = Temperature(initial_temperature, target_entropy_per_dim * buffer.num_actions).to(self.device)
        self.modules["temperature"] = self.temperature
        self.add_optimizer("critic", critic=critic_learning_rate)
        self.add_optimizer("actor", actor=actor_learning_rate, temperature=alpha_learning_rate)

    def next_actions(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Actions at s_k, and what their entropy is worth: -alpha log pi(a'|s_k)."""
        actions, log_prob = self.actor.sample(self.actor.encode(batch.next_obs))
        return actions, -self.temperature() * log_prob

    def actor_loss(self, batch: Batch) -> Loss:
        """Of the actor (arXiv 1812.05905, eq. 7) and of the temperature, which share no weights."""
        actions, log_prob = self.actor.sample(self.actor.encode(batch.obs))
        value = self.action_value(batch.obs, actions)
        alpha = self.temperature()
        # J_pi = E[alpha log pi(a|s) - Q(s, a)]
        actor_loss = (alpha * log_prob - value).mean()
        figures = {"actor": actor_loss.detach(), "alpha": alpha, "entropy": -log_prob.detach().mean()}
        return actor_loss + self.temperature.loss(log_prob), figures
