"""Behaviour cloning: supervised learning of what demonstrations did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import torch
from rsl_rl.env import VecEnv
from rsl_rl.utils import resolve_obs_groups
from tensordict import TensorDict
from torch.nn import functional as F  # noqa: N812 - everybody's name for it

from humanoid_vla.agents.checkpoint import check_checkpoint, load_module, load_optimizer
from humanoid_vla.agents.copies import make_target, polyak_update
from humanoid_vla.agents.optimization import make_optimizer
from humanoid_vla.agents.symmetry import SymmetryAugmentation
from humanoid_vla.demos.batches import TransitionBatches, Transitions
from humanoid_vla.demos.reader import DemoFile
from humanoid_vla.policies.deterministic import DeterministicPolicy
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy
from humanoid_vla.policies.trunk import Observations

HELD_OUT_MEMORY = 128 * 2**20


class BC:
    """Clones demonstrations offline; speaks RSL-RL's algorithm protocol, so its checkpoints play like all others.

    With the loss "mse" a deterministic policy learns E |pi(s) - a|^2, with "nll" a squashed Gaussian
    -E log pi(a|s); it plays tanh of its mean. Source: Pomerleau, "ALVINN", NeurIPS 1988.

    :meth:`update` is one epoch. In RSL-RL's loop every iteration is one, and its rollouts, which nothing is learned
    from, show what the policy can do by then. `scripts/train_bc.py` does the same without a simulator and stops early.

    Checkpoints say what network the policy is and what it reads, and :meth:`load` makes it anew from that: at training
    no task's configuration was there to agree with.

    Args:
        obs: An example of the observations, see :class:`humanoid_vla.policies.trunk.Trunk`.
        groups: The observation groups that the policy reads, in order.
        num_actions: Actions, in [-1, 1].
        policy: Keyword arguments of the network: `hidden_dims`, `activation`, `obs_normalization` ...
        loss: "mse" or "nll".
        learning_rate: Step size.
        weight_decay: Decoupled weight decay (AdamW, arXiv 1711.05101).
        tau: Share of the learned weights that the policy, their running average (Polyak and Juditsky, 1992), takes over
            at every update.
        symmetry: Its mirror images are learned beside every batch, or None.
        device: Where the learner runs.

    Raises:
        ValueError: If the loss is unknown, or a group is missing or of the wrong shape.
    """

    rnd = None  # RSL-RL's logger asks for it
    name: ClassVar[str] = "BC"

    def __init__(
        self,
        obs: Observations,
        groups: Sequence[str],
        num_actions: int,
        *,
        policy: Mapping[str, Any],
        loss: str = "mse",
        learning_rate: float = 1e-3,
        weight_decay: float = 0.0,
        tau: float = 0.005,
        symmetry: SymmetryAugmentation | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self.device = torch.device(device)
        self.num_actions = num_actions
        self.step_size, self.weight_decay, self.tau = learning_rate, weight_decay, tau
        self.symmetry = symmetry
        self.num_epochs = 0
        self.train_batches: TransitionBatches | None = None
        self.held_out_batches: TransitionBatches | None = None
        self._obs = obs
        self._use(self._make_policy(loss, groups, policy), loss, policy)

    @classmethod
    def construct_algorithm(cls, obs: TensorDict, env: VecEnv, cfg: dict[str, Any], device: str) -> Self:
        """From RSL-RL's configuration, called by its runner.

        `cfg` has `algorithm` (arguments of the class and of :meth:`learn_from`, and `demonstrations`, the path of the
        file, without which it can only play), `actor` (`policy` of the class), `obs_groups` ({"actor": [...]}), `seed`.

        Raises:
            ValueError: If several processes train, or the demonstrations are damaged or of another task.
        """
        if cfg.get("multi_gpu") is not None:
            raise ValueError("behaviour cloning trains in one process; start it with `train`, not `train_multigpu`")
        cfg["obs_groups"] = resolve_obs_groups(obs, cfg["obs_groups"], ["actor"])
        settings = {key: value for key, value in cfg["algorithm"].items() if key != "class_name"}
        path = settings.pop("demonstrations", None)
        data = {key: settings.pop(key) for key in ("batch_size", "held_out") if key in settings}
        symmetry_cfg = settings.pop("symmetry_cfg", None)
        # the loss says which network it is, and Isaac Lab's model configurations carry a distribution for RSL-RL's own
        policy = {key: value for key, value in cfg["actor"].items() if key not in ("class_name", "distribution_cfg")}
        symmetry = None if symmetry_cfg is None else SymmetryAugmentation(env, **symmetry_cfg)
        groups = cfg["obs_groups"]["actor"]
        algorithm = cls(obs, groups, env.num_actions, policy=policy, symmetry=symmetry, device=device, **settings)
        if path:
            algorithm.learn_from(DemoFile(path), seed=cfg.get("seed", 0), **data)
        return algorithm

    def learn_from(self, file: DemoFile, seed: int, batch_size: int = 64, held_out: float = 0.1) -> None:
        """Set the demonstrations to clone, and fit the observation normaliser to those that are trained on.

        Args:
            file: Demonstrations.
            seed: Says which episodes are held out, and the order of batches.
            batch_size: Transitions a gradient update.
            held_out: Fraction of the episodes that are not trained on, but measured.

        Raises:
            ValueError: If no episode would be held out or left, or their observations or actions are not the policy's.
        """
        shapes = {group: tuple(self._obs[group].shape[1:]) for group in self.actor.obs_groups}
        file.check_shapes(shapes, self.num_actions)
        if held_out <= 0.0:
            raise ValueError(f"the held-out fraction is {held_out}; it must be more than 0 and less than 1")
        train, rest = file.split(held_out, seed)
        self.train_batches = TransitionBatches(file, train, batch_size, seed, next_obs=False)
        self.held_out_batches = TransitionBatches(file, rest, batch_size, seed, next_obs=False, memory=HELD_OUT_MEMORY)
        for batch in self.train_batches:
            self.actor.update_normalization(self._with_mirror_image(*self._to_device(batch))[0])

    def loss(self, actor: Any, obs: Observations, actions: torch.Tensor) -> torch.Tensor:
        """Mean loss of a batch: the squared error of an action dimension, or -log pi(a|s) [nat].

        Args:
            actor: The network.
            obs: Observation groups, (batch, ...) each.
            actions: What the demonstrations did, (batch, num_actions), in [-1, 1].
        """
        if self.loss_name == "mse":
            return F.mse_loss(actor(obs), actions)
        return -actor.log_prob(actor.encode(obs), actions).mean()

    def update(self) -> dict[str, float]:
        """Learn each transition once; mean `loss` meanwhile, and that of the held-out episodes afterwards."""
        train, held_out = self._demonstrations()
        total = torch.zeros((), device=self.device)
        for batch in train:
            loss = self.loss(self.learner, *self._with_mirror_image(*self._to_device(batch)))
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            polyak_update(self.actor, self.learner, self.tau)
            total += loss.detach() * len(batch.actions)
        self.num_epochs += 1
        # the only wait for the device
        mean, held_out_mean = torch.stack([total / train.num_transitions, self.mean_loss(held_out)]).tolist()
        return {"loss": mean, "held_out_loss": held_out_mean}

    @torch.no_grad()
    def mean_loss(self, batches: TransitionBatches) -> torch.Tensor:
        """The loss over all transitions, as they were recorded; without dimensions."""
        total = torch.zeros((), device=self.device)
        for batch in batches:
            total += self.loss(self.actor, *self._to_device(batch)) * len(batch.actions)
        return total / batches.num_transitions

    @torch.no_grad()
    def act(self, obs: TensorDict) -> torch.Tensor:
        """The policy's best actions, shape (num_envs, num_actions): rollouts show what it has learned."""
        return self.actor(obs)

    def process_env_step(self, obs: TensorDict, rewards: torch.Tensor, dones: torch.Tensor, extras: dict) -> None:
        """Nothing is learned from rollouts."""
        self.actor.reset(dones)

    def compute_returns(self, obs: TensorDict) -> None:
        """Nothing to do."""

    def get_policy(self) -> Any:
        """The actor, for inference and export."""
        return self.actor

    @property
    def learning_rate(self) -> float:
        """The step size, for the runner's log."""
        return float(self.optimizer.param_groups[0]["lr"])

    def train_mode(self) -> None:
        """Before training; a ValueError says where there are no demonstrations."""
        self._demonstrations()
        self.learner.train()

    def eval_mode(self) -> None:
        """Before inference; the actor, which follows the learner, is always ready."""
        self.learner.eval()

    def save(self) -> dict[str, Any]:
        """Everything needed to play or to resume, nothing but data."""
        return {
            "algorithm": self.name,
            "loss": self.loss_name,
            "policy": self.policy_cfg,
            "policy_shape": _policy_shape(self.actor),
            "num_epochs": self.num_epochs,
            "actor_state_dict": self.actor.state_dict(),
            "learner_state_dict": self.learner.state_dict(),
            "actor_optimizer_state_dict": self.optimizer.state_dict(),
        }

    def load(self, loaded_dict: dict[str, Any], load_cfg: dict[str, bool] | None = None, strict: bool = True) -> bool:
        """Restore what :meth:`save` returned; the policy becomes the checkpoint's, whatever the configuration says.

        `load_cfg` says which of "actor", "optimizer" and "iteration" to restore, all if None. Returns whether the
        runner continues to count iterations from the checkpoint.

        Raises:
            ValueError: If the checkpoint belongs to another algorithm or task, or lacks something.
        """
        load_cfg = dict.fromkeys(("actor", "optimizer", "iteration"), True) if load_cfg is None else load_cfg
        keys = ["loss", "policy", "num_epochs"]
        keys += [f"{name}_state_dict" for name in ("actor", "learner", "actor_optimizer")]
        check_checkpoint(loaded_dict, self.name, {"number of actions": self.num_actions}, keys)
        if load_cfg.get("actor"):
            loss, policy = loaded_dict["loss"], loaded_dict["policy"]
            actor = self._make_policy(loss, loaded_dict["policy_shape"]["actor observation groups"], policy)
            check_checkpoint(loaded_dict, self.name, _policy_shape(actor), ())
            load_module(actor, loaded_dict["actor_state_dict"], "actor", strict)
            self._use(actor, loss, policy)
        if load_cfg.get("optimizer"):
            load_module(self.learner, loaded_dict["learner_state_dict"], "learner", strict)
            load_optimizer(self.optimizer, loaded_dict["actor_optimizer_state_dict"])
        if load_cfg.get("iteration"):
            self.num_epochs = loaded_dict["num_epochs"]
        return load_cfg.get("iteration", False)

    def _make_policy(self, loss: str, groups: Iterable[str], policy: Mapping[str, Any]) -> Any:
        policies: dict[str, Any] = {"mse": DeterministicPolicy, "nll": SquashedGaussianPolicy}
        if loss not in policies:
            raise ValueError(f"unknown loss '{loss}'; choose one of {sorted(policies)}")
        return policies[loss](self._obs, {"actor": list(groups)}, "actor", self.num_actions, **policy).to(self.device)

    def _use(self, actor: Any, loss: str, policy: Mapping[str, Any]) -> None:
        self.learner, self.actor = actor, make_target(actor)
        self.loss_name, self.policy_cfg = loss, dict(policy)
        self.optimizer = make_optimizer([(actor, self.step_size, self.weight_decay)], self.device, recorded=False)

    def _demonstrations(self) -> tuple[TransitionBatches, TransitionBatches]:
        if self.train_batches is None or self.held_out_batches is None:
            raise ValueError(
                "there are no demonstrations to clone: set agent.algorithm.demonstrations=FILE.hdf5, or train without"
                " a simulator with scripts/train_bc.py"
            )
        return self.train_batches, self.held_out_batches

    def _to_device(self, batch: Transitions) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        obs = {group: batch.obs[group].to(self.device) for group in self.actor.obs_groups}
        # images stay uint8, the network scales them
        obs = {group: value if value.dim() > 2 else value.float() for group, value in obs.items()}
        return obs, batch.actions.to(self.device, torch.float32)

    def _with_mirror_image(
        self, obs: dict[str, torch.Tensor], actions: torch.Tensor
    ) -> tuple[Observations, torch.Tensor]:
        if self.symmetry is None:
            return obs, actions
        return self.symmetry.func(env=self.symmetry.env, obs=TensorDict(obs, [len(actions)]), actions=actions)


def _policy_shape(actor: Any) -> dict[str, Any]:
    """What must agree between a checkpoint and the task it is to play; numbers, strings and lists only."""
    return {
        "actor observation groups": list(actor.obs_groups),
        "actor observation shapes": {group: list(shape) for group, shape in actor.trunk.group_shapes.items()},
        "number of actions": actor.action_dim,
    }
