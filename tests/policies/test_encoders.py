"""The image encoder."""

import pytest
import torch

from humanoid_vla.policies.encoders import ImageEncoder


@pytest.mark.parametrize(("height", "width", "channels"), [(64, 64, 3), (8, 8, 1), (33, 50, 4)])
def test_any_size_becomes_one_vector(height: int, width: int, channels: int) -> None:
    encoder = ImageEncoder(height, width, channels, output_dim=10)
    images = torch.randint(0, 256, (5, height, width, channels), dtype=torch.uint8)
    assert encoder(images).shape == (5, 10)


def test_pixels_are_scaled_inside_and_rows_columns_channels_keep_their_places() -> None:
    encoder = ImageEncoder(4, 4, 2, conv_channels=(1,), output_dim=4)
    images = torch.arange(32, dtype=torch.uint8).reshape(1, 4, 4, 2)
    seen: list[torch.Tensor] = []
    encoder.convolutions.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    encoder(images)
    assert seen[0].shape == (1, 2, 4, 4)
    # row 1, column 2, channel 1 is the 13th number
    assert seen[0][0, 1, 1, 2].item() == pytest.approx(13.0 / 255.0)


def test_it_learns_from_images() -> None:
    torch.manual_seed(0)
    encoder = ImageEncoder(8, 8, 3, output_dim=2)
    images = torch.randint(0, 256, (6, 8, 8, 3), dtype=torch.uint8)
    encoder(images).square()[:, 0].sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())
    first = next(encoder.parameters()).grad
    assert first is not None
    assert first.abs().max() > 0.0


def test_too_small_images_are_refused() -> None:
    with pytest.raises(ValueError, match="3 convolutions need images of at least 8 x 8 pixels, got 16 x 7"):
        ImageEncoder(16, 7, 3)
