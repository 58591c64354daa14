"""The environment with the real Omniverse Kit: one of its own, because Kit brings its own ``omni`` and ``carb``."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PIN = Path(__file__).with_name("requirements.txt")


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def kit_python(repository: Path) -> Path:
    """Python of ``.venv-kit``, made anew when it is missing or holds another Kit than the pinned one."""
    environment = repository / ".venv-kit"
    python = environment / "bin" / "python"
    stamp = environment / PIN.name  # written last: an interrupted installation has none
    if not stamp.is_file() or stamp.read_text() != PIN.read_text():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--requirement", str(PIN)], check=True)
        shutil.copy(PIN, stamp)
    return python
