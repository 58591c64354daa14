"""Soft actor-critic."""

from __future__ import annotations

import copy
import math
import warnings
from typing import Any

import torch
from rsl_rl.env import VecEnv
from rsl_rl.utils import resolve_callable, resolve_obs_groups
from tensordict import TensorDict
from torch import nn

from humanoid_vla.agents.checkpoint import check_checkpoint, load_module, policy_shape
from humanoid_vla.agents.off_policy import OffPolicyAlgorithm
from humanoid_vla.agents.replay_buffer import Batch, ReplayBuffer
from humanoid_vla.agents.symmetry import SymmetryAugmentation
from humanoid_vla.policies.critic import TwinCritic
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy


class SAC(OffPolicyAlgorithm):
    """Soft actor-critic with twin critics, target networks and a learned temperature.

    Source: Haarnoja et al., "Soft Actor-Critic Algorithms and Applications", arXiv 1812.05905. Time-outs are
    bootstrapped through, failures are not (Pardo et al., "Time limits in reinforcement learning", arXiv 1712.00378).

    Args:
        actor: The policy.
        critic: The twin critic; its target is a copy made here.
        buffer: Where transitions go.
        device: Where the learner runs.
        multi_gpu_cfg: RSL-RL's dict with `world_size`, or None.
        gamma: Discount factor a step.
        tau: Share of the critic that the target takes over at every update.
        actor_learning_rate: Adam's step size for the policy.
        critic_learning_rate: Adam's step size for the critics.
        alpha_learning_rate: Adam's step size for the log temperature.
        initial_temperature: Temperature alpha at the start [reward / nat].
        target_entropy_per_dim: Entropy to hold [nat / action dimension]; -1 is the paper's choice.
        batch_size: Transitions a gradient update.
        learning_starts: Transitions to collect before the first update; until then actions are uniformly random.
        updates_per_step: Gradient updates a step of the vectorised environment; may be a fraction.
        symmetry: Mirrors a share of every batch, or None.
        policy_delay: Critic updates an update of actor and temperature.
        decay_updates: Gradient updates over which all step sizes fall linearly to a tenth; None keeps them as they are.
        save_replay_buffer: Whether checkpoints hold the replay buffer, so that a resumed run continues as if it had
            never stopped (they grow to the buffer's size).
    """

    def __init__(
        self,
        actor: SquashedGaussianPolicy,
        critic: TwinCritic,
        buffer: ReplayBuffer,
        *,
        device: torch.device | str = "cpu",
        multi_gpu_cfg: dict | None = None,
        gamma: float = 0.99,
        tau: float = 0.005,
        actor_learning_rate: float = 3e-4,
        critic_learning_rate: float = 3e-4,
        alpha_learning_rate: float = 3e-4,
        initial_temperature: float = 0.2,
        target_entropy_per_dim: float = -1.0,
        batch_size: int = 256,
        learning_starts: int = 5_000,
        updates_per_step: float = 4.0,
        symmetry: SymmetryAugmentation | None = None,
        policy_delay: int = 1,
        decay_updates: int | None = None,
        save_replay_buffer: bool = False,
    ) -> None:
        super().__init__(
            actor,
            critic,
            buffer,
            batch_size=batch_size,
            learning_starts=learning_starts,
            updates_per_step=updates_per_step,
            device=device,
            multi_gpu_cfg=multi_gpu_cfg,
        )
        self.gamma = gamma
        self.tau = tau
        self.target_entropy = target_entropy_per_dim * buffer.num_actions
        self.symmetry = symmetry
        self.policy_delay = policy_delay
        self.decay_updates = decay_updates
        self.save_replay_buffer = save_replay_buffer

        self.critic_target = copy.deepcopy(self.critic).requires_grad_(False)
        self.critic_target.obs_normalizer = self.critic.obs_normalizer  # one set of statistics for both
        self.log_alpha = nn.Parameter(torch.tensor(math.log(initial_temperature), device=self.device))
        fused = self.device.type in ("cpu", "cuda")
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), lr=critic_learning_rate, fused=fused)
        # actor and temperature are always updated together
        self.actor_optimizer = torch.optim.Adam(
            [
                {"params": list(self.actor.parameters()), "lr": actor_learning_rate},
                {"params": [self.log_alpha], "lr": alpha_learning_rate},
            ],
            fused=fused,
        )

    @staticmethod
    def construct_algorithm(obs: TensorDict, env: VecEnv, cfg: dict, device: str) -> SAC:
        """Build networks, buffer and algorithm from RSL-RL's configuration; called by the runner.

        Args:
            obs: An example of the environment's observations.
            env: The environment; actions are expected in [-1, 1].
            cfg: `algorithm` (keyword arguments of this class, and `buffer_size`: observations to store over all
                environments, default 1 000 000, and `symmetry_cfg`, Isaac Lab's RslRlSymmetryCfg), `actor` and `critic` (keyword arguments of the networks),
                `obs_groups` ({"actor": [...], "critic": [...]}), `multi_gpu`. Each of the first three may name its
                class in `class_name`.
            device: Where the learner runs.
        """
        cfg["obs_groups"] = groups = resolve_obs_groups(obs, cfg["obs_groups"], ["actor", "critic"])
        alg_cfg = dict(cfg["algorithm"])
        alg_class = resolve_callable(alg_cfg.pop("class_name", SAC))
        buffer_size = alg_cfg.pop("buffer_size", 1_000_000)
        symmetry_cfg = alg_cfg.pop("symmetry_cfg", None)
        symmetry = None if symmetry_cfg is None else SymmetryAugmentation(env, **symmetry_cfg)
        actor_class, actor_cfg = _network(cfg["actor"], SquashedGaussianPolicy)
        critic_class, critic_cfg = _network(cfg["critic"], TwinCritic)
        actor = actor_class(obs, groups, "actor", env.num_actions, **actor_cfg)
        critic = critic_class(obs, groups, "critic", env.num_actions, **critic_cfg)
        # a group that actor and critic share is stored once
        stored = {group: obs[group] for group in dict.fromkeys([*groups["actor"], *groups["critic"]])}
        buffer = ReplayBuffer(stored, env.num_actions, buffer_size, device)
        multi_gpu_cfg = cfg.get("multi_gpu")
        return alg_class(
            actor, critic, buffer, symmetry=symmetry, device=device, multi_gpu_cfg=multi_gpu_cfg, **alg_cfg
        )

    def update(self) -> dict[str, float]:
        """Make the gradient updates that are due; mean of each figure, or nothing before learning starts."""
        if self.decay_updates is not None:
            # once an iteration is often enough, and keeps the updates themselves free of it
            share_left = max(0.1, 1.0 - 0.9 * self.num_updates / self.decay_updates)
            for group in (*self.critic_optimizer.param_groups, *self.actor_optimizer.param_groups):
                group["lr"] = share_left * group.setdefault("initial_lr", group["lr"])
        return super().update()

    def update_batch(self, batch: Batch) -> dict[str, torch.Tensor]:
        """One update of the critics and, every `policy_delay` updates, of actor and temperature."""
        if self.symmetry is not None:
            batch = self.symmetry.augment(batch)
        critic_obs = self.critic.flatten(batch.obs)
        alpha = self.log_alpha.detach().exp()

        q = self.critic(critic_obs, batch.actions)  # (2, batch)
        critic_loss = 0.5 * (q - self.td_target(batch, alpha)).square().mean(dim=1).sum()
        self.critic_optimizer.zero_grad()
        critic_loss.backward()
        self.average_gradients(self.critic.parameters())
        self.critic_optimizer.step()
        figures = {"critic": critic_loss.detach(), "q": q.detach().mean()}

        if self.num_updates % self.policy_delay == 0:
            actions, log_prob = self.actor.sample(self.actor.flatten(batch.obs))
            self.critic.requires_grad_(False)  # the actor's loss moves no critic
            # J_pi = E[alpha log pi(a|s) - min_i Q_i(s, a)]
            actor_loss = (alpha * log_prob - self.critic(critic_obs, actions).amin(dim=0)).mean()
            self.critic.requires_grad_(True)
            alpha_loss = temperature_loss(self.log_alpha, log_prob, self.target_entropy)
            self.actor_optimizer.zero_grad()
            (actor_loss + alpha_loss).backward()
            self.average_gradients([*self.actor.parameters(), self.log_alpha])
            self.actor_optimizer.step()
            figures |= {"actor": actor_loss.detach(), "alpha": alpha, "entropy": -log_prob.detach().mean()}

        polyak_update(self.critic_target, self.critic, self.tau)
        return figures

    @torch.no_grad()
    def td_target(self, batch: Batch, alpha: torch.Tensor) -> torch.Tensor:
        """Soft Bellman target, shape (batch,); arXiv 1812.05905, eq. 5 with the smaller of both target critics."""
        next_actions, next_log_prob = self.actor.sample(self.actor.flatten(batch.next_obs))
        next_q = self.critic_target(self.critic.flatten(batch.next_obs), next_actions).amin(dim=0)
        # y = r + gamma (1 - terminated) (min_i Q'_i(s', a') - alpha log pi(a'|s'))
        return batch.rewards + self.gamma * (1.0 - batch.terminated) * (next_q - alpha * next_log_prob)

    @property
    def learning_rate(self) -> float:
        """The actor's step size, for the runner's log."""
        return self.actor_optimizer.param_groups[0]["lr"]

    def save(self) -> dict[str, Any]:
        """Everything needed to play or to resume; loads with `torch.load(weights_only=True)`."""
        saved = {
            "algorithm": "SAC",
            "policy_shape": self._policy_shape(),
            "actor_state_dict": self.actor.state_dict(),
            "critic_state_dict": self.critic.state_dict(),
            "critic_target_state_dict": self.critic_target.state_dict(),
            "log_alpha": self.log_alpha.detach(),
            "actor_optimizer_state_dict": self.actor_optimizer.state_dict(),
            "critic_optimizer_state_dict": self.critic_optimizer.state_dict(),
            "num_transitions": self.num_transitions,
            "num_updates": self.num_updates,
        }
        if self.save_replay_buffer:
            saved["replay_buffer"] = self.buffer.state_dict()
        return saved

    def load(self, loaded_dict: dict[str, Any], load_cfg: dict[str, bool] | None = None, strict: bool = True) -> bool:
        """Restore what :meth:`save` returned.

        Args:
            loaded_dict: The checkpoint.
            load_cfg: Which of "actor", "critic", "optimizer", "iteration" and "replay_buffer" to restore; all if None.
            strict: Whether the names in the networks' state dicts must match exactly.

        Returns:
            Whether the runner continues to count iterations from the checkpoint.

        Raises:
            ValueError: If the checkpoint belongs to another algorithm, task or architecture.
        """
        if load_cfg is None:
            load_cfg = dict.fromkeys(("actor", "critic", "optimizer", "iteration", "replay_buffer"), True)
        check_checkpoint(loaded_dict, "SAC", self._policy_shape())
        if load_cfg.get("actor"):
            load_module(self.actor, loaded_dict["actor_state_dict"], "actor", strict)
            self.log_alpha.data.copy_(loaded_dict["log_alpha"])
        if load_cfg.get("critic"):
            load_module(self.critic, loaded_dict["critic_state_dict"], "critic", strict)
            load_module(self.critic_target, loaded_dict["critic_target_state_dict"], "target critic", strict)
        if load_cfg.get("optimizer"):
            self.actor_optimizer.load_state_dict(loaded_dict["actor_optimizer_state_dict"])
            self.critic_optimizer.load_state_dict(loaded_dict["critic_optimizer_state_dict"])
        if load_cfg.get("iteration"):
            self.num_transitions = loaded_dict["num_transitions"]
            self.num_updates = loaded_dict["num_updates"]
        if load_cfg.get("replay_buffer") and "replay_buffer" in loaded_dict:
            try:
                self.buffer.load_state_dict(loaded_dict["replay_buffer"])
            except ValueError as error:  # playing with fewer environments is no mistake
                warnings.warn(f"starting with an empty replay buffer: {error}", stacklevel=2)
        return load_cfg.get("iteration", False)

    def broadcast_parameters(self) -> None:
        """Give every process of a multi-GPU run the networks of the first."""
        tensors = [self.log_alpha.data]
        for module in (self.actor, self.critic, self.critic_target):
            tensors += module.state_dict().values()
        for tensor in tensors:
            torch.distributed.broadcast(tensor, src=0)

    def _policy_shape(self) -> dict[str, Any]:
        return policy_shape(self.actor, self.critic, self.buffer.num_actions)


def temperature_loss(log_alpha: torch.Tensor, log_prob: torch.Tensor, target_entropy: float) -> torch.Tensor:
    """J(alpha) = E[-log alpha (log pi(a|s) + target)]: raises the temperature while the entropy is below its target.

    arXiv 1812.05905, eq. 18, with log alpha in place of alpha as in the authors' code: the gradient keeps its sign, and
    its size no longer shrinks with alpha.
    """
    return -log_alpha * (log_prob.detach().mean() + target_entropy)


@torch.no_grad()
def polyak_update(target: nn.Module, online: nn.Module, tau: float) -> None:
    """target <- (1 - tau) target + tau online, in place."""
    for old, new in zip(target.parameters(), online.parameters(), strict=True):
        old.lerp_(new, tau)


def _network(cfg: dict[str, Any], default: type[nn.Module]) -> tuple[Any, dict[str, Any]]:
    """Class and keyword arguments of a network; the class defaults to ours."""
    kwargs = dict(cfg)
    kwargs.pop("distribution_cfg", None)  # Isaac Lab's model configurations carry it for RSL-RL's own networks
    return resolve_callable(kwargs.pop("class_name", default)), kwargs
