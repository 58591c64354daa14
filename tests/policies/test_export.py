"""Exported policies equal the policies they were made from."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx.reference
import pytest
import torch

from humanoid_vla.policies.actor import HeadActor
from humanoid_vla.policies.categorical import CategoricalPolicy
from humanoid_vla.policies.deterministic import DeterministicPolicy
from humanoid_vla.policies.hierarchical import HierarchicalPolicy
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy

POLICIES = [SquashedGaussianPolicy, DeterministicPolicy, CategoricalPolicy, HierarchicalPolicy]
FLAT, IMAGES = ["b", "a"], ["b", "camera", "a"]


def make_obs(batch: int) -> dict[str, torch.Tensor]:
    camera = torch.randint(0, 256, (batch, 8, 10, 3), dtype=torch.uint8)
    return {"a": 5.0 + torch.randn(batch, 3), "camera": camera, "b": torch.randn(batch, 2)}


def make_policy(policy_class: Any, groups: list[str]) -> HeadActor:
    torch.manual_seed(0)
    names: dict[str, Any] = {"action_names": ("left", "right")} if policy_class is CategoricalPolicy else {}
    policy = policy_class(make_obs(1), {"actor": groups}, "actor", 2, (16,), image_channels=(4, 8), **names)
    policy.update_normalization(make_obs(100))
    return policy.eval()


def inputs_of(policy: HeadActor, obs: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    if policy.trunk.image_groups:
        return [obs[group] for group in policy.obs_groups]
    return [policy.trunk.flatten(obs)]


@pytest.mark.parametrize("groups", [FLAT, IMAGES, ["camera"]])
@pytest.mark.parametrize("policy_class", POLICIES)
def test_torchscript(policy_class: type[HeadActor], groups: list[str]) -> None:
    policy = make_policy(policy_class, groups)
    scripted: Any = torch.jit.script(policy.as_jit())
    for _ in range(7):  # more than a latent is held
        obs = make_obs(8)
        inputs = inputs_of(policy, obs)
        torch.testing.assert_close(scripted(inputs if policy.trunk.image_groups else inputs[0]), policy(obs))


def test_torchscript_of_two_levels_can_be_reset() -> None:
    policy = make_policy(HierarchicalPolicy, FLAT)
    scripted: Any = torch.jit.script(policy.as_jit())
    scripted(torch.randn(1, 5))
    obs = make_obs(1)
    actions = policy(obs)
    assert not torch.allclose(scripted(policy.trunk.flatten(obs)), actions)
    scripted.head.reset()
    torch.testing.assert_close(scripted(policy.trunk.flatten(obs)), actions)


@pytest.mark.parametrize(
    ("policy_class", "groups", "input_names", "output_names"),
    [
        (SquashedGaussianPolicy, IMAGES, IMAGES, ["actions"]),
        (CategoricalPolicy, FLAT, FLAT, ["actions"]),
        (HierarchicalPolicy, FLAT, [*FLAT, "latent", "phase"], ["actions", "next_latent", "next_phase"]),
    ],
)
# of the exporter itself
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_onnx(
    policy_class: type[HeadActor], groups: list[str], input_names: list[str], output_names: list[str], tmp_path: Path
) -> None:
    policy = make_policy(policy_class, groups)
    module = policy.as_onnx()
    assert (module.input_names, module.output_names) == (input_names, output_names)
    # as RSL-RL's runner calls it
    torch.onnx.export(
        module.eval(),
        module.get_dummy_inputs(),
        str(tmp_path / "policy.onnx"),
        opset_version=18,
        verbose=False,
        input_names=module.input_names,
        output_names=module.output_names,
    )
    session: Any = onnx.reference.ReferenceEvaluator(str(tmp_path / "policy.onnx"))
    assert (session.input_names, session.output_names) == (input_names, output_names)
    state = [value.numpy() for value in module.get_dummy_inputs()[module.num_obs :]]
    for _ in range(7):  # more than a latent is held
        obs = make_obs(1)
        inputs = [obs[group].numpy() for group in groups] + state
        actions, *state = session.run(None, dict(zip(input_names, inputs, strict=True)))
        np.testing.assert_allclose(actions, policy(obs).detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("policy_class", POLICIES)
def test_exports_are_copies(policy_class: type[HeadActor]) -> None:
    policy = make_policy(policy_class, IMAGES)
    own = {value.data_ptr() for value in policy.state_dict().values() if value.numel() > 0}
    for module in (policy.as_jit(), policy.as_onnx()):
        assert not own & {value.data_ptr() for value in module.state_dict().values() if value.numel() > 0}
