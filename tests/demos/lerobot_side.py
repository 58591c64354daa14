"""Runs in an environment with the `lerobot` package: ``read FOLDER FILE.npz``, or ``write FOLDER``."""

# pyright: reportMissingImports=false
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset

EPISODES = (40, 50, 60)
FEATURES = {
    "observation.state": {"dtype": "float32", "shape": (2,), "names": ["x", "y"]},
    "observation.images.top": {"dtype": "video", "shape": (64, 64, 3), "names": ["height", "width", "channels"]},
    "action": {"dtype": "float32", "shape": (2,), "names": ["x", "y"]},
}


def read(folder: Path, out: Path) -> None:
    """Whatever LeRobot makes of each frame."""
    dataset = LeRobotDataset("local/demos", root=folder, video_backend="pyav")
    frames = [dataset[index] for index in range(len(dataset))]
    arrays = {key: np.stack([np.asarray(frame[key]) for frame in frames]) for key in frames[0]}
    std = {f"std/{key}": stats["std"] for key, stats in dataset.meta.stats.items()}
    np.savez(out, fps=dataset.fps, episodes=dataset.num_episodes, **arrays, **std)


def write(folder: Path) -> None:
    """Episodes in which the action is half the state, and the picture's brightness is the frame's number."""
    dataset = LeRobotDataset.create("local/other", fps=20, root=folder, features=FEATURES, use_videos=True)
    rng = np.random.default_rng(0)
    for number, length in enumerate(EPISODES):
        for step in range(length):
            state = rng.uniform(-1, 1, 2).astype(np.float32)
            picture = np.full((64, 64, 3), 4 * step, np.uint8)
            frame = {"observation.state": state, "observation.images.top": picture, "action": state / 2}
            dataset.add_frame(frame | {"task": f"do {number % 2}"})
        dataset.save_episode()
    dataset.finalize()


if __name__ == "__main__":
    command, *paths = sys.argv[1:]
    {"read": read, "write": write}[command](*map(Path, paths))
