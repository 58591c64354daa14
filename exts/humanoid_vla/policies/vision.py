"""Vision encoders that keep the map: an image becomes tokens, one for each place in it."""

from __future__ import annotations

import torch
from torch import nn


class PatchEncoder(nn.Module):
    """uint8 images in, a map of tokens out, one for each 8 x 8 pixels and what is around them.

    Patches of 4 x 4 pixels go through a linear layer, as in ViT (Dosovitskiy et al., arXiv 2010.11929): a convolution
    over three channels takes the CPU twice as long. Two convolutions follow: Xiao et al., "Early convolutions
    help transformers see better", arXiv 2106.14881.

    Args:
        height: Of an image [pixels], a multiple of 8.
        width: Of an image [pixels], a multiple of 8.
        channels: Of an image, 3 for colour.
        dim: Length of a token.
        hidden_channels: Of the patches.

    Raises:
        ValueError: If height or width is no multiple of 8.
    """

    def __init__(self, height: int, width: int, channels: int, dim: int, hidden_channels: int = 64) -> None:
        super().__init__()
        if height % 8 or width % 8:
            raise ValueError(f"images must have a height and a width that are multiples of 8, got {height} x {width}")
        self.patch = nn.Linear(4 * 4 * channels, hidden_channels)
        self.convolutions = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(hidden_channels, hidden_channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(hidden_channels, dim, 3, stride=2, padding=1),
        )
        self.convolutions.to(memory_format=torch.channels_last)  # type: ignore  (torch's stubs do not know this form)
        self.num_tokens = (height // 8) * (width // 8)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(batch, height, width, channels) in [0, 255] -> (batch, num_tokens, dim)."""
        batch, height, width, channels = images.shape
        patches = images.view(batch, height // 4, 4, width // 4, 4 * channels).transpose(2, 3)
        pixels = patches.flatten(3).float() / 127.5 - 1.0  # (batch, height / 4, width / 4, 16 channels)
        grid = self.convolutions(self.patch(pixels).permute(0, 3, 1, 2))  # a view: torch knows it as channels_last
        return grid.flatten(2).transpose(1, 2)
