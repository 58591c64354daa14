"""From a demonstration file to a LeRobot dataset."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from humanoid_vla.demos import lerobot
from humanoid_vla.demos.lerobot_stats import Stats, combine_stats, episode_stats
from humanoid_vla.demos.reader import DemoFile
from humanoid_vla.demos.video import CODEC, KEY_FRAME_INTERVAL, PIXEL_FORMAT, VideoWriter

Columns = dict[str, np.ndarray]
"""Features of an episode: vectors (T, D) and images (T, H, W, 3) uint8."""


def write_lerobot(
    file: DemoFile,
    out: Path,
    obs_groups: Sequence[str],
    fps: int | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> None:
    """Write the episodes of a demonstration file as a LeRobot dataset, see :mod:`.lerobot`.

    Nothing is lost but the last ``next_obs`` of each episode: LeRobot holds what was seen before each action. Memory is
    bounded by the longest episode. The folder appears when it is whole.

    Args:
        file: Demonstrations.
        out: Folder to make.
        obs_groups: Groups to convert: vectors, and images (H, W, 3) uint8.
        fps: Control steps a second; what the file says if ``None``.
        progress: Wraps the episodes' numbers, for a progress bar.

    Raises:
        FileExistsError: ``out`` exists.
        ValueError: The file has no such group, one is neither vector nor RGB image, or no control rate is known.
    """
    if out.exists():
        raise FileExistsError(f"'{out}' exists; name another folder or remove it")
    features = {f"obs/{group}": _obs_feature(file, group) for group in obs_groups}
    part = out.with_name(f".{out.name}.tmp")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with h5py.File(file.path, "r") as content:
            data: Any = content["data"]
            env_args = json.loads(data.attrs["env_args"])
            fps = fps or lerobot.control_rate(env_args)
            if fps is None:
                raise ValueError(f"demonstrations '{file.path}' do not say their control rate; give it with --fps")
            with _Dataset(part, fps) as dataset:
                for number in progress(range(len(file.episodes))):
                    episode = file.episodes[number]
                    attributes = {key: _plain(value) for key, value in data[episode.name].attrs.items()}
                    task = episode.goal.get("instruction", file.task)
                    dataset.add(_read_columns(file, number, features), task, attributes)
        _write_json(part / lerobot.OURS, {"env_args": env_args})
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _obs_feature(file: DemoFile, group: str) -> str:
    """Feature that a group becomes."""
    if group not in file.obs_shapes:
        raise ValueError(f"'{file.path}' has no observation group '{group}', but {', '.join(file.obs_shapes)}")
    shape, dtype = file.fields[f"obs/{group}"]
    is_image = len(shape) == 3 and shape[-1] == 3 and dtype == np.uint8
    if len(shape) != 1 and not is_image:
        raise ValueError(
            f"observation group '{group}' of '{file.path}' is {shape} {dtype}, neither a vector nor an RGB image of"
            " bytes; name the others with --obs_groups"
        )
    return lerobot.feature_name(group, is_image)


def _read_columns(file: DemoFile, number: int, features: Mapping[str, str]) -> Columns:
    """What the demonstration file holds of an episode; ``features``: path in the episode's group -> feature."""
    length = file.episodes[number].length
    paths = [*features, "actions", "rewards", "dones", "terminated"]
    rows = {path: np.empty((length, *file.fields[path][0]), file.fields[path][1]) for path in paths}
    file.read_rows(number, 0, {path: torch.from_numpy(values) for path, values in rows.items()})
    done = rows["dones"].astype(bool)
    return {
        **{feature: rows[path] for path, feature in features.items()},
        lerobot.ACTION: rows["actions"],
        lerobot.REWARD: rows["rewards"].astype(np.float32)[:, None],
        lerobot.DONE: done[:, None],
        lerobot.TRUNCATED: (done & ~rows["terminated"].astype(bool))[:, None],
    }


