"""Convolutional encoder of camera images."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn

IMAGE_CHANNELS = (16, 32, 64)


class ImageEncoder(nn.Module):
    """uint8 images in, one feature vector an image out; the scaling to [0, 1] is part of the network.

    Each convolution halves height and width; a linear layer and a LayerNorm bring the rest to the scale of normalised
    vectors.

    Args:
        height: Of an image [pixels].
        width: Of an image [pixels].
        channels: Of an image, 3 for colour.
        conv_channels: Channels after each convolution.
        output_dim: Length of the feature vector.

    Raises:
        ValueError: If an image is too small for that many halvings.
    """

    def __init__(
        self,
        height: int,
        width: int,
        channels: int,
        conv_channels: Sequence[int] = IMAGE_CHANNELS,
        output_dim: int = 128,
    ) -> None:
        super().__init__()
        smallest = 2 ** len(conv_channels)
        if min(height, width) < smallest:
            raise ValueError(
                f"{len(conv_channels)} convolutions need images of at least {smallest} x {smallest} pixels, got"
                f" {height} x {width}"
            )
        layers: list[nn.Module] = []
        for fan_in, fan_out in itertools.pairwise([channels, *conv_channels]):
            layers += [nn.Conv2d(fan_in, fan_out, kernel_size=3, stride=2, padding=1), nn.ReLU(inplace=True)]
            height, width = (height + 1) // 2, (width + 1) // 2
        self.convolutions = nn.Sequential(*layers, nn.Flatten())
        last_channels = conv_channels[-1] if conv_channels else channels
        self.projection = nn.Sequential(nn.Linear(last_channels * height * width, output_dim), nn.LayerNorm(output_dim))
        self.output_dim = output_dim

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(batch, height, width, channels) in [0, 255] -> (batch, output_dim)."""
        pixels = images.permute(0, 3, 1, 2).float() / 255.0  # a view: torch knows this layout as channels_last
        return self.projection(self.convolutions(pixels))
