"""Each malformed file gives one line that names the file, what is wrong, and the remedy."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from demo_files import TASK, open_file

from humanoid_vla.demos.reader import DemoFile

Damage = Callable[[Any], None]


def refusal(path: Path, task: str | None = TASK) -> str:
    """What is said against a file."""
    with pytest.raises(ValueError, match="demonstrations") as error:
        DemoFile(path, task)
    said = str(error.value)
    assert "\n" not in said
    assert f"'{path}'" in said
    assert "scripts/record_demos.py" in said or "name another" in said
    return said


def replace(name: str, value: np.ndarray) -> Damage:
    def damage(file: Any) -> None:
        del file[name]
        file[name] = value

    return damage


def delete(name: str) -> Damage:
    return lambda file: file.__delitem__(name)


def attribute(name: str, key: str, value: object) -> Damage:
    return lambda file: file[name].attrs.__setitem__(key, value)


def no_demos(file: Any) -> None:
    for name in list(file["data"]):
        del file[f"data/{name}"]


def nan_action(file: Any) -> None:
    file["data/demo_7/actions"][3, 1] = np.nan


def infinite_state(file: Any) -> None:
    file["data/demo_7/next_obs/state"][0, 0] = np.inf


def too_large_action(file: Any) -> None:
    file["data/demo_7/actions"][0, 2] = -3.5


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (delete("data"), "it has no group 'data'"),
        (no_demos, "it holds no demonstrations"),
        (attribute("/", "format_version", 2), "its format version is 2, but 1 is read here"),
        (lambda file: file.attrs.__delitem__("format_version"), "its format version is 0"),
        (attribute("data", "env_args", "{}"), "names no task"),
        (attribute("data", "env_args", "nonsense"), "names no task"),
        (attribute("data", "env_args", json.dumps({"env_name": "VLA-Other"})), "of the task VLA-Other, not VLA-Reach"),
        (attribute("data", "total", 58), "'total' is 58, but it holds 57 steps"),
        (delete("data/demo_4/actions"), "demo_4 has no array 'actions'"),
        (delete("data/demo_4/terminated"), "demo_4 has no array 'terminated'"),
        (delete("data/demo_4/next_obs/state"), "demo_4 has no array 'next_obs/state'"),
        (delete("data/demo_0/next_obs"), "demo_0 has no observations 'next_obs/<group>'"),
        (delete("data/demo_0/next_obs/camera"), "['camera', 'state'] in obs, but ['state'] in next_obs"),
        (lambda file: file["data/demo_4"].attrs.__delitem__("num_samples"), "'num_samples' of demo_4 is None"),
        (attribute("data/demo_4", "goal", "the ball"), "'goal' of demo_4 is no JSON object"),
        (attribute("data/demo_4", "num_samples", 9), "demo_4/actions has 6 steps, but num_samples is 9"),
        (replace("data/demo_4/rewards", np.zeros(5, "f4")), "demo_4/rewards has 5 steps, but num_samples is 6"),
        (replace("data/demo_4/obs/state", np.zeros((6, 7), "f4")), "demo_4/obs/state has shape (7,) and type float32"),
        (replace("data/demo_4/obs/state", np.zeros((6, 2), "f8")), "type float64"),
        (replace("data/demo_0/actions", np.zeros(5, "f4")), "demo_0/actions has shape (5,), not (steps, actions)"),
        (replace("data/demo_4/actions", np.full((6, 3), b"?")), "no array of numbers by step"),
        (replace("data/demo_4/dones", np.ones(6, "u1")), "demo_4/dones does not end the episode in its last step"),
        (replace("data/demo_4/terminated", np.ones(6, "u1")), "demo_4/terminated is set where the episode does not"),
        (nan_action, "demo_7/actions has values that are not finite"),
        (infinite_state, "demo_7/next_obs/state has values that are not finite"),
        (too_large_action, "demo_7/actions reaches 3.5; actions are in [-1, 1]"),
    ],
)
def test_a_malformed_file(demo_file: Path, damage: Damage, expected: str) -> None:
    with open_file(demo_file, "r+") as file:
        damage(file)
    assert expected in refusal(demo_file)


def test_a_sound_file(demo_file: Path) -> None:
    assert DemoFile(demo_file).task == DemoFile(demo_file, TASK).task == TASK


def test_no_file(tmp_path: Path) -> None:
    assert "do not exist" in refusal(tmp_path / "nope.hdf5")


def test_something_else(tmp_path: Path) -> None:
    path = tmp_path / "demos.hdf5"
    path.write_text("demonstrations, honestly\n")
    assert "no HDF5 file" in refusal(path)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "demos.hdf5"
    path.touch()
    assert "no HDF5 file" in refusal(path)


@pytest.mark.parametrize("part", [0.01, 0.5, 0.99])
def test_a_truncated_file(demo_file: Path, part: float) -> None:
    content = demo_file.read_bytes()
    demo_file.write_bytes(content[: int(part * len(content))])
    assert "damaged (" in refusal(demo_file)
    assert "truncated" in refusal(demo_file)


def test_a_file_with_zeros_in_the_middle(demo_file: Path) -> None:
    """A disk that lost blocks: what of HDF5's own structure was there is gone."""
    content = bytearray(demo_file.read_bytes())
    content[200 : len(content) // 2] = bytes(len(content) // 2 - 200)
    demo_file.write_bytes(content)
    refusal(demo_file)
