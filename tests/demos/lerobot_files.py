"""A small demonstration file with all that a LeRobot dataset can hold, and what changes such a dataset."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from convert_demos import main
from humanoid_vla.demos.writer import DemoWriter

TASK = "VLA-Reach-Camera-G1"
ENV_ARGS = {"env_name": TASK, "type": 2, "env_kwargs": {}, "sim_args": {"dt": 1 / 60, "decimation": 2}}
LENGTHS = [5, 3, 7]
SENTENCES = ["touch the ball", "grab the cone", "touch the ball"]
DATA = "data/chunk-000/file-000.parquet"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"
VIDEO = "videos/observation.images.camera/chunk-000/file-000.mp4"
GROUPS = ("proprio", "language", "state", "goal", "camera")


def goal(number: int) -> dict[str, str | int]:
    return {"object": "ball", "hand": "left", "instruction": SENTENCES[number], "instruction_index": 10 + number}


def make_episode(number: int, length: int) -> dict[str, Any]:
    """Noise, which no lossy video survives; the first episode ends by a time-out."""
    rng = np.random.default_rng(number)
    obs: dict[str, np.ndarray] = {
        "proprio": rng.normal(size=(length + 1, 4)).astype(np.float32),
        "language": np.repeat(rng.normal(size=(1, 6)), length + 1, axis=0).astype(np.float32),
        "state": rng.normal(size=(length + 1, 2)).astype(np.float32),
        "goal": rng.normal(size=(length + 1, 1)).astype(np.float32),
        "camera": rng.integers(0, 256, (length + 1, 12, 18, 3), np.uint8),
    }
    last = np.zeros(length, np.uint8)
    last[-1] = 1
    return {
        "obs": {group: values[:-1] for group, values in obs.items()},
        "next_obs": {group: values[1:] for group, values in obs.items()},
        "actions": rng.uniform(-1, 1, (length, 3)).astype(np.float32),
        "rewards": rng.normal(size=length).astype(np.float32),
        "dones": last,
        "terminated": last * np.uint8(number > 0),
    }


def write_file(path: Path, env_args: dict[str, Any] = ENV_ARGS) -> Path:
    writer = DemoWriter(path, env_args)
    for number, length in enumerate(LENGTHS):
        attributes = {"seed": 7, "success": True, "goal": json.dumps(goal(number))}
        writer.add(make_episode(number, length), attributes)
    writer.close()
    return path


def edit_json(path: Path, change: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def replace_column(path: Path, name: str, values: list[Any]) -> None:
    table = pq.read_table(path)
    pq.write_table(table.set_column(table.column_names.index(name), name, [values]), path)


def convert(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    """Call the script."""
    monkeypatch.setattr(sys, "argv", ["convert_demos.py", *map(str, arguments)])
    main()
