"""Where a bundle comes from."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import platform
import subprocess
from pathlib import Path
from typing import Any

PACKAGES = ("humanoid_vla", "torch", "onnx", "onnxscript", "onnxruntime", "numpy", "isaaclab", "rsl-rl-lib")


def provenance(checkpoint: Path, iteration: int, observations: int) -> dict[str, Any]:
    """Checkpoint, revision, versions of packages, time.

    Args:
        checkpoint: The file; its folder's name tells the run.
        iteration: Of the training.
        observations: How many of them parity was checked on.
    """
    return {
        "checkpoint": f"{checkpoint.resolve().parent.name}/{checkpoint.name}",
        "checkpoint_sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        "iteration": iteration,
        "recorded_observations": observations,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "git_revision": git_revision(),
        "python": platform.python_version(),
        "packages": {name: version for name in PACKAGES if (version := _version(name)) is not None},
    }


def git_revision() -> str | None:
    """Commit of the source, with "+changes" where files of it differ from that; None where there is no repository."""
    folder = Path(__file__).resolve().parent
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return commit + ("+changes" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
