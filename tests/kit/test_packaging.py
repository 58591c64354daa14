"""What a wheel carries."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

NOT_SHIPPED = shutil.ignore_patterns("__pycache__", "*.egg-info")


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel built from a copy, so that no build folder is left in the clone; needs no network.

    setup.py alone decides what goes in. pyproject.toml stays out: with it setuptools wants a newer ``packaging`` than
    Isaac Lab's environment holds, and fetching one is what a build in isolation is for.
    """
    clone = tmp_path_factory.mktemp("packaging") / "clone"
    shutil.copytree(repository / "exts", clone / "exts", symlinks=True, ignore=NOT_SHIPPED)
    for name in ("extension.toml", "setup.py"):
        shutil.copy(repository / name, clone)
    command = [sys.executable, "setup.py", "--quiet", "bdist_wheel", "--dist-dir", "dist"]
    built = subprocess.run(command, cwd=clone, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (path,) = (clone / "dist").glob("*.whl")
    return zipfile.ZipFile(path)


def test_a_wheel_carries_every_file_of_the_package(repository: Path, wheel: zipfile.ZipFile) -> None:
    """Also catches a folder without ``__init__.py`` and data of a kind that setup.py does not name."""
    source = repository / "exts"
    files = {path.relative_to(source).as_posix() for path in (source / "humanoid_vla").rglob("*") if path.is_file()}
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert shipped == {name for name in files if "__pycache__" not in name}


def test_the_manifest_in_a_wheel_is_a_file_of_its_own(repository: Path, wheel: zipfile.ZipFile) -> None:
    assert wheel.read("humanoid_vla/extension.toml") == (repository / "extension.toml").read_bytes()
