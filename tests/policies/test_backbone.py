"""A backbone of `timm` in the vision-language-action policy."""

from typing import Any

import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError

from humanoid_vla.policies.backbone import BackboneEncoder
from humanoid_vla.policies.vla import VlaPolicy

timm: Any = pytest.importorskip("timm")
OBS = {
    "joints": torch.randn(2, 3),
    "camera": torch.randint(0, 256, (2, 32, 64, 3), dtype=torch.uint8),
}


def test_it_keeps_the_map() -> None:
    encoder = BackboneEncoder("resnet10t", False, 32, 64, 3, dim=6).eval()
    tokens = encoder(OBS["camera"])
    assert tokens.shape == (2, encoder.num_tokens, 6) == (2, 4 * 8, 6)


def test_pixels_are_scaled_as_in_its_training() -> None:
    encoder = BackboneEncoder("resnet10t", False, 32, 32, 3, dim=6).eval()
    seen: list[torch.Tensor] = []
    encoder.backbone.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    encoder(torch.full((1, 32, 32, 3), 255, dtype=torch.uint8))
    # ImageNet's mean and standard deviation of red: (1 - 0.485) / 0.229
    assert seen[0][0, 0].unique().item() == pytest.approx((1 - 0.485) / 0.229, rel=1e-5)


def test_the_policy_acts_and_learns_with_it() -> None:
    policy = VlaPolicy(
        OBS, {"actor": ["joints", "camera"]}, "actor", 2, dim=8, num_heads=2, backbone="resnet10t", pretrained=False
    )
    policy(OBS).sum().backward()
    backbone: Any = policy.network.encoders[0].backbone  # type: ignore[union-attr]
    assert all(weight.grad is not None for weight in backbone.parameters())
    policy.eval()
    scripted: Any = torch.jit.script(policy.as_jit())
    torch.testing.assert_close(scripted([OBS["joints"], OBS["camera"]]), policy(OBS))


def test_bad_names_sizes_and_missing_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="timm knows no model 'nope'"):
        BackboneEncoder("nope", False, 32, 32, 3, dim=6)
    with pytest.raises(ValueError, match="multiples of 32, got 40 x 32"):
        BackboneEncoder("resnet10t", False, 40, 32, 3, dim=6)

    create = timm.create_model

    def offline(name: str, pretrained: bool = False, **settings: Any) -> Any:
        if pretrained:
            raise LocalEntryNotFoundError("no connection")
        return create(name, **settings)

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(ValueError, match=r"weights of the backbone 'resnet10t' cannot be had .*pretrained=false"):
        BackboneEncoder("resnet10t", True, 32, 32, 3, dim=6)
