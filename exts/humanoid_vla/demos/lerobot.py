"""What our demonstration files and LeRobot's datasets (version 3.0) call the same things.

::

    meta/info.json                     version, fps, features (name -> dtype, shape), numbers of episodes and frames
    meta/stats.json                    feature -> min, max, mean, std, count, quantiles
    meta/tasks.parquet                 task (sentence) -> task_index
    meta/episodes/chunk-000/file-000.parquet     a row an episode: its task, length, files, place in the video
    data/chunk-000/file-000.parquet              a row a step
    videos/<feature>/chunk-000/file-000.mp4      the pictures of all episodes, one after the other
    meta/humanoid_vla.json             ours: the demonstration file's env_args; LeRobot does not read it

Source: LeRobot's documentation, "LeRobotDataset v3.0"; checked with the `lerobot` package by the tests marked slow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VERSION = "v3.0"
INFO, STATS, TASKS, OURS = (
    f"meta/{name}" for name in ("info.json", "stats.json", "tasks.parquet", "humanoid_vla.json")
)
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"

ACTION, REWARD, DONE, TRUNCATED = "action", "next.reward", "next.done", "next.truncated"
IMAGES = "observation.images."
ATTRIBUTES = "demo_attributes"
"""Column of the episodes' table, ours: the attributes of the demonstration's group as JSON."""

FEATURES = {
    "proprio": "observation.state",
    "language": "observation.environment_state",
    "state": "observation.scene",
}
"""Observation group -> feature, where the name is not ``observation.<group>``. LeRobot's ACT and Diffusion Policy read
two vectors, these by name: so they get the robot's sensors and the sentence's embedding, and never what only the
simulator knows."""
_GROUPS = {feature: group for group, feature in FEATURES.items()}


def feature_name(group: str, is_image: bool) -> str:
    """Feature of an observation group."""
    return IMAGES + group if is_image else FEATURES.get(group, f"observation.{group}")


def group_name(feature: str) -> str:
    """Observation group of a feature, also of a dataset that others made: ``observation.images.top`` -> ``top``."""
    return _GROUPS.get(feature) or feature.removeprefix(IMAGES).removeprefix("observation.")


def control_rate(env_args: Mapping[str, Any]) -> int | None:
    """Steps a second, by the attribute ``env_args`` of a demonstration file.

    Raises:
        ValueError: It is no whole number, and LeRobot has no other.
    """
    try:
        sim = env_args["sim_args"]
        rate = 1.0 / (sim["dt"] * sim["decimation"])
    except (KeyError, TypeError, ZeroDivisionError):
        return None
    if abs(rate - round(rate)) > 1e-3:
        raise ValueError(
            f"the control rate is {rate:.3f} Hz, and LeRobot knows whole numbers only; give one with --fps"
        )
    return round(rate)


@contextmanager
def dataset_complaints(folder: Path) -> Iterator[None]:
    """Every ``ValueError`` names the dataset, and what its files' readers stumble over becomes one."""
    try:
        yield
    except (OSError, LookupError, TypeError, ValueError) as error:
        said = " ".join(str(error).split())
        if type(error) is ValueError:  # pyarrow's and json's are of subclasses
            raise ValueError(f"LeRobot dataset '{folder}': {said}") from None
        raise ValueError(
            f"LeRobot dataset '{folder}' is damaged or incomplete ({type(error).__name__}: {said}); fetch it again"
        ) from None
