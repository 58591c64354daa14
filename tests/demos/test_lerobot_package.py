"""With the real `lerobot` package, in an environment of its own whose python HUMANOID_VLA_LEROBOT_PYTHON names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from demo_files import open_file
from lerobot_files import GROUPS, LENGTHS, SENTENCES, make_episode, write_file

from humanoid_vla.demos.lerobot import feature_name
from humanoid_vla.demos.lerobot_reader import read_lerobot
from humanoid_vla.demos.lerobot_stats import episode_stats
from humanoid_vla.demos.lerobot_writer import write_lerobot
from humanoid_vla.demos.reader import DemoFile

PYTHON = os.environ.get("HUMANOID_VLA_LEROBOT_PYTHON")
SIDE = Path(__file__).with_name("lerobot_side.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PYTHON is None, reason="HUMANOID_VLA_LEROBOT_PYTHON names no python with lerobot[dataset]"),
]


def lerobot(*arguments: object) -> None:
    """Let the package do something."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"HF_HUB_OFFLINE": "1"}
    command = [str(PYTHON), str(SIDE), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr[-3000:]


def test_lerobot_reads_what_we_write(tmp_path: Path) -> None:
    write_lerobot(DemoFile(write_file(tmp_path / "demos.hdf5")), tmp_path / "dataset", GROUPS)
    lerobot("read", tmp_path / "dataset", tmp_path / "frames.npz")
    frames = np.load(tmp_path / "frames.npz")
    assert (frames["fps"], frames["episodes"]) == (30, 3)
    episodes = [make_episode(number, length) for number, length in enumerate(LENGTHS)]
    assert frames["task"].tolist() == [SENTENCES[n] for n, length in enumerate(LENGTHS) for _ in range(length)]
    actions = np.concatenate([episode["actions"] for episode in episodes])
    assert np.array_equal(frames["action"], actions)
    assert frames["std/action"] == pytest.approx(actions.std(0), rel=1e-5)
    for group in GROUPS:
        values = np.concatenate([episode["obs"][group] for episode in episodes])
        if group == "camera":  # LeRobot's pictures are (3, H, W) in [0, 1]
            pictures = frames["observation.images.camera"] * 255
            assert np.array_equal(pictures.round().astype(np.uint8), values.transpose(0, 3, 1, 2))
            std = episode_stats(values)["std"]
            assert frames["std/observation.images.camera"] == pytest.approx(std, rel=1e-3)
        else:
            values = values[:, 0] if values.shape[1] == 1 else values
            assert np.array_equal(frames[feature_name(group, False)], values)


def test_we_train_from_what_lerobot_writes(tmp_path: Path, scripts: Path) -> None:
    lerobot("write", tmp_path / "other")
    read_lerobot(tmp_path / "other", tmp_path / "other.hdf5")
    file = DemoFile(tmp_path / "other.hdf5", task="other")
    assert file.obs_shapes == {"proprio": (2,), "top": (64, 64, 3)}
    assert [episode.length for episode in file.episodes] == [40, 50, 60]
    assert [episode.goal for episode in file.episodes] == [{"instruction": f"do {number}"} for number in (0, 1, 0)]
    with open_file(file.path) as content:
        for number, length in enumerate((40, 50, 60)):
            demo = content[f"data/demo_{number}"]
            assert np.array_equal(demo["actions"][:] * 2, demo["obs/proprio"][:])
            # LeRobot's own video is not exact
            brightness = demo["obs/top"][:].astype(float)
            assert np.abs(brightness - 4 * np.arange(length)[:, None, None, None]).max() <= 4
    command = [sys.executable, str(scripts / "train_bc.py"), "--dataset", str(file.path), "--obs_groups", "proprio"]
    command += [
        "--out",
        str(tmp_path / "run"),
        "--epochs",
        "40",
        "--learning_rate",
        "0.01",
        "--json",
        str(tmp_path / "figures.json"),
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert min(figures["held_out_losses"]) < 0.01  # of a variance of 1/12
