"""The extension in the real Kit that Isaac Sim is built on, headless."""

import json
import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.kit


@dataclass(frozen=True)
class KitRun:
    """What a session with Kit left behind."""

    returncode: int
    output: str
    result: dict
    log: list[str]

    def errors(self) -> list[str]:
        """Return the log's error lines, and the warnings that name our extension."""
        return [line for line in self.log if "[Error]" in line or ("[Warning]" in line and "humanoid_vla" in line)]


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    """A copy of what Kit reads, in a folder with another name than the repository's."""
    copy = tmp_path / "renamed-clone"
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(repository / "exts", copy / "exts", symlinks=True, ignore=ignore)
    shutil.copy(repository / "extension.toml", copy)
    return copy


def run_kit(kit_python: Path, clone: Path, work_folder: Path) -> KitRun:
    work_folder.mkdir()
    session = Path(__file__).with_name("kit_session.py")
    done = subprocess.run(
        [str(kit_python), str(session), str(clone / "exts"), str(work_folder)],
        env=os.environ | {"OMNI_KIT_ACCEPT_EULA": "YES", "OMNI_KIT_ALLOW_ROOT": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    result = work_folder / "result.json"
    return KitRun(
        done.returncode,
        done.stdout + done.stderr,
        json.loads(result.read_text()) if result.is_file() else {},
        (work_folder / "kit.log").read_text().splitlines(),
    )


def test_kit_starts_and_stops_the_extension(kit_python: Path, clone: Path, tmp_path: Path) -> None:
    version = tomllib.loads((clone / "extension.toml").read_text())["package"]["version"]

    run = run_kit(kit_python, clone, tmp_path / "kit")

    assert run.returncode == 0, run.output
    assert run.errors() == []
    assert run.result["enabled"]
    assert run.result["id"] == f"humanoid_vla-{version}"
    assert not run.result["enabled_after_disable"]
    ours = [line for line in run.log if "[humanoid_vla.kit.extension]" in line]
    assert ours[0].endswith(f"started, version {version}")
    assert ours[-1].endswith("stopped")


def test_a_kit_without_isaac_lab_says_so_instead_of_failing(kit_python: Path, clone: Path, tmp_path: Path) -> None:
    run = run_kit(kit_python, clone, tmp_path / "kit")

    assert run.returncode == 0, run.output
    assert run.result["rows"] == 0
    assert "Isaac Lab is not complete" in run.result["notice"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[dependencies]", '[dependencies]\n"isaaclab" = {}', "Failed to resolve extension dependencies"),
        ("humanoid_vla.kit.extension", "humanoid_vla.kit.missing", "Failed to startup python extension"),
        ("[package]", "[package", "Failed to parse a config"),
    ],
    ids=["unresolvable dependency", "missing module", "not toml"],
)
def test_a_broken_manifest_is_seen(
    kit_python: Path, clone: Path, tmp_path: Path, old: str, new: str, message: str
) -> None:
    """The check of the log above can fail: Kit reports each of these mistakes."""
    manifest = clone / "extension.toml"
    text = manifest.read_text()
    assert old in text
    manifest.write_text(text.replace(old, new))

    run = run_kit(kit_python, clone, tmp_path / "kit")

    assert any(message in line for line in run.errors()), run.output
