"""A demonstration file."""

from pathlib import Path

import pytest
from demo_files import LENGTHS, write_file


@pytest.fixture
def demo_file(tmp_path: Path) -> Path:
    """Twelve episodes (more than ten: HDF5 sorts demo_10 before demo_2), 57 steps."""
    return write_file(tmp_path / "demos.hdf5", LENGTHS)
