"""From a LeRobot dataset to a demonstration file."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from humanoid_vla.demos import lerobot
from humanoid_vla.demos.layout import GYM_ENV_TYPE
from humanoid_vla.demos.video import VideoReader
from humanoid_vla.demos.writer import DemoWriter

_VECTOR_TYPES = ("float32", "float64", "int32", "int64", "uint8", "bool")


def read_lerobot(
    folder: Path,
    out: Path,
    obs_groups: Sequence[str] | None = None,
    scale_actions: bool = False,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> None:
    """Write the episodes of a LeRobot dataset, ours or anybody's, to a demonstration file, see :mod:`.layout`.

    ``next_obs`` is ``obs`` one step later; LeRobot holds nothing after the last action, so the last row is there twice.
    Where the dataset does not say so: rewards are 0, an episode is done in its last step, and that is no time-out.
    The goal is the sentence of the episode's task. The file appears when it is whole.

    Args:
        folder: Dataset of version 3.
        out: HDF5 file to make.
        obs_groups: Groups to convert, by the names they get (:func:`.lerobot.group_name`); all if ``None``.
        scale_actions: Map the range of each action in the dataset to [-1, 1]; the ranges go into ``env_args``.
        progress: Wraps the episodes' numbers, for a progress bar.

    Raises:
        FileExistsError: ``out`` exists.
        ValueError: The dataset cannot be converted; one line names it, what is wrong, and the remedy.
    """
    if out.exists():
        raise FileExistsError(f"'{out}' exists; name another file or remove it")
    part = out.with_name(f".{out.name}.part")
    part.unlink(missing_ok=True)
    try:
        with lerobot.dataset_complaints(folder):
            source = _Dataset(folder, obs_groups, scale_actions)
            writer = DemoWriter(part, source.env_args())
            try:
                for number in progress(range(len(source.episodes))):
                    writer.add(*source.episode(number))
                    writer.commit()
            finally:
                writer.close()
                source.close()
        part.rename(out)
    finally:
        part.unlink(missing_ok=True)


class _Dataset:
    """A LeRobot dataset; all that is wrong with its head is found here."""

    def __init__(self, folder: Path, obs_groups: Sequence[str] | None, scale_actions: bool) -> None:
        self._folder, self._info = folder, _read_info(folder)
        self._features: dict[str, dict[str, Any]] = self._info["features"]
        if lerobot.ACTION not in self._features:
            raise ValueError("it has no feature 'action'; name another dataset")
        self._obs = self._choose(obs_groups)
        self.episodes = _read_episodes(folder)
        tasks = pq.read_table(folder / lerobot.TASKS).to_pydict()
        sentences = tasks.get("task") or tasks["__index_level_0__"]  # the older name of pandas' index
        self._tasks: dict[int, str] = dict(zip(tasks["task_index"], sentences, strict=True))
        self._action_range = self._read_action_range() if scale_actions else None
        self._videos: dict[str, VideoReader] = {}

    def env_args(self) -> dict[str, Any]:
        """Attribute of the demonstration file; where the dataset is not of ours, its folder's name is the task's."""
        ours = self._folder / lerobot.OURS
        if ours.is_file():
            env_args = json.loads(ours.read_text(encoding="utf-8"))["env_args"]
        else:
            env_args = {"env_name": self._folder.resolve().name, "type": GYM_ENV_TYPE, "env_kwargs": {}}
            env_args["sim_args"] = {"dt": 1.0 / self._info["fps"], "decimation": 1}
        if self._action_range is not None:
            low, high = self._action_range
            env_args |= {"action_low": low.tolist(), "action_high": high.tolist()}
        return env_args

    def episode(self, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arrays and attributes of an episode, as :meth:`.DemoWriter.add` takes them."""
        row, length = self.episodes[number], self.episodes[number]["length"]
        kinds = {feature: self._features[feature]["dtype"] for feature in self._obs.values()}
        columns = [feature for feature, kind in kinds.items() if kind != "video"] + [lerobot.ACTION, "task_index"]
        columns += [name for name in (lerobot.REWARD, lerobot.TRUNCATED) if name in self._features]
        path = self._path("data_path", row, "data")
        filters = [("episode_index", "=", row["episode_index"])]
        table = pq.read_table(self._folder / path, columns=columns, filters=filters)
        if table.num_rows != length:
            raise ValueError(
                f"'{path}' has {table.num_rows} steps of episode {number}, which has {length}; fetch it again"
            )
        obs = {group: self._read_obs(table, feature, row) for group, feature in self._obs.items()}
        last = np.arange(length) == length - 1
        truncated = _vectors(table, lerobot.TRUNCATED, length).astype(bool)
        arrays = {
            "obs": obs,
            "next_obs": {group: np.concatenate([values[1:], values[-1:]]) for group, values in obs.items()},
            "actions": self._scale(_vectors(table, lerobot.ACTION).reshape(length, -1), number),
            "rewards": _vectors(table, lerobot.REWARD, length).astype(np.float32),
            "dones": last.astype(np.uint8),
            "terminated": (last & ~truncated).astype(np.uint8),
        }
        if lerobot.ATTRIBUTES in row:
            return arrays, json.loads(row[lerobot.ATTRIBUTES])
        task = self._tasks[table["task_index"][0].as_py()]
        return arrays, {"goal": json.dumps({"instruction": task})}

    def close(self) -> None:
        """End the videos' readers."""
        for video in self._videos.values():
            video.close()

    def _choose(self, groups: Sequence[str] | None) -> dict[str, str]:
        """Observation group -> feature, of those to convert."""
        names = [name for name in self._features if name.startswith("observation.")]
        found = {lerobot.group_name(name): name for name in names}
        if not found or len(found) < len(names):
            raise ValueError(f"its observations are {names or 'missing'}, of which no groups can be made; name another")
        if unknown := sorted(set(groups or []) - found.keys()):
            raise ValueError(f"it has no observation group {', '.join(unknown)}, but {', '.join(found)}")
        chosen = {group: found[group] for group in groups or found}
        for group, name in chosen.items():
            feature = self._features[name]
            kind, shape, info = feature["dtype"], feature["shape"], feature.get("info") or {}
            depth = info.get("is_depth_map") or info.get("video.is_depth_map")
            if depth or not (kind in ("video", "image") or (kind in _VECTOR_TYPES and len(shape) == 1)):
                raise ValueError(
                    f"its feature '{name}' ({'depth' if depth else kind}, {shape}) is neither a vector nor an RGB"
                    f" image; name other groups than '{group}' with --obs_groups"
                )
        return chosen

    def _read_action_range(self) -> tuple[np.ndarray, np.ndarray]:
        stats = json.loads((self._folder / lerobot.STATS).read_text(encoding="utf-8"))[lerobot.ACTION]
        return np.array(stats["min"], np.float32), np.array(stats["max"], np.float32)

    def _read_obs(self, table: Any, feature: str, row: dict[str, Any]) -> np.ndarray:
        """An observation of an episode: (T, D), or (T, H, W, 3) uint8."""
        kind = self._features[feature]["dtype"]
        if kind == "video":
            path = self._folder / self._path("video_path", row, f"videos/{feature}", video_key=feature)
            video = self._videos.get(feature)
            if video is None or video.path != path:
                if video is not None:
                    video.close()
                video = self._videos[feature] = VideoReader(path)
            return video.read(round(row[f"videos/{feature}/from_timestamp"] * self._info["fps"]), row["length"])
        if kind == "image":
            pictures = (Image.open(io.BytesIO(value["bytes"])) for value in table[feature].to_pylist())
            return np.stack([np.asarray(picture.convert("RGB")) for picture in pictures])
        return _vectors(table, feature).reshape(row["length"], -1)

    def _scale(self, actions: np.ndarray, number: int) -> np.ndarray:
        """Actions of an episode in [-1, 1], (T, A) float32."""
        if self._action_range is not None:
            low, high = self._action_range
            # 2 (a - low) / (high - low) - 1; 0 where an action never changes
            span = np.where(high > low, high - low, np.inf)
            actions = np.where(high > low, 2.0 * (actions - low) / span - 1.0, 0.0).clip(-1.0, 1.0)
        if np.abs(actions).max() > 1.0:
            largest = actions.flat[np.abs(actions).argmax()]
            raise ValueError(
                f"an action of episode {number} is {largest:.3g}, and ours are in [-1, 1]; give --scale_actions to map"
                " the range of each to that"
            )
        return actions.astype(np.float32)

    def _path(self, template: str, row: dict[str, Any], place: str, **names: str) -> str:
        chunk, file = row[f"{place}/chunk_index"], row[f"{place}/file_index"]
        return self._info[template].format(chunk_index=chunk, file_index=file, **names)


