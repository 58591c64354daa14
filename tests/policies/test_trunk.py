"""Observation groups become one feature vector."""

import pytest
import torch
from tensordict import TensorDict
from torch import nn

from humanoid_vla.policies.trunk import Trunk


def make_obs(batch: int = 5) -> dict[str, torch.Tensor]:
    camera = torch.randint(0, 256, (batch, 16, 12, 3), dtype=torch.uint8)
    wrist = torch.randint(0, 256, (batch, 8, 8, 1), dtype=torch.uint8)
    return {"a": torch.randn(batch, 3), "camera": camera, "b": torch.randn(batch, 2), "wrist": wrist}


def test_vectors_stand_in_order_and_one_alone_is_not_copied() -> None:
    obs = make_obs()
    trunk = Trunk(obs, ["b", "a"], obs_normalization=False)
    assert trunk.obs_dim == trunk.feature_dim == 5
    torch.testing.assert_close(trunk(obs), torch.cat([obs["b"], obs["a"]], dim=-1))
    assert Trunk(obs, ["a"], obs_normalization=False)(obs) is obs["a"]


def test_images_stand_behind_the_normalised_vectors() -> None:
    torch.manual_seed(0)
    obs = make_obs(50)
    trunk = Trunk(obs, ["camera", "b", "wrist", "a"])
    trunk.update_normalization(obs)
    assert trunk.obs_groups == ["camera", "b", "wrist", "a"]
    assert (trunk.obs_dim, trunk.feature_dim) == (5, 5 + 2 * 128)
    features = trunk(obs)
    flat = torch.cat([obs["b"], obs["a"]], dim=-1)
    torch.testing.assert_close(trunk.flatten(obs), flat)
    std = flat.std(dim=0, correction=0)
    torch.testing.assert_close(features[:, :5], (flat - flat.mean(dim=0)) / (std + 0.01))
    torch.testing.assert_close(features[:, 5:133], trunk.encoders[0](obs["camera"]))
    torch.testing.assert_close(features[:, 133:], trunk.encoders[1](obs["wrist"]))


def test_images_alone_need_no_normaliser() -> None:
    obs = make_obs()
    trunk = Trunk(obs, ["camera"], image_channels=(4,))
    trunk.update_normalization(obs)
    assert isinstance(trunk.obs_normalizer, nn.Identity)
    assert trunk.obs_dim == 0
    assert trunk(obs).shape == (5, 128)


def test_a_tensordict_is_read_like_a_dict() -> None:
    obs = make_obs()
    trunk = Trunk(TensorDict(dict(obs), batch_size=[5]), ["a", "camera"])
    torch.testing.assert_close(trunk(TensorDict(dict(obs), batch_size=[5])), trunk(obs))


def test_wrong_groups_are_named() -> None:
    obs = make_obs() | {"float": torch.zeros(5, 8, 8, 3), "volume": torch.zeros(5, 2, 2)}
    with pytest.raises(ValueError, match=r"'c' is missing; the environment gives \['a', 'b', 'camera'"):
        Trunk(obs, ["a", "c"])
    with pytest.raises(ValueError, match=r"'float' must be vectors .* or uint8 images .* got torch\.float32"):
        Trunk(obs, ["float"])
    with pytest.raises(ValueError, match=r"'volume' must be .* shape \(5, 2, 2\)"):
        Trunk(obs, ["volume"])
