"""Behaviour cloning: supervised learning of what demonstrations did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import torch
from rsl_rl.env import VecEnv
from rsl_rl.utils import resolve_obs_groups
from tensordict import TensorDict

from humanoid_vla.agents.imitator import Imitator
from humanoid_vla.agents.symmetry import SymmetryAugmentation
from humanoid_vla.demos.batches import TransitionBatches, Transitions
from humanoid_vla.demos.reader import DemoFile
from humanoid_vla.policies.trunk import Observations

HELD_OUT_MEMORY = 128 * 2**20
ChangeObs = Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]
"""Observations of a batch -> the same situations seen or told otherwise."""


class BC(Imitator):
    """Clones demonstrations offline. Source: Pomerleau, "ALVINN", NeurIPS 1988.

    :meth:`update` is one epoch. In RSL-RL's loop every iteration is one, and its rollouts, which nothing is learned
    from, show what the policy can do by then. `scripts/train_bc.py` does the same without a simulator and stops early.

    Args:
        obs: An example of the observations, see :class:`humanoid_vla.policies.trunk.Trunk`.
        groups: The observation groups that the policy reads, in order.
        num_actions: Actions, in [-1, 1].
        symmetry: Its mirror images are learned beside every batch, or None.
        augmentations: What is done to the observations of every batch that is learned, in order.
        **settings: See :class:`.imitator.Imitator`.
    """

    name: ClassVar[str] = "BC"

    def __init__(
        self,
        obs: Observations,
        groups: Sequence[str],
        num_actions: int,
        *,
        symmetry: SymmetryAugmentation | None = None,
        augmentations: Sequence[ChangeObs] = (),
        **settings: Any,
    ) -> None:
        super().__init__(obs, groups, num_actions, **settings)
        self.symmetry, self.augmentations = symmetry, augmentations
        self.train_batches: TransitionBatches | None = None
        self.held_out_batches: TransitionBatches | None = None

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
        chunk = getattr(self.actor, "chunk_size", 1)
        self.train_batches = TransitionBatches(file, train, batch_size, seed, next_obs=False, chunk=chunk)
        self.held_out_batches = TransitionBatches(
            file, rest, batch_size, seed, next_obs=False, chunk=chunk, memory=HELD_OUT_MEMORY
        )
        for batch in self.train_batches:
            self.actor.update_normalization(self._augmented(*self._to_device(batch))[0])

    def update(self) -> dict[str, float]:
        """Learn each transition once; mean `loss` meanwhile, and that of the held-out episodes afterwards."""
        train, held_out = self._demonstrations()
        total = torch.zeros((), device=self.device)
        for batch in train:
            total += self.learn(*self._augmented(*self._to_device(batch))) * len(batch.actions)
        # the only wait for the device
        mean, held_out_mean = torch.stack([total / train.num_transitions, self.mean_loss(held_out)]).tolist()
        return {"loss": mean, "held_out_loss": held_out_mean}

    @torch.no_grad()
    def mean_loss(self, batches: TransitionBatches, change: ChangeObs | None = None) -> torch.Tensor:
        """The loss over all transitions, as they were recorded or with changed observations; without dimensions."""
        total = torch.zeros((), device=self.device)
        for batch in batches:
            obs, actions = self._to_device(batch)
            total += self.loss(self.actor, obs if change is None else change(obs), actions) * len(actions)
        return total / batches.num_transitions

    def train_mode(self) -> None:
        """Before training; a ValueError says where there are no demonstrations."""
        self._demonstrations()
        super().train_mode()

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

    def _augmented(self, obs: dict[str, torch.Tensor], actions: torch.Tensor) -> tuple[Observations, torch.Tensor]:
        for change in self.augmentations:
            obs = change(obs)
        if self.symmetry is None:
            return obs, actions
        return self.symmetry.func(env=self.symmetry.env, obs=TensorDict(obs, [len(actions)]), actions=actions)
