"""Every kind of policy becomes a bundle that acts as it does; one whose graph differs does not become one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from policies_to_export import (
    NUM_ACTIONS,
    POLICIES,
    SHAPES,
    make_description,
    make_obs,
    make_policy,
    make_recording,
)
from torch import nn

from humanoid_vla.export.bundling import export_bundle
from humanoid_vla.export.graph import Affine, ExportError, Named, PolicyGraph, make_onnx
from humanoid_vla.export.parity import BATCHES, Agreement, check_parity, worst
from humanoid_vla.runtime.bundle import load_bundle
from humanoid_vla.runtime.engine import make_engine
from humanoid_vla.runtime.policy import PolicyRunner

SLOW = {"ddpg", "sac_camera", "vla"}  # what they are made of is in the others, too
KINDS = [pytest.param(kind, marks=pytest.mark.slow if kind in SLOW else ()) for kind in POLICIES]


def export(kind: str, place: Path, policy: Any) -> tuple[Any, dict[str, Any]]:
    groups = POLICIES[kind][1]
    recording = make_recording(groups)
    return export_bundle(place, policy, make_description(groups), recording, "VLA-Test", kind, {"checkpoint": "none"})


@torch.inference_mode()
def wanted(policy: Any, obs: Any) -> np.ndarray:
    """What a policy would do, or what it plans."""
    actions = policy.plan(obs) if getattr(policy, "chunk_size", 1) > 1 else policy(obs)
    return actions.clamp(-1.0, 1.0).numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_a_bundle_acts_as_its_policy(kind: str, tmp_path: Path) -> None:
    policy = make_policy(kind)
    before = {name: value.clone() for name, value in policy.state_dict().items()}
    written, parity = export(kind, tmp_path / "bundle", policy)
    assert all(torch.equal(value, before[name]) for name, value in policy.state_dict().items())
    error, cosine = worst(parity["batches"])
    assert error <= 1e-5
    assert cosine >= 0.9999
    assert parity["batches"].keys() == {"1", "3", "64"}

    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.files == written.files
    assert (bundle.task, bundle.agent, bundle.policy) == ("VLA-Test", kind, type(policy).__name__)
    model = onnx.load_from_string(bundle.read("policy.onnx"))
    states = [state.name for state in bundle.states]
    assert [node.name for node in model.graph.input] == [*POLICIES[kind][1], *states]
    assert [node.name for node in model.graph.output] == ["actions", "targets", *(f"next_{name}" for name in states)]
    if kind == "hierarchical":
        saved = [(state.name, state.initial.tolist(), str(state.initial.dtype)) for state in bundle.states]
        assert saved == [("latent", [0.0] * 8, "float32"), ("phase", [0], "int64")]
    else:
        assert bundle.states == ()
    shape = (bundle.chunk_size, NUM_ACTIONS) if bundle.chunk_size > 1 else (NUM_ACTIONS,)

    engine, largest = make_engine(bundle), 0.0
    for batch in BATCHES:
        runner = PolicyRunner(bundle, engine, batch)
        policy.reset()
        dones = torch.arange(batch) % 3 == 0
        for step in range(8):  # more than a latent is held
            obs = make_obs(batch)
            expected = wanted(policy, obs)
            actions, targets = runner.step({group.name: obs[group.name].numpy() for group in bundle.inputs})
            assert actions.shape == targets.shape == (batch, *shape)
            np.testing.assert_allclose(actions, expected, atol=1e-5)
            np.testing.assert_allclose(targets, bundle.joints.default + bundle.joints.scale * expected, atol=1e-5)
            largest = max(largest, float(np.abs(actions).max()))
            if step == 2 and bundle.states:  # in the middle of a latent
                policy.reset(dones)
                runner.reset(dones.numpy())
    assert largest > 0.1
    assert kind != "ppo" or largest == 1.0


class Elsewhere(nn.Module):
    """A policy whose ONNX form says something else."""

    def __init__(self, other: Any) -> None:
        super().__init__()
        self.policy, self.other = make_policy("ddpg"), other

    def forward(self, obs: Any) -> torch.Tensor:
        return self.policy(obs)

    def reset(self, dones: Any = None) -> None: ...

    def as_onnx(self, verbose: bool) -> nn.Module:
        return self.other.as_onnx(verbose)


def test_a_graph_that_differs_is_not_written(tmp_path: Path) -> None:
    other = make_policy("ddpg")
    other.mlp[-1].bias.data[1] += 1e-4
    with pytest.raises(ExportError, match=r"differs from the network: 'actions' with batch 1 by .*e-05") as error:
        export("ddpg", tmp_path / "bundle", Elsewhere(other))
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def ddpg() -> tuple[Any, bytes]:
    policy, description = make_policy("ddpg"), make_description(["proprio", "state"])
    graph = PolicyGraph(policy, description.scaling, {group: SHAPES[group] for group in ("proprio", "state")})
    return policy, make_onnx(graph, description.inputs).content


def test_numbers_that_are_not_finite_are_no_agreement(ddpg: tuple[Any, bytes]) -> None:
    recording = make_recording(["proprio", "state"])
    recording["state"][3, 5, 1] = torch.nan
    with pytest.raises(ExportError, match="numbers not finite; nothing was written"):
        check_parity(ddpg[0], make_description(["state"]).scaling, ddpg[1], (), recording)


def test_other_targets_are_found(ddpg: tuple[Any, bytes]) -> None:
    scaling: Any = make_description(["state"]).scaling
    scaling.offset += 1e-4
    with pytest.raises(ExportError, match=r"'targets' with batch 1 by 1\.00e-04"):
        check_parity(ddpg[0], scaling, ddpg[1], (), make_recording(["proprio", "state"]))


def test_few_robots_are_repeated(ddpg: tuple[Any, bytes]) -> None:
    recording = make_recording(["proprio", "state"], steps=2, robots=2)
    report = check_parity(ddpg[0], make_description(["state"]).scaling, ddpg[1], (), recording)
    assert report["batches"]["64"]["actions"]["rows"] == 128


@pytest.mark.parametrize(
    ("ours", "theirs", "holds"),
    [
        ([[1.0, 0.0]], [[1.0, 0.0]], True),
        ([[0.0, 0.0]], [[0.0, 0.0]], True),
        ([[1.0, 0.0]], [[1.0, 2e-5]], False),  # the error
        ([[5e-6, 0.0]], [[0.0, 5e-6]], False),  # the direction
        ([[1.0, np.nan]], [[1.0, np.nan]], False),
        ([[1.0, np.inf]], [[1.0, np.inf]], False),
    ],
)
def test_agreement(ours: Any, theirs: Any, holds: bool) -> None:
    agreement = Agreement()
    agreement.add(np.array(ours), np.array(theirs))
    assert agreement.holds() == holds


def test_shapes_must_agree() -> None:
    with pytest.raises(ExportError, match=r"shape \(1, 3\), the network of \(1, 2\)"):
        Agreement().add(np.zeros((1, 2)), np.zeros((1, 3)))


def test_named_commands() -> None:
    table = Named([[0.5, 0.0], [0.0, 1.0], [0.0, 0.0]])
    assert table(torch.tensor([[0.0, 1.0, 0.0], [0.2, -0.3, 0.1]])).tolist() == [[0.0, 1.0], [0.5, 0.0]]
    assert Affine([1.0], [2.0])(torch.tensor([[-1.0]])).tolist() == [[-1.0]]


class Recurrent(nn.Module):
    is_recurrent = True

    def as_onnx(self, verbose: bool) -> nn.Module:
        return self


def test_what_has_no_form_of_named_groups_is_refused() -> None:
    for policy in (nn.Linear(2, 2), Recurrent()):
        with pytest.raises(ExportError, match=f"a {type(policy).__name__} cannot be exported"):
            PolicyGraph(policy, nn.Identity(), {"proprio": (2,)})


def test_the_place_is_looked_at_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    description = replace(make_description(["proprio"]), inputs=())
    with pytest.raises(FileExistsError, match="is no bundle"):
        export_bundle(tmp_path, None, description, {}, "T", "a", {})
