"""Constrained learning: any reward, as long as episodes cost no more than they may."""

from __future__ import annotations

from typing import Any, Self

import torch
from rsl_rl.env import VecEnv
from rsl_rl.utils import resolve_callable, resolve_obs_groups
from tensordict import TensorDict
from torch import nn

from humanoid_vla.agents.constraints import COST_GROUP, Constraints, known_costs, step_costs
from humanoid_vla.agents.construction import construct
from humanoid_vla.agents.continuous import ContinuousAlgorithm
from humanoid_vla.agents.copies import make_frozen_view, make_target, polyak_update
from humanoid_vla.agents.ddpg import DDPG
from humanoid_vla.agents.episode_costs import EpisodeCosts
from humanoid_vla.agents.multipliers import LagrangeMultipliers
from humanoid_vla.agents.off_policy import Loss
from humanoid_vla.agents.replay_buffer import Batch, ReplayBuffer
from humanoid_vla.agents.sac import SAC
from humanoid_vla.policies.cost_critic import CostCritic
from humanoid_vla.policies.trunk import Observations


class Lagrangian(ContinuousAlgorithm):
    """Adds cost critics and Lagrange multipliers to the algorithm that it stands before in a class's bases.

    Source: Ray et al., "Benchmarking safe exploration in deep reinforcement learning", 2019, section 5.2; the
    multipliers are those of Stooke et al., arXiv 2007.03964. Wanted is the largest return with a mean episode cost of
    at most its limit for every constraint. The actor climbs Q(s, a) - sum_i lambda_i Q_ci(s, a) for the present
    lambda, and lambda follows what finished episodes cost. What is limited is the undiscounted cost of the policy that
    explores; the cost critics discount as the others do, so time-outs are bootstrapped through and failures are not.

    Costs are read from the observation group ``cost`` after the step and counted in shares of their limits, see
    :class:`.constraints.Constraints`.

    Args:
        actor: The policy.
        critic: The critics of the reward, scalar or distributional.
        buffer: Where transitions go; it must store the group ``cost``.
        cost_critic: The critics of the costs; their target is a copy made here.
        constraints: What is limited.
        critic_learning_rate: Step size for all critics.
        proportional_gain: See :class:`.multipliers.LagrangeMultipliers`, like the next three.
        integral_gain: The same.
        derivative_gain: The same.
        initial_multiplier: The same.
        cost_window: Finished episodes, the last ones, whose mean cost counts.
        multiplier_warmup: Gradient updates before the multipliers move: critics must know something first.
        base: Arguments of the algorithm behind.

    Raises:
        ValueError: If `n_steps` is not 1, or the buffer does not store the costs.
    """

    def __init__(
        self,
        actor: nn.Module,
        critic: nn.Module,
        buffer: ReplayBuffer,
        *,
        cost_critic: CostCritic,
        constraints: Constraints,
        critic_learning_rate: float = 3e-4,
        proportional_gain: float = 0.1,
        integral_gain: float = 1e-3,
        derivative_gain: float = 0.1,
        initial_multiplier: float = 0.0,
        cost_window: int = 128,
        multiplier_warmup: int = 1000,
        **base: Any,
    ) -> None:
        base["critic_learning_rate"] = critic_learning_rate
        super().__init__(actor, critic, buffer, **base)
        if self.n_steps != 1:
            raise ValueError(f"costs are learned step by step: n_steps must be 1, got {self.n_steps}")
        if COST_GROUP not in buffer.shapes:
            raise ValueError(f"the replay buffer must store the observation group '{COST_GROUP}'")
        self.constraints = constraints
        self.multiplier_warmup = multiplier_warmup
        self.cost_critic: Any = cost_critic.to(self.device)
        self.cost_critic_target: Any = make_target(self.cost_critic)
        self.frozen_cost_critic: Any = make_frozen_view(self.cost_critic)
        self.multipliers = LagrangeMultipliers(
            len(constraints), proportional_gain, integral_gain, derivative_gain, initial_multiplier
        ).to(self.device)
        self.episode_costs = EpisodeCosts(buffer.num_envs, len(constraints), cost_window).to(self.device)
        # a playing policy loads what does not begin with "critic"
        self.modules |= {
            "critic_cost": self.cost_critic,
            "critic_cost_target": self.cost_critic_target,
            "multipliers": self.multipliers,
            "episode_costs": self.episode_costs,
        }
        self.add_optimizer("critic", critic=critic_learning_rate, critic_cost=critic_learning_rate)

    @classmethod
    def construct_algorithm(cls, obs: TensorDict, env: VecEnv, cfg: dict[str, Any], device: str) -> Self:
        """From RSL-RL's configuration, called by its runner.

        For the arguments see :func:`.construction.construct`. `cfg` also holds `cost_critic`, keyword arguments of the
        network, and in `algorithm` `cost_limits`, name of a cost -> limit an episode.

        Raises:
            ValueError: If the environment has no costs, or the limits do not fit them, see :class:`.Constraints`.
        """
        if COST_GROUP not in obs.keys():  # noqa: SIM118 - a TensorDict has no `in` of its own
            raise ValueError(
                f"constrained learning needs the observation group '{COST_GROUP}'; got {sorted(obs.keys())}"
            )
        alg_cfg = dict(cfg["algorithm"])
        limits = alg_cfg.pop("cost_limits", {})
        constraints = Constraints(limits, known_costs(env, obs[COST_GROUP].shape[1]), device)
        groups = resolve_obs_groups(obs, cfg["obs_groups"], ["actor", "critic"])
        kwargs = dict(cfg.get("cost_critic", {}))
        network_class: Any = resolve_callable(kwargs.pop("class_name", CostCritic))
        cost_critic = network_class(obs, groups, "critic", env.num_actions, len(constraints), **kwargs)
        alg_cfg |= {"cost_critic": cost_critic, "constraints": constraints}
        return construct(cls, obs, env, {**cfg, "algorithm": alg_cfg}, device, also_stored=[COST_GROUP])

    @torch.no_grad()
    def process_env_step(self, obs: TensorDict, rewards: torch.Tensor, dones: torch.Tensor, extras: dict) -> None:
        """Store the step that followed :meth:`act`, and what it cost; see :class:`.off_policy.OffPolicyAlgorithm`.

        Raises:
            ValueError: If an episode ended and `extras` has no `final_obs`: its last step costs too.
        """
        costs = step_costs(obs, dones, extras).to(self.device)
        super().process_env_step(obs, rewards, dones, extras)
        self.cost_critic.update_normalization(obs)
        self.episode_costs.add(self.constraints.shares(costs), dones.to(self.device).bool())

    def make_updates(self, count: int) -> dict[str, float]:
        """Move the multipliers, then make this many gradient updates; mean of each figure."""
        if count == 0:
            return {}
        mean, trend = self.episode_costs.statistics()
        if self.num_updates >= self.multiplier_warmup:
            self.multipliers.step(mean, trend, count)
        figures = super().make_updates(count)
        costs, multipliers = torch.stack((mean * self.constraints.limits, self.multipliers())).tolist()
        for name, cost, multiplier in zip(self.constraints.names, costs, multipliers, strict=True):
            figures |= {f"cost_{name}": cost, f"multiplier_{name}": multiplier}
        return figures

    def critic_loss(self, batch: Batch) -> Loss:
        """That of the reward's critics, and half the squared error of the cost critics to :meth:`cost_target`."""
        loss, figures = super().critic_loss(batch)
        q = self.cost_critic(self.cost_critic.encode(batch.obs), batch.actions).float()  # (costs, critics, batch)
        cost_loss = 0.5 * (q - self.cost_target(batch).unsqueeze(1)).square().mean(dim=-1).sum()
        return loss + cost_loss, figures | {"cost_critic": cost_loss.detach(), "cost_q": q.detach().mean()}

    @torch.no_grad()
    def cost_target(self, batch: Batch) -> torch.Tensor:
        """What the cost critics' values should be, shape (costs, batch).

        The next value is the upper one, as with clipped double Q-learning it is the lower one of rewards: a mean would
        leave the error of which the policy takes advantage. It is not below 0, for no cost is.
        """
        actions, _ = self.next_actions(batch)
        features = self.cost_critic_target.encode(batch.next_obs)
        next_value = self.cost_critic_target.upper_value(features, actions).float().clamp(min=0.0)
        # y_i = c_i + gamma (1 - terminated) max(0, Q'_ci(s', a'))
        return self.constraints.shares(batch.next_obs[COST_GROUP]).T + batch.discounts * next_value

    def action_value(self, obs: Observations, actions: torch.Tensor) -> torch.Tensor:
        """Q(s, a) - sum_i lambda_i Q_ci(s, a), shape (batch,)."""
        features = self.frozen_cost_critic.encode(obs)
        cost_values = self.frozen_cost_critic.upper_value(features, actions).float()  # (costs, batch)
        # no matrix product, which autocast would compute in bfloat16
        return super().action_value(obs, actions) - (self.multipliers().unsqueeze(-1) * cost_values).sum(dim=0)

    def actor_loss(self, batch: Batch) -> Loss:
        """The base's loss with the value above, over 1 + sum_i lambda_i: growing multipliers make no larger steps.

        For SAC (alpha log pi(a|s) - Q + sum_i lambda_i Q_ci) / (1 + sum_i lambda_i). The temperature's loss is divided
        too, which its optimiser (Adam) does not notice.
        """
        loss, figures = super().actor_loss(batch)
        return loss / (1.0 + self.multipliers().sum()), figures

    def update_targets(self, with_actor: bool) -> None:
        """Let the targets follow; the cost critics' at every update."""
        super().update_targets(with_actor)
        polyak_update(self.cost_critic_target, self.cost_critic, self.tau)

    def train_mode(self) -> None:
        """Before training."""
        super().train_mode()
        self.cost_critic.train()
        self.episode_costs.start()

    def eval_mode(self) -> None:
        """Before inference."""
        super().eval_mode()
        self.cost_critic.eval()

    def save(self) -> dict[str, Any]:
        """Everything needed to play or to resume, and the names of the constraints."""
        return super().save() | {"constraints": self.constraints.names}

    def load(self, loaded_dict: dict[str, Any], load_cfg: dict[str, bool] | None = None, strict: bool = True) -> bool:
        """Restore what :meth:`save` returned; for arguments and errors see :func:`.checkpoint.load_state`.

        Raises:
            ValueError: Also if other costs are limited in the checkpoint.
        """
        found = loaded_dict.get("constraints", self.constraints.names)
        if found != self.constraints.names:
            raise ValueError(
                f"this checkpoint limits {found}, but the agent's cost_limits are {self.constraints.names}"
            )
        return super().load(loaded_dict, load_cfg, strict)


class SACLagrangian(Lagrangian, SAC):
    """Soft actor-critic under constraints."""

    name = "SACLagrangian"


class DDPGLagrangian(Lagrangian, DDPG):
    """DDPG or TD3 under constraints."""

    name = "DDPGLagrangian"
