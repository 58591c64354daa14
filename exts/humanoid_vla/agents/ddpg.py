"""Deep deterministic policy gradient, and its twin-delayed successor."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from humanoid_vla.agents.continuous import ContinuousAlgorithm
from humanoid_vla.agents.copies import make_target, polyak_update
from humanoid_vla.agents.off_policy import Loss
from humanoid_vla.agents.replay_buffer import Batch, ReplayBuffer
from humanoid_vla.policies.critic import EnsembleCritic
from humanoid_vla.policies.deterministic import DeterministicPolicy
from humanoid_vla.policies.trunk import Observations


class DDPG(ContinuousAlgorithm):
    """Deterministic actor and critics, each with a target.

    Source: Lillicrap et al., "Continuous control with deep reinforcement learning", arXiv 1509.02971. With two critics
    of which the smaller counts, `target_noise` and `policy_delay=2` it is TD3 (Fujimoto et al., "Addressing function
    approximation error in actor-critic methods", arXiv 1802.09477). The exploration noise belongs to the policy.

    Args:
        actor: The policy; without noise in updates.
        critic: The critics, scalar or distributional.
        buffer: Where transitions go.
        actor_learning_rate: Step size for the policy.
        critic_learning_rate: Step size for the critics.
        target_noise: Standard deviation of the noise on the target's actions, 0 for DDPG; TD3 has 0.2.
        target_noise_clip: Largest noise on the target's actions.
        shared: Arguments of :class:`.off_policy.OffPolicyAlgorithm`.

    Raises:
        ValueError: If a noise is negative.
    """

    name = "DDPG"
    default_actor = DeterministicPolicy
    default_critic = EnsembleCritic

    def __init__(
        self,
        actor: nn.Module,
        critic: nn.Module,
        buffer: ReplayBuffer,
        *,
        actor_learning_rate: float = 3e-4,
        critic_learning_rate: float = 3e-4,
        target_noise: float = 0.0,
        target_noise_clip: float = 0.5,
        **shared: Any,
    ) -> None:
        super().__init__(actor, critic, buffer, **shared)
        if target_noise < 0 or target_noise_clip < 0:
            raise ValueError(f"target_noise and its clip cannot be negative, got {target_noise}, {target_noise_clip}")
        self.target_noise = target_noise
        self.target_noise_clip = target_noise_clip
        self.actor_target: Any = make_target(self.actor)
        self.modules["actor_target"] = self.actor_target
        self.add_optimizer("critic", critic=critic_learning_rate)
        self.add_optimizer("actor", actor=actor_learning_rate)

    def next_actions(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """The target's actions at s_k, with its noise; nothing is added to their value."""
        actions = self.actor_target.sample(self.actor_target.encode(batch.next_obs))
        if self.target_noise > 0:
            # a' = clip(mu'(s') + clip(eps, -c, c), -1, 1), eps ~ N(0, sigma)            arXiv 1802.09477, eq. 14
            noise = self.target_noise * torch.randn_like(actions)
            noise = noise.clamp(-self.target_noise_clip, self.target_noise_clip)
            actions = (actions + noise).clamp(-1.0, 1.0)
        return actions, torch.zeros_like(batch.rewards)

    def actor_loss(self, batch: Batch) -> Loss:
        """Minus the value of the policy's actions; arXiv 1802.09477, algorithm 1."""
        loss = -self.action_value(batch.obs, self.actor.sample(self.actor.encode(batch.obs))).mean()
        return loss, {"actor": loss.detach()}

    def action_value(self, obs: Observations, actions: torch.Tensor) -> torch.Tensor:
        """By the first critic, shape (batch,); gradients pass to the actions only."""
        return self.frozen_critic.q_values(self.frozen_critic.encode(obs), actions)[0].float()

    def update_targets(self, with_actor: bool) -> None:
        """Let the targets follow, as seldom as the actor moves (arXiv 1802.09477, section 5.2)."""
        if with_actor:
            polyak_update(self.critic_target, self.critic, self.tau)
            polyak_update(self.actor_target, self.actor, self.tau)
