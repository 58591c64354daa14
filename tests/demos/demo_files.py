"""Small demonstration files for the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np

from humanoid_vla.demos.writer import DemoWriter

TASK = "VLA-Reach-G1"
ENV_ARGS = {"env_name": TASK, "type": 2, "env_kwargs": {}}
LENGTHS = [5, 3, 8, 1, 6, 4, 2, 7, 5, 9, 3, 4]
GOAL = {"object": "ball", "hand": "left"}


def open_file(path: Path, mode: Literal["r", "r+"] = "r") -> Any:
    """The file as h5py alone sees it; ``Any``, for h5py's types leave open whether a name is a group or an array."""
    return h5py.File(path, mode)


def make_episode(number: int, length: int) -> dict[str, Any]:
    """An episode whose numbers say where they come from: step t observes ``[100 * number + t, t]``."""
    steps = np.arange(length + 1, dtype=np.float32)
    state = np.stack([100 * number + steps, steps], axis=-1)
    images = np.broadcast_to(np.uint8(number), (length + 1, 4, 4, 3))
    last = np.zeros(length, np.uint8)
    last[-1] = 1
    return {
        "obs": {"state": state[:-1], "camera": images[:-1]},
        "next_obs": {"state": state[1:], "camera": images[1:]},
        "actions": np.full((length, 3), number / 100, np.float32),
        "rewards": steps[:-1],
        "dones": last,
        "terminated": last,
    }


def write_file(path: Path, lengths: list[int]) -> Path:
    """A file with one episode of each length."""
    writer = DemoWriter(path, ENV_ARGS)
    for number, length in enumerate(lengths):
        writer.add(make_episode(number, length), {"seed": 7, "success": True, "goal": json.dumps(GOAL)})
    writer.close()
    return path
