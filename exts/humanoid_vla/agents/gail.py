"""Generative adversarial imitation learning, off policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import torch
from rsl_rl.env import VecEnv
from rsl_rl.utils import resolve_callable, resolve_obs_groups
from tensordict import TensorDict
from torch import nn
from torch.nn import functional as F  # noqa: N812 - everybody's name for it

from humanoid_vla.agents.construction import construct
from humanoid_vla.agents.expert import Expert
from humanoid_vla.agents.off_policy import Loss
from humanoid_vla.agents.replay_buffer import Batch, ReplayBuffer
from humanoid_vla.agents.sac import SAC
from humanoid_vla.policies.discriminator import Discriminator
from humanoid_vla.policies.trunk import Observations


class GAIL(SAC):
    """SAC whose reward is how well a discriminator takes its transitions for an expert's.

    Source: Ho and Ermon, "Generative adversarial imitation learning", arXiv 1606.03476; off policy as in Kostrikov et
    al., "Discriminator-actor-critic", arXiv 1809.02925. The environment's reward is neither learned from nor stored.
    Rewards are computed when a batch is drawn, so that they are always those of the present discriminator.

    **Ends of episodes.** With a reward above 0 a policy would never finish, with one below 0 it would fail quickly, as
    the value after an end is taken to be 0 (arXiv 1809.02925, section 4.2). Here an episode that ended stays where it
    ended, with action 0, and is left with probability 1 - gamma a step. The discriminator knows from an input of its
    own that an episode is over, and sees the last observation, which tells a success from a failure: in the source all
    ends look the same. Such a state counts 1 / (1 - gamma) transitions, the expected number of steps in it, and its
    value is r / (1 - gamma), so that no critic need learn it: where the discriminator is undecided, ending is worth as
    much as going on for ever. Time-outs are bootstrapped through as usual.

    **The expert's transitions** are a share of what actor and critics learn from, with learned rewards like all others:
    so the critics know where an expert goes before the policy gets there (Ren et al., "Hybrid inverse reinforcement
    learning", arXiv 2402.08848; half of each batch as in Ball et al., "Efficient online reinforcement learning with
    offline data", arXiv 2302.02948).

    Args:
        actor: The policy.
        critic: The critics, scalar or distributional.
        buffer: Where transitions go; it must store what the discriminator reads.
        discriminator: Tells the expert from the policy.
        demonstrations: The expert's file, see :mod:`humanoid_vla.demos.layout`; read when training starts, so a policy
            that is only played needs none.
        discriminator_learning_rate: Step size for the discriminator.
        discriminator_updates: Discriminator updates a policy update.
        gradient_penalty: Weight of :meth:`.Discriminator.gradient_penalty`; 10 in both sources named there.
        expert_share: Share of the actor's and the critics' batches that is the expert's, at least 0 and less than 1.
            Above 0 the file must hold what they read, else only what the discriminator reads.
        sac: Arguments of :class:`.sac.SAC`.

    Raises:
        ValueError: If `n_steps` is not 1, `gamma` is 1 or more, there is not at least one discriminator update,
            `expert_share` is out of its bounds, or the discriminator reads a group that neither actor nor critic reads.
    """

    name = "GAIL"

    def __init__(
        self,
        actor: nn.Module,
        critic: nn.Module,
        buffer: ReplayBuffer,
        *,
        discriminator: Discriminator,
        demonstrations: str | None = None,
        discriminator_learning_rate: float = 1e-3,
        discriminator_updates: int = 1,
        gradient_penalty: float = 10.0,
        expert_share: float = 0.5,
        **sac: Any,
    ) -> None:
        super().__init__(actor, critic, buffer, **sac)
        if self.n_steps != 1:
            raise ValueError(f"GAIL computes rewards transition by transition: n_steps must be 1, got {self.n_steps}")
        if self.gamma >= 1.0:
            raise ValueError(
                f"GAIL needs gamma below 1: an episode that ended is worth r / (1 - gamma), got {self.gamma}"
            )
        if discriminator_updates < 1:
            raise ValueError(f"discriminator_updates must be at least 1, got {discriminator_updates}")
        if not 0.0 <= expert_share < 1.0:
            raise ValueError(f"expert_share must be at least 0 and less than 1, got {expert_share}")
        if missing := [group for group in discriminator.obs_groups if group not in buffer.shapes]:
            raise ValueError(
                f"the discriminator reads {missing}, which must be among the actor's or the critic's groups"
            )
        self.discriminator = discriminator.to(self.device)
        self.demonstrations = demonstrations
        self.discriminator_updates = discriminator_updates
        self.gradient_penalty = gradient_penalty
        self.expert_share = expert_share
        self.modules["discriminator"] = self.discriminator
        self.add_optimizer("discriminator", discriminator=discriminator_learning_rate)
        self.expert: Any = None  # of type Expert from the start of training on

    @classmethod
    def construct_algorithm(cls, obs: TensorDict, env: VecEnv, cfg: dict[str, Any], device: str) -> Self:
        """From RSL-RL's configuration, called by its runner.

        For the arguments see :func:`.construction.construct`. `cfg` also holds `discriminator`, keyword arguments of
        the network, and `obs_groups` may hold a set "discriminator"; it reads what the actor reads otherwise.
        """
        groups = resolve_obs_groups(obs, cfg["obs_groups"], ["actor", "critic"])
        groups.setdefault("discriminator", groups["actor"])
        kwargs = dict(cfg["discriminator"])
        network_class: Any = resolve_callable(kwargs.pop("class_name", Discriminator))
        discriminator = network_class(obs, groups, "discriminator", env.num_actions, **kwargs)
        return construct(
            cls, obs, env, {**cfg, "algorithm": cfg["algorithm"] | {"discriminator": discriminator}}, device
        )

    def train_mode(self) -> None:
        """Before training; reads the demonstrations.

        Raises:
            ValueError: If they cannot be used, see :class:`.expert.Expert`.
        """
        super().train_mode()
        self.discriminator.train()
        if self.expert is None:
            groups = list(self.buffer.shapes) if self.expert_share > 0.0 else self.discriminator.obs_groups
            self.expert = Expert(self.demonstrations, groups, self.buffer)

    @torch.no_grad()
    def process_env_step(self, obs: TensorDict, rewards: torch.Tensor, dones: torch.Tensor, extras: dict) -> None:
        """Store the step that followed :meth:`act`, without its reward; see :class:`.off_policy.OffPolicyAlgorithm`."""
        super().process_env_step(obs, torch.zeros_like(rewards), dones, extras)
        # as much of the expert as of the policy, which is how the discriminator sees them
        expert_obs = self.expert.sample(self.buffer.num_envs).obs
        self.discriminator.update_normalization(obs)
        self.discriminator.update_normalization(expert_obs)
        if self.expert_share > 0.0:
            self.actor.update_normalization(expert_obs)
            self.critic.update_normalization(expert_obs)

    def update_batch(self, batch: Batch, with_actor: bool = True) -> dict[str, torch.Tensor]:
        """Update the discriminator, then critics and actor with the rewards that it gives; figures to log."""
        figures = self.update_discriminator(batch)
        for _ in range(self.discriminator_updates - 1):
            figures = self.update_discriminator(self.mirrored(self.buffer.sample(self.batch_size)))
        from_expert = int(self.expert_share * len(batch.actions))
        batch, figures["learned_reward"] = self.relabelled(first(batch, len(batch.actions) - from_expert))
        if from_expert:
            batch = joined(batch, self.relabelled(self.experts_transitions(from_expert))[0])
        return super().update_batch(batch, with_actor) | figures

    def experts_transitions(self, count: int) -> Batch:
        """Transitions of the expert as those of the policy are: the value of what follows counts."""
        batch = self.mirrored(self.expert.sample(count))
        # gamma (1 - terminated)
        return batch._replace(discounts=self.gamma * (1.0 - batch.terminated))

    def update_discriminator(self, batch: Batch) -> dict[str, torch.Tensor]:
        """One update of the discriminator with a batch of the policy's and one of the expert's; figures to log."""
        loss, figures = self.discriminator_loss(batch, self.mirrored(self.expert.sample(self.batch_size)))
        self.minimize(loss, self.optimizers["discriminator"])
        return figures

    def mirrored(self, batch: Batch) -> Batch:
        """The batch as the learner sees it."""
        return batch if self.symmetry is None else self.symmetry.augment(batch)

    def discriminator_loss(self, policy: Batch, expert: Batch) -> Loss:
        """Binary cross-entropy (arXiv 1606.03476, algorithm 1, with the expert as class 1) and the gradient penalty.

        In full precision and not compiled: the penalty is differentiated twice.
        """
        expert_inputs, expert_weights = self.visited(expert)
        policy_inputs, policy_weights = self.visited(policy)
        logits = self.discriminator(torch.cat((expert_inputs, policy_inputs)))
        expert_logits, policy_logits = logits.split((len(expert_inputs), len(policy_inputs)))
        # -E_expert[log D] - E_policy[log(1 - D)]
        expert_loss = weighted_mean(F.softplus(-expert_logits), expert_weights)
        policy_loss = weighted_mean(F.softplus(policy_logits), policy_weights)
        penalty = self.discriminator.gradient_penalty(expert_inputs, policy_inputs)
        loss = expert_loss + policy_loss
        return loss + self.gradient_penalty * penalty, {
            "discriminator": loss.detach(),
            "gradient_penalty": penalty.detach(),
            "expert_accuracy": weighted_mean((expert_logits > 0).float(), expert_weights),
            "policy_accuracy": weighted_mean((policy_logits < 0).float(), policy_weights),
        }

    def visited(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """A state and action of each transition for the discriminator, and how many it stands for, shape (batch,).

        Where the episode ended, that is the transition itself or one of the 1 / (1 - gamma) which follow on it, all the
        same; one is drawn at random and stands for all.
        """
        weights = 1.0 + batch.terminated / (1.0 - self.gamma)
        over = torch.rand_like(weights) * weights >= 1.0  # with probability 1 - 1 / weight
        obs = {}
        for group in self.discriminator.obs_groups:
            here, there = batch.obs[group], batch.next_obs[group]
            obs[group] = torch.where(over.view(-1, *[1] * (here.dim() - 1)), there, here)
        actions = torch.where(over.unsqueeze(-1), 0.0, batch.actions)
        return self.discriminator.inputs(obs, actions, over), weights

    @torch.no_grad()
    def relabelled(self, batch: Batch) -> tuple[Batch, torch.Tensor]:
        """The batch with learned rewards, to which an end adds what comes after it; and the mean reward of a step."""
        going_on = torch.zeros_like(batch.terminated, dtype=torch.bool)
        rewards = self.reward(batch.obs, batch.actions, going_on)
        after_end = self.reward(batch.next_obs, torch.zeros_like(batch.actions), ~going_on)
        # r(s, a) + gamma terminated r(s', over) (1 + gamma + gamma^2 + ...)
        with_end = rewards + self.gamma * batch.terminated * after_end / (1.0 - self.gamma)
        return batch._replace(rewards=with_end), rewards.mean()

    def reward(self, obs: Observations, actions: torch.Tensor, over: torch.Tensor) -> torch.Tensor:
        """log D(s, a) - log(1 - D(s, a)), shape (batch,); for the arguments see :meth:`.Discriminator.inputs`.

        The logit saturates nowhere, while -log(1 - D) is flat where D is near 0, which is where learning starts. Its
        sign says nothing about whether to go on or to end: ends have a value too.
        """
        return self.discriminator(self.discriminator.inputs(obs, actions, over))

    def eval_mode(self) -> None:
        """Before inference."""
        super().eval_mode()
        self.discriminator.eval()


def first(batch: Batch, count: int) -> Batch:
    """The first transitions of a batch."""
    return batch_of([batch], lambda values: values[0][:count])


def joined(one: Batch, other: Batch) -> Batch:
    """The transitions of both, which hold the same groups."""
    return batch_of([one, other], torch.cat)


def batch_of(batches: list[Batch], make: Callable[[list[torch.Tensor]], torch.Tensor]) -> Batch:
    """What is made of each tensor of all batches."""

    def make_field(values: list[Any]) -> Any:
        if isinstance(values[0], dict):
            return {group: make([value[group] for value in values]) for group in values[0]}
        return make(values)

    return Batch(*(make_field(list(values)) for values in zip(*batches, strict=True)))


def weighted_mean(values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Mean of values, each counted as often as its weight says."""
    return (weights * values).sum() / weights.sum()
