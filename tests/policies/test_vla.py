"""The vision-language-action policy: what it reads, what it gives, and its exports."""

from typing import Any

import onnx.reference
import pytest
import torch

from humanoid_vla.policies.vla import VlaPolicy

GROUPS = ["proprio", "camera", "language", "wrist"]
SHAPES = {"camera": (16, 24, 3), "wrist": (8, 8, 1)}


def make_obs(batch: int, sentences: int = 1) -> dict[str, torch.Tensor]:
    obs = {name: torch.randint(0, 256, (batch, *shape), dtype=torch.uint8) for name, shape in SHAPES.items()}
    return {**obs, "proprio": 3.0 + torch.randn(batch * sentences, 5), "language": torch.randn(batch * sentences, 7)}


def make_policy(groups: list[str] = GROUPS, **settings: Any) -> Any:
    torch.manual_seed(0)
    policy = VlaPolicy(make_obs(1), {"actor": groups}, "actor", 2, dim=16, num_heads=2, **settings)
    policy.update_normalization(make_obs(100))
    return policy.eval()


def test_actions_are_bounded_and_depend_on_every_group() -> None:
    policy, obs = make_policy(), make_obs(4)
    actions = policy(obs)
    assert actions.shape == (4, 2)
    assert policy.obs_groups == GROUPS
    for group in GROUPS:
        other = obs | {group: make_obs(4)[group]}
        assert not torch.equal(policy(other), actions), group
    policy.network.head[-1].bias.data.fill_(100.0)
    assert torch.equal(policy(obs), torch.ones(4, 2))


def test_the_sentence_decides_where_to_look() -> None:
    """The weights that image tokens are read with change with the sentence: it is not only added behind."""
    policy, obs = make_policy(), make_obs(2)
    block: Any = policy.network.blocks[0]
    queries: list[torch.Tensor] = []
    block.image_attention.query.register_forward_hook(lambda module, inputs, output: queries.append(output))
    policy(obs)
    policy(obs | {"language": torch.randn(2, 7)})
    assert not torch.allclose(queries[0], queries[1])


def test_a_picture_may_come_with_several_sentences() -> None:
    policy, obs = make_policy(), make_obs(3, sentences=4)
    images = {group: obs[group].repeat_interleave(4, dim=0) for group in SHAPES}
    torch.testing.assert_close(policy(obs), policy(obs | images))


def test_order_of_tokens_matters() -> None:
    policy, obs = make_policy(), make_obs(2)
    assert not torch.allclose(policy(obs | {"camera": obs["camera"].flip(2)}), policy(obs))


@pytest.mark.parametrize("chunk_size", [1, 3])
def test_exports_equal_the_policy(chunk_size: int) -> None:
    policy, obs = make_policy(chunk_size=chunk_size), make_obs(2)
    plan = policy.plan(obs)
    expected = plan[:, 0] if chunk_size == 1 else plan
    inputs = [obs[group] for group in GROUPS]
    torch.testing.assert_close(torch.jit.script(policy.as_jit())(inputs), expected)
    torch.testing.assert_close(policy.as_onnx()(*inputs), expected)


def test_onnx(tmp_path: Any) -> None:
    policy, obs = make_policy(), make_obs(1)
    model = policy.as_onnx()
    file = tmp_path / "policy.onnx"
    torch.onnx.export(
        model, model.get_dummy_inputs(), str(file), input_names=model.input_names, output_names=model.output_names,
        opset_version=18, dynamo=False,
    )  # fmt: skip
    runtime: Any = onnx.reference.ReferenceEvaluator(str(file))
    (actions,) = runtime.run(["actions"], {group: obs[group].numpy() for group in GROUPS})
    torch.testing.assert_close(torch.from_numpy(actions), policy(obs), rtol=1e-4, atol=1e-5)


def test_chunks_are_averaged_until_the_episode_ends() -> None:
    policy, obs = make_policy(chunk_size=4), make_obs(3)
    assert policy.plan(obs).shape == (3, 4, 2)
    torch.testing.assert_close(policy(obs), policy.plan(obs)[:, 0])
    later = make_obs(3)
    mixed = policy(later)
    assert not torch.allclose(mixed, policy.plan(later)[:, 0])
    policy.reset(torch.ones(3))
    torch.testing.assert_close(policy(later), policy.plan(later)[:, 0])


def test_it_can_be_trained_in_bfloat16() -> None:
    policy, obs = make_policy(), make_obs(3, sentences=2)
    with torch.autocast("cpu", torch.bfloat16):
        actions = policy(obs)
    assert actions.dtype == torch.float32
    torch.testing.assert_close(actions, policy(obs), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("groups", [["proprio", "language"], ["camera"]])
def test_it_needs_eyes_and_joints(groups: list[str]) -> None:
    with pytest.raises(ValueError, match="reads images and vectors; the groups are"):
        make_policy(groups)


def test_a_missing_group_is_named() -> None:
    with pytest.raises(ValueError, match="'depth' is missing"):
        make_policy([*GROUPS, "depth"])
