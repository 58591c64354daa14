"""Which rows of a batch are replaced by images."""

from typing import Any

import pytest
import torch
from tensordict import TensorDict

from humanoid_vla.agents.replay_buffer import Batch
from humanoid_vla.agents.symmetry import SymmetryAugmentation


def three_copies(env: Any, obs: Any, actions: torch.Tensor | None) -> tuple[TensorDict, torch.Tensor | None]:
    """The batch, and two images: 100 and 200 more."""
    images = TensorDict({name: torch.cat([v, v + 100, v + 200]) for name, v in obs.items()}, [3 * len(obs)])
    return images, None if actions is None else torch.cat([actions, actions + 100, actions + 200])


def make_batch(size: int) -> Batch:
    rows = torch.arange(float(size)).unsqueeze(1)
    return Batch({"state": rows}, rows + 0.5, rows[:, 0], {"state": rows + 1}, rows[:, 0], rows[:, 0])


@pytest.mark.parametrize(
    ("size", "expected"), [(6, [0, 1, 102, 103, 204, 205]), (7, [0, 1, 102, 103, 204, 205, 206]), (1, [200])]
)
def test_each_image_has_its_share_of_the_rows(size: int, expected: list[int]) -> None:
    augmentation = SymmetryAugmentation(None, three_copies, use_data_augmentation=True)  # type: ignore[arg-type]
    batch = make_batch(size)
    mixed = augmentation.augment(batch)
    assert mixed.obs["state"][:, 0].tolist() == expected
    assert mixed.next_obs["state"][:, 0].tolist() == [row + 1 for row in expected]
    assert mixed.actions[:, 0].tolist() == [row + 0.5 for row in expected]
    assert torch.equal(mixed.rewards, batch.rewards)
    assert batch.obs["state"][:, 0].tolist() == list(range(size))
