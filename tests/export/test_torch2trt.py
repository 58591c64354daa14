"""torch2trt is not on this machine: who asks for it learns in one line what is missing."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from humanoid_vla.export.graph import ExportError
from humanoid_vla.export.torch2trt import load_torch2trt


@pytest.fixture
def tensorrt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Writes a module `tensorrt` of some version: all that is looked at before something else is missing."""

    def write(version: str) -> None:
        (tmp_path / "tensorrt.py").write_text(f"__version__ = '{version}'", encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)

    monkeypatch.delitem(sys.modules, "tensorrt", raising=False)
    yield write
    sys.modules.pop("tensorrt", None)


def test_without_tensorrt() -> None:
    if importlib.util.find_spec("tensorrt"):
        pytest.skip("TensorRT is installed")
    with pytest.raises(ExportError, match=r"No module named 'tensorrt'\): pip install 'tensorrt-cu12>=10,<11'"):
        load_torch2trt()


@pytest.mark.parametrize("version", ["11.4.0.106", "8.6.1"])
def test_another_tensorrt(version: str, tensorrt: Callable[[str], None]) -> None:
    tensorrt(version)
    with pytest.raises(ExportError, match=f"torch2trt works with TensorRT 10, this is {version}: pip install"):
        load_torch2trt()


def test_without_torch2trt(tensorrt: Callable[[str], None]) -> None:
    if importlib.util.find_spec("torch2trt"):
        pytest.skip("torch2trt is installed")
    tensorrt("10.16.1.11")
    with pytest.raises(ExportError, match="No module named 'torch2trt'"):
        load_torch2trt()
