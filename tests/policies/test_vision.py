"""Images become tokens that know their place."""

import pytest
import torch

from humanoid_vla.policies.vision import PatchEncoder


def test_a_token_is_of_its_place() -> None:
    encoder = PatchEncoder(32, 40, 3, dim=6, hidden_channels=4)
    images = torch.randint(0, 256, (2, 32, 40, 3), dtype=torch.uint8)
    tokens = encoder(images)
    assert tokens.shape == (2, encoder.num_tokens, 6) == (2, 4 * 5, 6)
    images[1, 24:, 32:] = 255 - images[1, 24:, 32:]  # the last 8 x 8 pixels
    changed = (encoder(images) != tokens).any(dim=-1)
    assert not changed[0].any()
    rows, columns = changed[1].view(4, 5).nonzero().unbind(dim=1)
    assert rows.min() >= 2  # it, and neighbours, for the convolutions look around
    assert columns.min() >= 3
    assert changed[1, -1]


def test_pixels_are_scaled_to_minus_one_and_one() -> None:
    encoder = PatchEncoder(8, 8, 3, dim=4)
    seen: list[torch.Tensor] = []
    encoder.patch.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    encoder(torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 8, 8, 3).contiguous())
    assert seen[0].flatten(1).unique(dim=1).flatten().tolist() == [-1.0, 1.0]


def test_patches_are_squares_of_the_picture() -> None:
    encoder = PatchEncoder(8, 16, 1, dim=4)
    seen: list[torch.Tensor] = []
    encoder.patch.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    image = torch.zeros(1, 8, 16, 1, dtype=torch.uint8)
    image[0, 4:8, 8:12] = 255  # second row, third column of patches
    encoder(image)
    white = (seen[0][0] > 0).all(dim=-1)
    assert white.nonzero().tolist() == [[1, 2]]
    assert (seen[0][0] > 0).sum() == 16


def test_images_must_divide() -> None:
    with pytest.raises(ValueError, match="multiples of 8, got 60 x 64"):
        PatchEncoder(60, 64, 3, dim=4)
