"""The instruction's way into a policy."""

from typing import Any

import torch

from humanoid_vla.policies.instruction_encoder import InstructionEncoder
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy
from humanoid_vla.policies.trunk import Trunk

OBS = {"proprio": torch.randn(6, 3), "language": torch.randn(6, 8), "state": torch.randn(6, 2)}
GROUPS = ["proprio", "language", "state"]


def test_features_stand_in_the_place_of_the_embedding() -> None:
    encoder = InstructionEncoder(start=1, size=2, hidden_dim=1, num_features=1).eval()
    first: Any = encoder.mlp[0]
    second: Any = encoder.mlp[2]
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[1.0, 2.0]]))
        first.bias.fill_(-1.0)
        second.weight.fill_(0.5)
        second.bias.fill_(0.1)
    # relu(0.5 + 2 * 0.75 - 1) = 1, tanh(0.5 * 1 + 0.1) = 0.53705
    out = encoder(torch.tensor([[7.0, 0.5, 0.75, 9.0]]))
    torch.testing.assert_close(out, torch.tensor([[7.0, 0.53705, 9.0]]), atol=1e-5, rtol=0)


def test_noise_is_for_training_alone_and_spares_the_rest() -> None:
    encoder = InstructionEncoder(start=3, size=8, noise=0.5)
    vectors = torch.randn(4, 13)
    first, second = encoder(vectors), encoder(vectors)
    assert not torch.equal(first[:, 3:-2], second[:, 3:-2])
    assert torch.equal(first[:, :3], vectors[:, :3])
    assert torch.equal(first[:, -2:], vectors[:, -2:])
    encoder.eval()
    assert torch.equal(encoder(vectors), encoder(vectors))


def test_the_noise_has_its_standard_deviation() -> None:
    torch.manual_seed(0)
    encoder = InstructionEncoder(start=0, size=2, noise=0.5)
    encoder.mlp = torch.nn.Identity()  # type: ignore[assignment]
    noise = encoder(torch.zeros(10_000, 2))
    assert abs(noise.std().item() - 0.5) < 5 * 0.5 / (2 * 20_000) ** 0.5  # its standard error


def test_a_trunk_reads_the_group_named_language_that_way() -> None:
    trunk = Trunk(OBS, GROUPS).eval()
    features = trunk(OBS)
    assert features.shape == (6, trunk.feature_dim) == (6, 3 + 16 + 2)
    assert trunk.obs_dim == 13
    plain = Trunk(OBS, ["proprio", "state"]).eval()(OBS)
    assert torch.equal(features[:, :3], plain[:, :3])
    assert torch.equal(features[:, -2:], plain[:, 3:])


def test_exports_are_the_policy_without_noise() -> None:
    policy = SquashedGaussianPolicy(OBS, {"actor": GROUPS}, "actor", 4, hidden_dims=[8])
    policy.update_normalization(OBS)
    scripted = torch.jit.script(policy.as_jit())
    onnx_policy = policy.as_onnx(verbose=False)
    flat = torch.cat([OBS[name] for name in GROUPS], dim=1)
    policy.eval()
    torch.testing.assert_close(scripted(flat), policy(OBS))
    torch.testing.assert_close(onnx_policy(*(OBS[name] for name in GROUPS)), policy(OBS))
