"""Batches of which a share is mirrored, for tasks with a symmetry."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from rsl_rl.env import VecEnv
from rsl_rl.utils import resolve_callable
from tensordict import TensorDict

from humanoid_vla.agents.replay_buffer import Batch


class SymmetryAugmentation:
    """Replaces an equal share of every batch by each of its mirror images.

    Source: Mittal et al., "Symmetry considerations for learning task symmetric robot policies", ICRA 2024. The settings
    are those of Isaac Lab's ``RslRlSymmetryCfg``, so a task's mirror serves PPO and off-policy learners alike. Unlike
    PPO's, the batch keeps its size: its images are of transitions that are not in it, which says more for the same
    work.

    Args:
        env: The environment, passed on to the function.
        data_augmentation_func: ``(env=, obs=TensorDict, actions=) -> (obs, actions)``, each with the batch and behind
            it its images, (k * batch, ...); or its name as "module:function".
        use_data_augmentation: Must be true.
        use_mirror_loss: Must be false: off-policy learners have no such loss here.
        mirror_loss_coeff: Unused without that loss.

    Raises:
        ValueError: If augmentation is off or the mirror loss on.
    """

    def __init__(
        self,
        env: VecEnv,
        data_augmentation_func: Any,
        use_data_augmentation: bool = False,
        use_mirror_loss: bool = False,
        mirror_loss_coeff: float = 0.0,
    ) -> None:
        if not use_data_augmentation or use_mirror_loss:
            raise ValueError(
                "symmetry_cfg of an off-policy agent needs use_data_augmentation=True and use_mirror_loss=False,"
                f" got {use_data_augmentation} and {use_mirror_loss}"
            )
        self.env = env
        self.func = resolve_callable(data_augmentation_func)
        self.copies: int | None = None  # of a batch that the function gives, known from the first one on

    def augment(self, batch: Batch) -> Batch:
        """The batch with its last part mirrored; rewards and ends of episodes have no side."""
        if self.copies is None:
            first = {group: value[:1] for group, value in batch.obs.items()}
            self.copies = next(iter(self._images(first, None)[0].values())).shape[0]
        obs, actions = self._mixed(batch.obs, batch.actions)
        next_obs, _ = self._mixed(batch.next_obs, None)
        return batch._replace(obs=obs, actions=actions, next_obs=next_obs)

    def _mixed(self, obs: dict[str, torch.Tensor], actions: torch.Tensor | None) -> tuple[dict, Any]:
        """The first k-th as it is, and of the k - 1 other parts each an image of its own; only these are made."""
        assert self.copies is not None
        size = next(iter(obs.values())).shape[0]
        kept, rest = size // self.copies, size - size // self.copies
        bounds = [size * number // self.copies - kept for number in range(1, self.copies + 1)]
        rows = [
            slice(number * rest + start, number * rest + end)
            for number, (start, end) in enumerate(itertools.pairwise(bounds), start=1)
        ]
        tail = {group: value[kept:] for group, value in obs.items()}
        images, image_actions = self._images(tail, None if actions is None else actions[kept:])
        mixed = {
            group: torch.cat([value[:kept], *(images[group][part] for part in rows)]) for group, value in obs.items()
        }
        return mixed, None if actions is None else torch.cat([actions[:kept], *(image_actions[part] for part in rows)])

    def _images(self, obs: dict[str, torch.Tensor], actions: torch.Tensor | None) -> tuple[Any, Any]:
        """The batch and behind it its images, (k * batch, ...)."""
        size = next(iter(obs.values())).shape[0]
        return self.func(env=self.env, obs=TensorDict(obs, batch_size=[size]), actions=actions)
