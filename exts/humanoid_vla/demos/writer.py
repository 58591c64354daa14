"""Writes demonstration files that are whole at every moment, also when the process is killed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from humanoid_vla.demos.layout import FORMAT_VERSION

Arrays = Mapping[str, "np.ndarray | Arrays"]
"""Arrays by name, in groups within groups: ``{"obs": {"state": (T, D)}, "actions": (T, A)}``."""

# HDF5 1.10's format: a tenth of the oldest format's overhead for each small array, and any h5py of today reads it.
_LIBVER = ("v110", "v110")

_LARGE = 2**16
"""Arrays of more bytes, images say, are compressed; for smaller ones that takes longer and saves next to nothing."""
_COMPRESSION: dict[str, Any] = {"compression": "gzip", "compression_opts": 2}


class DemoWriter:
    """Appends episodes to a demonstration file, see :mod:`humanoid_vla.demos.layout`.

    An HDF5 file that is open for writing is torn by ``kill -9``. So there are two copies, written in turn, and the
    file's name is a hard link to the one that is closed: :meth:`commit` appends to the other, closes it, and moves the
    name there in one step. The copy that was left behind gets its missing episodes the next time, as compressed bytes.

    Args:
        path: File to make, in a folder on a file system with hard links.
        env_args: Goes into the attribute ``env_args``; robomimic wants ``env_name``, ``type`` and ``env_kwargs``.

    Raises:
        FileExistsError: ``path`` exists.
    """

    def __init__(self, path: str | Path, env_args: Mapping[str, Any]) -> None:
        self.path = Path(path)
        if self.path.exists():
            raise FileExistsError(f"'{self.path}' exists; name another file or remove it")
        self.env_args = dict(env_args)
        self.num_episodes = 0
        """Episodes committed."""
        self._total = 0
        self._pending: list[tuple[Arrays, Mapping[str, Any]]] = []
        self._copies = [self.path.with_name(f".{self.path.name}.{number}.tmp") for number in range(2)]
        self._link = self.path.with_name(f".{self.path.name}.link.tmp")
        self._remove_copies()

    def add(self, arrays: Arrays, attributes: Mapping[str, Any]) -> None:
        """Keep an episode for the next commit.

        Args:
            arrays: The arrays of one ``demo_k`` group; each has the episode's T steps in its first dimension.
            attributes: Attributes of that group; ``num_samples`` is added.
        """
        self._pending.append((arrays, attributes))

    def commit(self) -> None:
        """Put all episodes added so far into the file; whoever opens it sees them all or the file before."""
        if not self._pending:
            return
        behind, ahead = self._copies
        with h5py.File(behind, "a", libver=_LIBVER) as file:
            file.attrs["format_version"] = FORMAT_VERSION
            data = file.require_group("data")
            if ahead.exists():
                _copy_missing(ahead, data)
            for arrays, attributes in self._pending:
                _write_episode(data.create_group(f"demo_{len(data)}"), arrays, attributes)
            self._total += sum(len(arrays["actions"]) for arrays, _ in self._pending)
            data.attrs["total"] = self._total
            data.attrs["env_args"] = json.dumps(self.env_args)
        os.link(behind, self._link)
        self._link.replace(self.path)
        self._copies.reverse()
        self.num_episodes += len(self._pending)
        self._pending.clear()

    def close(self) -> None:
        """Commit what is left and remove the copies; the file stays."""
        self.commit()
        self._remove_copies()

    def _remove_copies(self) -> None:
        for path in (*self._copies, self._link):
            path.unlink(missing_ok=True)


def _copy_missing(source: Path, data: h5py.Group) -> None:
    with h5py.File(source, "r") as file:
        source_data: Any = file["data"]
        for number in range(len(data), len(source_data)):
            source_data.copy(f"demo_{number}", data)  # compressed as it is


def _write_episode(group: h5py.Group, arrays: Arrays, attributes: Mapping[str, Any]) -> None:
    group.attrs.update({**attributes, "num_samples": len(arrays["actions"])})
    _write_arrays(group, arrays)


def _write_arrays(group: h5py.Group, arrays: Arrays) -> None:
    for name, value in arrays.items():
        if isinstance(value, Mapping):
            _write_arrays(group.create_group(name), value)
        else:
            group.create_dataset(name, data=value, **(_COMPRESSION if value.nbytes > _LARGE else {}))
