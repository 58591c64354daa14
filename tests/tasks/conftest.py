"""Environments of the Reach task."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from worlds import calm_down, open_env


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with open_env("VLA-Reach-G1") as env:
        env.reset()
        yield env


@pytest.fixture
def env(world: Any) -> Any:
    """Four environments of ``VLA-Reach-G1``: default posture, objects far away, goal "left hand, ball"."""
    torch.manual_seed(0)
    calm_down(world)
    return world