def _read_info(folder: Path) -> dict[str, Any]:
    path = folder / lerobot.INFO
    if not path.is_file():
        raise ValueError(f"it has no {lerobot.INFO}, so it is none; name the folder that has 'meta' in it")
    info = json.loads(path.read_text(encoding="utf-8"))
    version = str(info.get("codebase_version"))
    if not version.startswith("v3."):
        raise ValueError(f"its version is {version}, but v3 is read here; convert it with LeRobot's own scripts")
    return info


def _read_episodes(folder: Path) -> list[dict[str, Any]]:
    """Rows of the episodes' tables without their statistics, in order."""
    rows: list[dict[str, Any]] = []
    for path in sorted(folder.glob("meta/episodes/*/*.parquet")):
        columns = [name for name in pq.read_schema(path).names if not name.startswith("stats/")]
        rows += pq.read_table(path, columns=columns).to_pylist()
    if not rows:
        raise ValueError("it holds no episodes; name another dataset")
    return sorted(rows, key=lambda row: row["episode_index"])


def _vectors(table: Any, name: str, length: int | None = None) -> np.ndarray:
    """A column of numbers, (T,), or of lists of them, (T, D); zeros, (length,), where it may be missing and is.

    Raises:
        ValueError: A number is missing or not finite.
    """
    if length is not None and name not in table.column_names:
        return np.zeros(length)
    column = table[name].combine_chunks()
    lists = hasattr(column, "flatten") and hasattr(column.type, "value_type")
    numbers = (column.flatten() if lists else column).to_numpy(zero_copy_only=False)
    if numbers.dtype.kind == "f":
        numbers = numbers.astype(np.float32)
    if column.null_count or not np.isfinite(numbers).all():
        raise ValueError(f"its feature '{name}' has values that are missing or not finite; leave these episodes out")
    return numbers.reshape(len(column), -1) if lists else numbers
