"""Engines on the CPU, with the real ONNX Runtime: what they answer, and what they refuse."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from bundles import DIM, IMAGE, N, make_bundle

from humanoid_vla.export.graph import Affine, PolicyGraph
from humanoid_vla.policies.vla import VlaPolicy
from humanoid_vla.runtime.bundle_files import BundleError
from humanoid_vla.runtime.engine import ENGINE_KINDS, EngineError, make_engine
from humanoid_vla.runtime.half_precision import to_half
from humanoid_vla.runtime.onnx_engine import PROVIDERS, OnnxEngine

GROUPS = {"proprio": (4 * N,), "language": (DIM,), "camera": IMAGE}


class Policy(NamedTuple):
    """A vision-language-action policy in torch, its ONNX file, and the engine of that."""

    torch: Any
    model: bytes
    engine: OnnxEngine


def make_inputs(batch: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(batch)
    inputs: dict[str, np.ndarray] = {
        name: rng.normal(size=(batch, *shape)).astype(np.float32) for name, shape in GROUPS.items()
    }
    return inputs | {"camera": rng.integers(0, 256, (batch, *IMAGE), np.uint8)}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> OnnxEngine:
    bundle = make_bundle(tmp_path_factory.mktemp("bundle"), language=True, camera=True, state=True)
    engine = make_engine(bundle)
    assert isinstance(engine, OnnxEngine)
    return engine


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    torch.manual_seed(0)
    obs = {name: torch.from_numpy(value) for name, value in make_inputs(64).items()}
    policy = VlaPolicy(obs, {"actor": list(GROUPS)}, "actor", N, dim=16, num_heads=2)
    policy.update_normalization(obs)
    graph = PolicyGraph(policy.eval(), Affine([0.1] * N, [0.5] * N), GROUPS)
    file, example = tmp_path_factory.mktemp("policy") / "policy.onnx", tuple(obs.values())
    # by the older exporter, which takes a second instead of ten
    torch.onnx.export(
        graph, example, file, input_names=list(obs), output_names=graph.output_names, opset_version=18, dynamo=False,
        dynamic_axes={name: {0: "batch"} for name in [*obs, *graph.output_names]},
    )  # fmt: skip
    model = file.read_bytes()
    return Policy(policy, model, OnnxEngine(model, "onnxruntime", Path()))


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_onnx_runtime_equals_torch(policy: Policy, batch: int) -> None:
    inputs = make_inputs(batch)
    with torch.inference_mode():
        expected = policy.torch({name: torch.from_numpy(value) for name, value in inputs.items()}).numpy()
    outputs = policy.engine.run(inputs)
    actions = outputs["actions"]
    assert actions.shape == (batch, N)
    np.testing.assert_allclose(outputs["targets"], 0.1 + 0.5 * expected, atol=1e-5, rtol=0.0)
    np.testing.assert_allclose(actions, expected, atol=1e-5, rtol=0.0)
    assert expected.std() > 0.01


def test_every_output_has_its_name(engine: OnnxEngine) -> None:
    outputs = engine.run(make_inputs(3) | {"memory": np.zeros((3, 4), np.float32)})
    assert {name: value.shape for name, value in outputs.items()} == {
        "actions": (3, N), "targets": (3, N), "next_memory": (3, 4),
    }  # fmt: skip
    assert engine.name == "onnxruntime"


def test_answers_are_not_written_over_by_the_next(engine: OnnxEngine) -> None:
    inputs = make_inputs() | {"memory": np.zeros((1, 4), np.float32)}
    first = engine.run(inputs)["actions"]
    kept = first.copy()
    assert not np.array_equal(engine.run(inputs | {"proprio": 5.0 * inputs["proprio"]})["actions"], kept)
    np.testing.assert_array_equal(first, kept)


def test_a_view_is_read_as_what_it_shows(policy: Policy) -> None:
    inputs = make_inputs()
    mirrored = inputs | {"camera": inputs["camera"][:, :, ::-1]}
    expected = policy.engine.run(mirrored | {"camera": mirrored["camera"].copy()})["actions"]
    np.testing.assert_array_equal(policy.engine.run(mirrored)["actions"], expected)


def test_what_the_network_does_not_read_is_ignored(policy: Policy) -> None:
    inputs = make_inputs()
    actions = policy.engine.run(inputs | {"wrist": np.zeros(3)})["actions"]
    np.testing.assert_array_equal(actions, policy.engine.run(inputs)["actions"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"language": None}, "input 'language' is missing; the network reads proprio, language, camera"),
        (
            {"proprio": np.zeros((1, 3), np.float32)},
            f"input 'proprio' is float32 of shape (1, 3); the network reads float32 of (batch, {4 * N})",
        ),
        (
            {"proprio": np.zeros((1, 4 * N))},
            f"input 'proprio' is float64 of shape (1, {4 * N}); the network reads float32 of (batch, {4 * N})",
        ),
        (
            {"camera": np.zeros((1, *IMAGE), np.float32)},
            "input 'camera' is float32 of shape (1, 16, 24, 3); the network reads uint8 of (1, 16, 24, 3)",
        ),
        (
            {"camera": np.zeros((2, *IMAGE), np.uint8)},
            "input 'camera' is uint8 of shape (2, 16, 24, 3); the network reads uint8 of (1, 16, 24, 3)",
        ),
        (
            {"proprio": np.float32(0.0)},
            f"input 'proprio' is float32 of shape (); the network reads float32 of (batch, {4 * N})",
        ),
        (
            {"proprio": np.zeros((0, 4 * N), np.float32)},
            f"input 'proprio' is float32 of shape (0, {4 * N}); the network reads float32 of (batch, {4 * N})",
        ),
    ],
)
def test_wrong_inputs(policy: Policy, change: dict[str, Any], message: str) -> None:
    inputs = {name: value for name, value in (make_inputs() | change).items() if value is not None}
    with pytest.raises(EngineError) as error:
        policy.engine.run(inputs)
    assert str(error.value) == message


@pytest.mark.parametrize("kind", ["onnxruntime-cuda", "onnxruntime-tensorrt"])
def test_a_missing_provider_says_how_to_get_it(kind: Any, tmp_path: Path) -> None:
    provider, remedy = PROVIDERS[kind]
    if provider in ort.get_available_providers():
        pytest.skip(f"this ONNX Runtime has {provider}")
    with pytest.raises(EngineError) as error:
        make_engine(make_bundle(tmp_path), kind)
    line = str(error.value)
    assert "\n" not in line
    assert kind in line
    assert provider in line
    assert line.endswith(remedy)
    assert "pip install" in remedy


def test_a_missing_tensorrt_says_how_to_get_it(tmp_path: Path) -> None:
    if importlib.util.find_spec("tensorrt"):
        pytest.skip("TensorRT is installed")
    with pytest.raises(EngineError) as error:
        make_engine(make_bundle(tmp_path), "tensorrt")
    assert str(error.value).startswith(
        "engine 'tensorrt' needs TensorRT 10 or 11 (No module named 'tensorrt'): pip inst"
    )
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("batch", [1, 3])
def test_half_precision_keeps_inputs_and_outputs(policy: Policy, batch: int) -> None:
    """What TensorRT 11 is given for fp16: here ONNX Runtime runs it."""
    content = to_half(policy.model)
    half, inputs = OnnxEngine(content, "onnxruntime", Path()), make_inputs(batch)
    assert (half.inputs, half.outputs) == (policy.engine.inputs, policy.engine.outputs)
    weights = [x for x in onnx.load_from_string(content).graph.initializer if x.data_type == onnx.TensorProto.FLOAT]
    assert not weights
    difference = np.abs(half.run(inputs)["actions"] - policy.engine.run(inputs)["actions"]).max()
    assert 0.0 < difference < 5e-3


def test_no_such_engine(tmp_path: Path) -> None:
    wrong: Any = "openvino"
    with pytest.raises(EngineError, match=rf"unknown engine 'openvino'; the engines are: {', '.join(ENGINE_KINDS)}"):
        make_engine(make_bundle(tmp_path), wrong)


@pytest.mark.parametrize("settings", [{"precision": "fp16"}, {"cuda_graph": True}])
def test_only_tensorrt_has_settings(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match="engine 'onnxruntime' runs in fp32 without CUDA graphs"):
        make_engine(make_bundle(tmp_path), **settings)


@pytest.mark.parametrize("content", [b"", b"no network"])
def test_no_network(content: bytes) -> None:
    with pytest.raises(EngineError) as error:
        OnnxEngine(content, "onnxruntime", Path())
    assert str(error.value).startswith("ONNX Runtime cannot load the network: ")
    assert "\n" not in str(error.value)


def test_a_changed_file_is_not_run(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    file = bundle.path / "policy.onnx"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(BundleError, match=r"policy\.onnx"):
        make_engine(bundle)
