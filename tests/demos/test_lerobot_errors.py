"""LeRobot datasets that cannot be read, and arguments that make no sense: one line that says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from lerobot_files import DATA, EPISODES, TASK, VIDEO, convert, edit_json, replace_column, write_file

from common import InputError
from humanoid_vla.demos.lerobot_reader import read_lerobot


def drop_task(folder: Path) -> None:
    (folder / "meta/tasks.parquet").unlink()


def cut_video(folder: Path) -> None:
    (folder / VIDEO).write_bytes((folder / VIDEO).read_bytes()[:1000])


def not_finite(folder: Path) -> None:
    replace_column(folder / DATA, "next.reward", [float("nan")] * 15)


def too_short(folder: Path) -> None:
    pq.write_table(pq.read_table(folder / DATA).slice(0, 14), folder / DATA)


def info(change: Callable[[Any], None]) -> Callable[[Path], None]:
    return lambda folder: edit_json(folder / "meta/info.json", change)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda folder: (folder / "meta/info.json").unlink(), "it has no meta/info.json"),
        (lambda folder: (folder / "meta/info.json").write_text("{"), "damaged or incomplete (JSONDecodeError"),
        (info(lambda content: content.update(codebase_version="v2.1")), "its version is v2.1, but v3 is read here"),
        (info(lambda content: content["features"].pop("action")), "it has no feature 'action'"),
        (info(lambda content: content["features"]["observation.goal"].update(dtype="string")), "with --obs_groups"),
        (lambda folder: (folder / EPISODES).unlink(), "it holds no episodes"),
        (drop_task, "damaged or incomplete"),
        (lambda folder: (folder / DATA).write_bytes(b"rows"), "damaged or incomplete"),
        (cut_video, VIDEO),
        (not_finite, "'next.reward' has values that are missing or not finite"),
        (too_short, "has 6 steps of episode 2, which has 7"),
    ],
)
def test_a_dataset_that_cannot_be_read(dataset: Path, damage: Callable[[Path], None], expected: str) -> None:
    damage(dataset)
    with pytest.raises(ValueError, match="LeRobot dataset") as error:
        read_lerobot(dataset, dataset.parent / "out.hdf5")
    said = str(error.value)
    assert f"'{dataset}'" in said
    assert "\n" not in said
    assert expected in said
    assert {path.name for path in dataset.parent.iterdir()} == {"demos.hdf5", "dataset"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--dataset", "nowhere", "--out", "out"], "'nowhere' does not exist"),
        (["--dataset", "demos.hdf5", "--out", "dataset"], "'dataset' exists"),
        (["--dataset", "demos.hdf5", "--out", "no/folder"], "cannot write 'no/folder'"),
        (["--dataset", "demos.hdf5", "--out", "out", "--fps", "0"], "--fps is 0"),
        (["--dataset", "demos.hdf5", "--out", "out", "--scale_actions"], "--scale_actions is for LeRobot datasets"),
        (["--dataset", "demos.hdf5", "--out", "out", "--obs_groups", "depth"], "no observation group 'depth', but"),
        (["--dataset", "dataset", "--out", "out", "--obs_groups", "depth"], "no observation group depth, but"),
        (["--dataset", "dataset", "--out", "out", "--fps", "5"], "--fps is for demonstration files"),
        (["--dataset", "silent.hdf5", "--out", "out"], "do not say their control rate; give it with --fps"),
        (["--dataset", "text.hdf5", "--out", "out"], "no HDF5 file"),
    ],
)
def test_bad_arguments(dataset: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: str) -> None:
    monkeypatch.chdir(dataset.parent)
    write_file(Path("silent.hdf5"), {"env_name": TASK})
    Path("text.hdf5").write_text("demonstrations, honestly")
    before = sorted(dataset.parent.rglob("*"))
    with pytest.raises(InputError) as error:
        convert(monkeypatch, *arguments)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)
    assert sorted(dataset.parent.rglob("*")) == before
