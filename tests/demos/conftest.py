"""A demonstration file, and one that was converted to a LeRobot dataset."""

import shutil
from pathlib import Path

import lerobot_files
import pytest
from demo_files import LENGTHS, write_file

from humanoid_vla.demos.lerobot_writer import write_lerobot
from humanoid_vla.demos.reader import DemoFile


@pytest.fixture
def demo_file(tmp_path: Path) -> Path:
    """Twelve episodes (more than ten: HDF5 sorts demo_10 before demo_2), 57 steps."""
    return write_file(tmp_path / "demos.hdf5", LENGTHS)


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a demonstration file and the dataset that was made of it."""
    folder = tmp_path_factory.mktemp("lerobot")
    write_lerobot(DemoFile(lerobot_files.write_file(folder / "demos.hdf5")), folder / "dataset", lerobot_files.GROUPS)
    return folder


@pytest.fixture
def dataset(converted: Path, tmp_path: Path) -> Path:
    """A copy of the dataset, to be damaged; ``demos.hdf5`` is beside it."""
    shutil.copytree(converted, tmp_path, dirs_exist_ok=True)
    return tmp_path / "dataset"
