"""Checks of a demonstration file: whatever is wrong is said in one line, before anything is learned from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from humanoid_vla.demos.layout import FORMAT_VERSION, OBS_KEYS, STEP_KEYS, demo_names

RECORD = "record it again with scripts/record_demos.py"

Fields = dict[str, tuple[tuple[int, ...], np.dtype]]
"""Shape of one row and type of each array of an episode, by its path in the group: ``{"obs/state": ((30,), ...)}``."""


class Episode(NamedTuple):
    """One demonstration of a file."""

    name: str
    """Its group: ``"demo_0"``."""
    length: int
    """Steps, T."""
    goal: dict[str, str]
    """What the robot was told: ``{"object": "ball", "hand": ...}``; empty where the file does not say."""


class Contents(NamedTuple):
    """What a sound file holds."""

    task: str
    episodes: list[Episode]
    fields: Fields


@contextmanager
def complaints(path: Path) -> Iterator[None]:
    """Every ``ValueError`` names the file, and what HDF5 stumbles over becomes one."""
    try:
        yield
    except (OSError, KeyError, RuntimeError) as error:  # h5py's for a chunk, a name, an attribute that it cannot read
        raise ValueError(f"demonstrations '{path}' are damaged ({_one_line(error)}); {RECORD}") from None
    except ValueError as error:
        raise ValueError(f"demonstrations '{path}': {error}") from None


def check_file(path: Path, task: str | None = None) -> Contents:
    """Check a file from end to end; numbers are read episode by episode, so memory stays small.

    Args:
        path: File to check.
        task: Task that the demonstrations must be of; any if ``None``.

    Raises:
        ValueError: The file is not what :mod:`.layout` describes, or of another task. The message is one line that
            names the file, what is wrong and the remedy.
    """
    if not path.is_file():
        raise ValueError(f"demonstrations '{path}' do not exist; record them with scripts/record_demos.py")
    with complaints(path):
        if not h5py.is_hdf5(path):
            raise ValueError(f"this is no HDF5 file; name another, or {RECORD}")
        with h5py.File(path, "r") as file:
            data = _check_head(file)
            found = _check_task(data, task)
            names = demo_names(data)
            if not names:
                raise ValueError(f"it holds no demonstrations; {RECORD}")
            fields = _fields(_group(data, names[0]), names[0])
            episodes = [_check_episode(_group(data, name), name, fields) for name in names]
            total, counted = data.attrs.get("total"), sum(episode.length for episode in episodes)
            if total != counted:
                raise ValueError(f"its attribute 'total' is {total}, but it holds {counted} steps; {RECORD}")
    return Contents(found, episodes, fields)


def _check_head(file: h5py.File) -> h5py.Group:
    version = file.attrs.get("format_version", 0)
    if version != FORMAT_VERSION:
        raise ValueError(f"its format version is {version}, but {FORMAT_VERSION} is read here; {RECORD}")
    if not isinstance(file.get("data"), h5py.Group):
        raise ValueError(f"it has no group 'data'; {RECORD}")
    return _group(file, "data")


def _check_task(data: h5py.Group, task: str | None) -> str:
    try:
        found = json.loads(str(data.attrs["env_args"]))["env_name"]
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"its attribute 'env_args' names no task ('env_name'); {RECORD}") from None
    if task is not None and found != task:
        raise ValueError(f"they are of the task {found}, not {task}; name another file, or --task {found}")
    return found


def _fields(demo: h5py.Group, name: str) -> Fields:
    """The arrays that the first demonstration has: all others must have the same."""
    paths = list(STEP_KEYS)
    for key in OBS_KEYS:
        if not isinstance(demo.get(key), h5py.Group) or not len(_group(demo, key)):
            raise ValueError(f"{name} has no observations '{key}/<group>'; {RECORD}")
        paths += [f"{key}/{group}" for group in _group(demo, key)]
    groups, next_groups = (set(_group(demo, key)) for key in OBS_KEYS)
    if groups != next_groups:
        raise ValueError(
            f"{name} has the groups {sorted(groups)} in obs, but {sorted(next_groups)} in next_obs; {RECORD}"
        )
    return {path: (array.shape[1:], array.dtype) for path in paths for array in [_array(demo, name, path)]}


def _check_episode(demo: h5py.Group, name: str, fields: Fields) -> Episode:
    length = demo.attrs.get("num_samples")
    if not isinstance(length, int | np.integer) or length < 1:
        raise ValueError(f"the attribute 'num_samples' of {name} is {length}, not a number of steps; {RECORD}")
    for path, (row_shape, dtype) in fields.items():
        array = _array(demo, name, path)
        if len(array) != length:
            raise ValueError(f"{name}/{path} has {len(array)} steps, but num_samples is {length}; {RECORD}")
        if (array.shape[1:], array.dtype) != (row_shape, dtype):
            raise ValueError(
                f"a row of {name}/{path} has shape {array.shape[1:]} and type {array.dtype}, but in the first"
                f" demonstration {row_shape} and {dtype}; {RECORD}"
            )
        if dtype.kind == "f" and not np.isfinite(array[:]).all():
            raise ValueError(f"{name}/{path} has values that are not finite (NaN or infinite); {RECORD}")
    _check_values(demo, name)
    try:
        goal = {str(kind): str(value) for kind, value in json.loads(str(demo.attrs.get("goal", "{}"))).items()}
    except (AttributeError, TypeError, ValueError):
        raise ValueError(f"the attribute 'goal' of {name} is no JSON object; {RECORD}") from None
    return Episode(name, int(length), goal)


def _check_values(demo: h5py.Group, name: str) -> None:
    actions, dones, terminated = (_array(demo, name, key) for key in ("actions", "dones", "terminated"))
    if actions.ndim != 2:
        raise ValueError(f"{name}/actions has shape {actions.shape}, not (steps, actions); {RECORD}")
    largest = np.abs(actions[:]).max()
    if largest > 1.0:
        raise ValueError(f"{name}/actions reaches {largest:.3g}; actions are in [-1, 1]: scale them, or {RECORD}")
    if dones.ndim != 1 or np.any(dones[:-1]) or dones[-1] != 1:
        raise ValueError(f"{name}/dones does not end the episode in its last step and only there; {RECORD}")
    if terminated.ndim != 1 or np.any(terminated[:] > dones[:]):
        raise ValueError(f"{name}/terminated is set where the episode does not end; {RECORD}")


def _array(demo: h5py.Group, name: str, path: str) -> h5py.Dataset:
    """An array of numbers with at least one dimension."""
    array = demo.get(path)
    if not isinstance(array, h5py.Dataset):
        raise ValueError(f"{name} has no array '{path}'; {RECORD}")
    if array.ndim < 1 or array.dtype.kind not in "fiub":
        raise ValueError(f"{name}/{path} is no array of numbers by step ({array.dtype}, {array.shape}); {RECORD}")
    return array


def _group(parent: h5py.Group, name: str) -> h5py.Group:
    group: Any = parent[name]
    if not isinstance(group, h5py.Group):
        raise ValueError(f"'{name}' is no group; {RECORD}")
    return group


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
