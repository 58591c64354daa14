"""Every name of TensorRT's that our code uses exists in the real bindings of TensorRT 10 and 11."""

from __future__ import annotations

from pathlib import Path

import pytest
from tensorrt_bindings_api import BINDINGS, NotHereError, read_api, read_golden
from tensorrt_uses import Use, find_missing, find_uses

import humanoid_vla.runtime

FOLDER = Path(humanoid_vla.runtime.__file__).parent
SOURCES = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("tensorrt_*.py")}
GOLDEN = read_golden()


@pytest.mark.parametrize("version", BINDINGS)
@pytest.mark.parametrize("file", SOURCES)
def test_every_name_exists(file: str, version: str) -> None:
    assert find_missing(SOURCES[file], GOLDEN[version]) == []


@pytest.mark.parametrize("version", BINDINGS)
def test_no_use_is_overlooked(version: str) -> None:
    """The reader sees through our code: what it calls at both ends of the way is among what was found."""
    uses = set().union(*(find_uses(source, GOLDEN[version]) for source in SOURCES.values()))
    assert uses > {
        Use("Builder", "build_serialized_network"),
        Use("ParserError", "desc"),
        Use("ITensor", "shape"),
        Use("BuilderFlag", "TF32"),
        Use("TensorIOMode", "INPUT"),
        Use("IExecutionContext", "execute_async_v3"),
    }
    assert len(uses) > 30


@pytest.mark.parametrize(
    ("source", "in_10", "in_11"),
    [
        ("config = trt.Builder(x).create_builder_config()\nconfig.max_workspace_size = 1", False, False),
        ("trt.Builder(x).create_builder_config().set_flag(trt.BuilderFlag.FP16)", True, False),
        ("def f(plan):\n    return trt.Runtime(x).deserialize_cuda_engine(plan).get_binding_shape(0)", False, False),
        ("class A:\n    def run(self): self.c.execute_async_v2()\n    def f(self):\n"
         "        engine = trt.Runtime(x).deserialize_cuda_engine(b)\n"
         "        self.c = engine.create_execution_context()", False, False),
        ("trt.CalibrationAlgoType.ENTROPY_CALIBRATION_2", True, False),
        ("trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED", True, True),
    ],
)  # fmt: skip
def test_a_name_that_is_gone_is_found(source: str, in_10: bool, in_11: bool) -> None:
    assert (not find_missing(source, GOLDEN["10"]), not find_missing(source, GOLDEN["11"])) == (in_10, in_11)


@pytest.mark.slow
@pytest.mark.parametrize("version", BINDINGS)
def test_every_name_exists_in_the_newest_bindings(version: str, tmp_path: Path) -> None:
    try:
        api = read_api(version, tmp_path)
    except NotHereError as reason:
        pytest.skip(str(reason))
    assert [missing for source in SOURCES.values() for missing in find_missing(source, api)] == []
