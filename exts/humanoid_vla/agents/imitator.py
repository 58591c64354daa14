"""What behaviour cloning and DAgger share: a policy that learns by supervision what to do in each situation."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from tensordict import TensorDict
from torch.nn import functional as F  # noqa: N812 - everybody's name for it

from humanoid_vla.agents.acceleration import accelerate
from humanoid_vla.agents.checkpoint import check_checkpoint, load_module, load_optimizer
from humanoid_vla.agents.copies import make_target, polyak_update
from humanoid_vla.agents.optimization import make_optimizer, scale_step_sizes
from humanoid_vla.policies.deterministic import DeterministicPolicy
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy
from humanoid_vla.policies.trunk import Observations
from humanoid_vla.policies.vla import VlaPolicy

NETWORKS: dict[tuple[str, str], Any] = {
    ("mlp", "mse"): DeterministicPolicy,
    ("mlp", "nll"): SquashedGaussianPolicy,
    ("vla", "mse"): VlaPolicy,
}
"""Kind of network and loss -> policy. A checkpoint names a kind, not a class: loading must not import what it says."""


class Imitator(ABC):
    """A policy, its running average and their optimiser; speaks RSL-RL's algorithm protocol.

    With the loss "mse" a deterministic policy learns E |pi(s) - a|^2, with "nll" a squashed Gaussian
    -E log pi(a|s); it plays tanh of its mean.

    Checkpoints say what network the policy is and what it reads, and :meth:`load` makes it anew from that: at training
    no task's configuration may have been there to agree with.

    Args:
        obs: An example of the observations, see :class:`humanoid_vla.policies.trunk.Trunk`.
        groups: The observation groups that the policy reads, in order.
        num_actions: Actions, in [-1, 1].
        policy: Keyword arguments of the network: `hidden_dims`, `obs_normalization` ...
        network: "mlp", or "vla" for the vision-language-action network.
        loss: "mse" or "nll".
        learning_rate: Step size.
        weight_decay: Decoupled weight decay (AdamW, arXiv 1711.05101).
        tau: Share of the learned weights that the policy, their running average (Polyak and Juditsky, 1992), takes over
            at every update.
        max_grad_norm: Gradients longer than this are shortened to it; None leaves them as they are.
        warmup_updates: Updates over which the step size grows to its full length.
        decay_updates: Updates after which it has shrunk to nothing, along a cosine; None leaves it constant.
        autocast: Whether the network's products are computed in bfloat16.
        device: Where the learner runs.

    Raises:
        ValueError: If there is no such network with that loss, or a group is missing or of the wrong shape.
    """

    rnd = None  # RSL-RL's logger asks for it
    name: ClassVar[str]

    def __init__(
        self,
        obs: Observations,
        groups: Sequence[str],
        num_actions: int,
        *,
        policy: Mapping[str, Any],
        network: str = "mlp",
        loss: str = "mse",
        learning_rate: float = 1e-3,
        weight_decay: float = 0.0,
        tau: float = 0.005,
        max_grad_norm: float | None = None,
        warmup_updates: int = 0,
        decay_updates: int | None = None,
        autocast: bool = False,
        device: torch.device | str = "cpu",
    ) -> None:
        self.device = torch.device(device)
        self.num_actions = num_actions
        self.step_size, self.weight_decay, self.tau = learning_rate, weight_decay, tau
        self.max_grad_norm = max_grad_norm
        self.warmup_updates, self.decay_updates = warmup_updates, decay_updates
        self.num_updates = 0
        self._loss = accelerate(self.loss, self.device, autocast=autocast)
        self._obs = obs
        self._use(self._make_policy(network, loss, groups, policy), network, loss, policy)

    def loss(self, actor: Any, obs: Observations, actions: torch.Tensor) -> torch.Tensor:
        """Mean loss of a batch: the squared error of an action dimension, or -log pi(a|s) [nat].

        Args:
            actor: The network.
            obs: Observation groups, (batch, ...) each.
            actions: What to do, (batch, num_actions), in [-1, 1]; or the next steps', (batch, chunk, num_actions).
        """
        if self.loss_name == "nll":
            return -actor.log_prob(actor.encode(obs), actions).mean()
        if self.network == "vla":
            return F.mse_loss(actor.plan(obs), actions.view(len(actions), actor.chunk_size, self.num_actions))
        return F.mse_loss(actor(obs), actions)

    def learn(self, obs: Observations, actions: torch.Tensor) -> torch.Tensor:
        """One gradient update on a batch; its loss, without dimensions."""
        loss = self._loss(self.learner, obs, actions)
        self.optimizer.zero_grad()
        loss.backward()
        if self.max_grad_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.learner.parameters(), self.max_grad_norm)
        scale_step_sizes(self.optimizer, step_share(self.num_updates, self.warmup_updates, self.decay_updates))
        self.optimizer.step()
        polyak_update(self.actor, self.learner, self.tau)
        self.num_updates += 1
        return loss.detach()

    @torch.no_grad()
    def act(self, obs: TensorDict) -> torch.Tensor:
        """The policy's best actions, shape (num_envs, num_actions)."""
        return self.actor(obs)

    def process_env_step(self, obs: TensorDict, rewards: torch.Tensor, dones: torch.Tensor, extras: dict) -> None:
        """Nothing is learned from rewards."""
        self.actor.reset(dones)

    def compute_returns(self, obs: TensorDict) -> None:  # noqa: B027 - empty by design
        """Nothing to do."""

    @abstractmethod
    def update(self) -> dict[str, float]:
        """Learn for an iteration; figures to log."""

    def get_policy(self) -> Any:
        """The actor, for inference and export."""
        return self.actor

    @property
    def learning_rate(self) -> float:
        """The step size, for the runner's log."""
        return float(self.optimizer.param_groups[0]["lr"])

    def train_mode(self) -> None:
        """Before training."""
        self.learner.train()

    def eval_mode(self) -> None:
        """Before inference; the actor, which follows the learner, is always ready."""
        self.learner.eval()

    def save(self) -> dict[str, Any]:
        """Everything needed to play or to resume, nothing but data."""
        return {
            "algorithm": self.name,
            "network": self.network,
            "loss": self.loss_name,
            "policy": self.policy_cfg,
            "policy_shape": _policy_shape(self.actor),
            "num_updates": self.num_updates,
            "actor_state_dict": self.actor.state_dict(),
            "learner_state_dict": self.learner.state_dict(),
            "actor_optimizer_state_dict": self.optimizer.state_dict(),
        }

    def load(self, loaded_dict: dict[str, Any], load_cfg: dict[str, bool] | None = None, strict: bool = True) -> bool:
        """Restore what :meth:`save` returned; the policy becomes the checkpoint's, whatever the configuration says.

        `load_cfg` says which of "actor", "optimizer" and "iteration" to restore, all if None; of a checkpoint that says
        ``policy_only`` the policy is, whatever is asked for. Returns whether the runner continues to count iterations
        from the checkpoint.

        Raises:
            ValueError: If the checkpoint belongs to another algorithm or task, or lacks something.
        """
        load_cfg = dict.fromkeys(("actor", "optimizer", "iteration"), True) if load_cfg is None else load_cfg
        shape = {"number of actions": self.num_actions}
        keys = ["network", "loss", "policy", "actor_state_dict"]
        if loaded_dict.get("policy_only"):
            check_checkpoint(loaded_dict, self.name, shape, keys)
            self._load_policy(loaded_dict, strict)
            return False
        keys += ["num_updates", "learner_state_dict", "actor_optimizer_state_dict"]
        check_checkpoint(loaded_dict, self.name, shape, keys)
        if load_cfg.get("actor"):
            self._load_policy(loaded_dict, strict)
        if load_cfg.get("optimizer"):
            load_module(self.learner, loaded_dict["learner_state_dict"], "learner", strict)
            load_optimizer(self.optimizer, loaded_dict["actor_optimizer_state_dict"])
        if load_cfg.get("iteration"):
            self.num_updates = loaded_dict["num_updates"]
        return load_cfg.get("iteration", False)

    def _load_policy(self, loaded: dict[str, Any], strict: bool = True) -> None:
        """Take over the policy of a checkpoint, be it of this algorithm or of its sibling."""
        network, loss, policy = loaded["network"], loaded["loss"], loaded["policy"]
        if "pretrained" in policy:
            policy = policy | {"pretrained": False}  # the weights are in the checkpoint
        actor = self._make_policy(network, loss, loaded["policy_shape"]["actor observation groups"], policy)
        check_checkpoint(loaded, loaded["algorithm"], _policy_shape(actor), ())
        load_module(actor, loaded["actor_state_dict"], "actor", strict)
        self._use(actor, network, loss, policy)

    def _make_policy(self, network: str, loss: str, groups: Iterable[str], policy: Mapping[str, Any]) -> Any:
        if (network, loss) not in NETWORKS:
            known = ", ".join(f"{network} with {loss}" for network, loss in NETWORKS)
            raise ValueError(f"unknown network '{network}' with the loss '{loss}'; choose one of: {known}")
        policy_class = NETWORKS[network, loss]
        return policy_class(self._obs, {"actor": list(groups)}, "actor", self.num_actions, **policy).to(self.device)

    def _use(self, actor: Any, network: str, loss: str, policy: Mapping[str, Any]) -> None:
        self.learner, self.actor = actor, make_target(actor)
        self.network, self.loss_name, self.policy_cfg = network, loss, dict(policy)
        self.optimizer = make_optimizer([(actor, self.step_size, self.weight_decay)], self.device, recorded=False)


def step_share(update: int, warmup_updates: int, decay_updates: int | None) -> float:
    """The share of the full step size that update number `update`, counted from 0, makes.

    It grows in equal steps and then follows half a cosine to zero: Loshchilov and Hutter, "SGDR", arXiv 1608.03983,
    eq. 5 without restarts.
    """
    if update < warmup_updates:
        return (update + 1) / warmup_updates
    if decay_updates is None:
        return 1.0
    progress = min((update - warmup_updates) / max(decay_updates - warmup_updates, 1), 1.0)
    return 0.5 * (1.0 + math.cos(math.pi * progress))


def _policy_shape(actor: Any) -> dict[str, Any]:
    """What must agree between a checkpoint and the task it is to play; numbers, strings and lists only."""
    return {
        "actor observation groups": list(actor.obs_groups),
        "actor observation shapes": {group: list(shape) for group, shape in actor.group_shapes.items()},
        "number of actions": actor.action_dim,
    }