class _Dataset:
    """A LeRobot dataset that grows by episodes, one file of each kind; leaving the context completes it."""

    def __init__(self, folder: Path, fps: int) -> None:
        self._folder, self._fps = folder, fps
        self._data: pq.ParquetWriter | None = None
        self._videos: dict[str, VideoWriter] = {}
        self._features: dict[str, Any] = {}
        self._tasks: dict[str, int] = {}
        self._rows: list[dict[str, Any]] = []
        self._stats: list[dict[str, Stats]] = []
        self._frames = 0

    def __enter__(self) -> _Dataset:
        return self

    def add(self, columns: Columns, task: str, attributes: Mapping[str, Any]) -> None:
        """Append an episode that was told ``task``."""
        length, number, start = len(columns[lerobot.ACTION]), len(self._rows), self._frames
        steps = np.arange(length, dtype=np.int64)
        columns |= {
            "timestamp": (steps / self._fps).astype(np.float32)[:, None],
            "frame_index": steps[:, None],
            "episode_index": np.full((length, 1), number),
            "index": start + steps[:, None],
            "task_index": np.full((length, 1), self._tasks.setdefault(task, len(self._tasks))),
        }
        if not self._rows:
            self._open(columns)
        assert self._data is not None
        self._data.write_table(_table(columns))  # one row group an episode
        for name, video in self._videos.items():
            video.add(columns[name])
        self._frames += length
        self._stats.append({name: episode_stats(values) for name, values in columns.items()})
        row = {"episode_index": number, "tasks": [task], "length": length}
        row |= {"dataset_from_index": start, "dataset_to_index": start + length}
        for place in ("data", "meta/episodes", *(f"videos/{name}" for name in self._videos)):
            row |= {f"{place}/chunk_index": 0, f"{place}/file_index": 0}
        for name in self._videos:
            row[f"videos/{name}/from_timestamp"] = start / self._fps
            row[f"videos/{name}/to_timestamp"] = self._frames / self._fps
        for name, stats in self._stats[-1].items():
            row |= {f"stats/{name}/{key}": value.tolist() for key, value in stats.items()}
        self._rows.append({**row, lerobot.ATTRIBUTES: json.dumps(attributes)})

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for file in (*self._videos.values(), *([self._data] if self._data else [])):
            file.close()
        if kind is not None:
            return
        pq.write_table(pa.Table.from_pylist(self._rows), self._path(lerobot.EPISODES_PATH))
        pq.write_table(_tasks_table(self._tasks), self._folder / lerobot.TASKS)
        stats = {name: combine_stats([own[name] for own in self._stats]) for name in self._features}
        _write_json(
            self._folder / lerobot.STATS,
            {name: {key: value.tolist() for key, value in of.items()} for name, of in stats.items()},
        )
        info = {
            "codebase_version": lerobot.VERSION,
            "robot_type": None,
            "fps": self._fps,
            "features": self._features,
            "total_episodes": len(self._rows),
            "total_frames": self._frames,
            "total_tasks": len(self._tasks),
            "chunks_size": 1000,
            "data_files_size_in_mb": 100,
            "video_files_size_in_mb": 200,
            "data_path": lerobot.DATA_PATH,
            "video_path": lerobot.VIDEO_PATH if self._videos else None,
            "splits": {"train": f"0:{len(self._rows)}"},
        }
        _write_json(self._folder / lerobot.INFO, info)

    def _open(self, columns: Columns) -> None:
        self._features = {name: _feature(values, self._fps) for name, values in columns.items()}
        self._data = pq.ParquetWriter(self._path(lerobot.DATA_PATH), _table(columns).schema)
        for name, values in columns.items():
            if values.ndim > 2:
                height, width = values.shape[1:3]
                path = self._path(lerobot.VIDEO_PATH, video_key=name)
                self._videos[name] = VideoWriter(path, height, width, self._fps)

    def _path(self, template: str, **names: str) -> Path:
        """The first file of a kind, in a folder that exists."""
        path = self._folder / template.format(chunk_index=0, file_index=0, **names)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _feature(values: np.ndarray, fps: int) -> dict[str, Any]:
    """A feature's line in info.json."""
    shape = list(values.shape[1:])
    if values.ndim == 2:
        return {"dtype": values.dtype.name, "shape": shape, "names": None}
    height, width, channels = shape
    info = {
        "video.height": height,
        "video.width": width,
        "video.channels": channels,
        "video.codec": CODEC,
        "video.pix_fmt": PIXEL_FORMAT,
        "video.fps": fps,
        "video.g": KEY_FRAME_INTERVAL,
        "video.is_depth_map": False,
        "has_audio": False,
    }
    return {"dtype": "video", "shape": shape, "names": ["height", "width", "channels"], "info": info}


def _table(columns: Columns) -> pa.Table:
    """The vectors as columns: numbers where D is 1, as LeRobot does it, else lists of D."""
    return pa.table(
        {
            name: pa.array(values[:, 0])
            if values.shape[1] == 1
            else pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
            for name, values in columns.items()
            if values.ndim == 2
        }
    )


def _tasks_table(tasks: Mapping[str, int]) -> pa.Table:
    """The tasks as pandas writes them, with the sentences as index."""
    columns = [
        {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": numpy_kind, "metadata": None}
        for name, kind, numpy_kind in (("task_index", "int64", "int64"), ("task", "unicode", "object"))
    ]
    pandas = {"index_columns": ["task"], "column_indexes": [], "columns": columns, "pandas_version": "2.0.0"}
    table = pa.table({"task_index": pa.array(tasks.values(), pa.int64()), "task": pa.array(tasks, pa.string())})
    return table.replace_schema_metadata({"pandas": json.dumps(pandas)})


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
