"""Other looks of the same situation: pictures a little shifted and in other light."""

from __future__ import annotations

import torch


def augment_images(obs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Every group of uint8 images shifted and with other colours; vectors as they are."""
    return {
        group: jitter_colors(random_shift(value)) if value.dtype == torch.uint8 else value
        for group, value in obs.items()
    }


def random_shift(images: torch.Tensor, pixels: int = 2) -> torch.Tensor:
    """Each image moved by up to so many pixels in both directions, its border repeated; (batch, H, W, C) uint8.

    Source: Yarats, Kostrikov and Fergus, "Image augmentation is all you need" (DrQ), arXiv 2004.13649, which pads by 4
    of 84 pixels.
    """
    batch, height, width, _ = images.shape
    offsets = torch.randint(-pixels, pixels + 1, (2, batch, 1), device=images.device)
    rows = (torch.arange(height, device=images.device) + offsets[0]).clamp_(0, height - 1)  # (batch, H)
    columns = (torch.arange(width, device=images.device) + offsets[1]).clamp_(0, width - 1)
    number = torch.arange(batch, device=images.device).view(-1, 1, 1)
    return images[number, rows.unsqueeze(2), columns.unsqueeze(1)]


def jitter_colors(images: torch.Tensor, brightness: float = 0.2, tint: float = 0.1) -> torch.Tensor:
    """Each image's brightness, and that of each of its colours, scaled by a random factor; (batch, H, W, C) uint8.

    Args:
        images: Pictures.
        brightness: The factor for the whole image is within 1 +- this.
        tint: Likewise for each colour by itself.
    """
    batch, channels = images.shape[0], images.shape[3]
    whole = 1.0 + brightness * (2.0 * torch.rand(batch, 1, 1, 1, device=images.device) - 1.0)
    colors = 1.0 + tint * (2.0 * torch.rand(batch, 1, 1, channels, device=images.device) - 1.0)
    return (images * (whole * colors)).clamp_(0.0, 255.0).to(torch.uint8)
