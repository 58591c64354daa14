"""Processes with the real rclpy, in an environment of their own: its packages change how every Python there starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ros_processes import REPOSITORY, Processes

sys.path.insert(0, str(REPOSITORY / "tests" / "runtime"))  # the tiny bundle stands beside the tests of the runtime

from bundles import make_bundle  # pyright: ignore[reportMissingImports]


@pytest.fixture(scope="session")
def ros_python() -> Path:
    """Python of ``.venv-ros``."""
    python = REPOSITORY / ".venv-ros" / "bin" / "python"
    if not (REPOSITORY / ".venv-ros" / ".ready").is_file():
        pytest.skip("there is no .venv-ros with rclpy: run 'make ros'")
    return python


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny policy that sees, and is told what to do."""
    return make_bundle(tmp_path_factory.mktemp("bundles") / "tiny", language=True, camera=True, chunk=4).path


@pytest.fixture
def processes(ros_python: Path) -> Iterator[Processes]:
    """Starts processes that talk to each other and to nobody else; ends those that are left."""
    environment = os.environ | {
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_DOMAIN_ID": str(1 + os.getpid() % 100),  # of their own, for tests at the same time
        "FASTDDS_DEFAULT_PROFILES_FILE": str(REPOSITORY / "ros2_ws/src/humanoid_vla_ros/config/fastdds.xml"),
        "OMP_NUM_THREADS": "1",
    }
    started = Processes(ros_python, environment)
    yield started
    started.end()
