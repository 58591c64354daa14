"""A vision backbone of the `timm` library in place of our small encoder, for GPUs."""

from typing import Any

import torch
from torch import nn

REDUCTION = 8
"""Pixels of a token in height and width."""


class BackboneEncoder(nn.Module):
    """uint8 images in, a map of tokens out: the backbone's features at an eighth of the resolution.

    Args:
        name: A model of `timm` with feature maps, "resnet18.a1_in1k" for instance.
        pretrained: Whether to fetch its weights; those of a checkpoint need none.
        height: Of an image [pixels], a multiple of 32, as such backbones want.
        width: Of an image [pixels], likewise.
        channels: Of an image, 3 for colour.
        dim: Length of a token.

    Raises:
        ValueError: If `timm` is not installed, knows no such model, cannot have its weights, or the images do not fit.
    """

    # no `from __future__ import annotations` in this file: TorchScript reads these annotations
    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, name: str, pretrained: bool, height: int, width: int, channels: int, dim: int) -> None:
        super().__init__()
        if height % 32 or width % 32:
            raise ValueError(f"images must have a height and a width that are multiples of 32, got {height} x {width}")
        self.backbone = _make_backbone(name, pretrained, channels)
        self.projection = nn.Conv2d(self.backbone.feature_info.channels()[-1], dim, 1)
        self.num_tokens = (height // REDUCTION) * (width // REDUCTION)
        for statistic in ("mean", "std"):  # of the pictures that it was trained on
            value = torch.tensor(self.backbone.pretrained_cfg[statistic][:channels])
            self.register_buffer(statistic, 255.0 * value.view(-1, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(batch, height, width, channels) in [0, 255] -> (batch, num_tokens, dim)."""
        pixels = (images.permute(0, 3, 1, 2).float() - self.mean) / self.std
        return self.projection(self.backbone(pixels)[-1]).flatten(2).transpose(1, 2)


def _make_backbone(name: str, pretrained: bool, channels: int) -> Any:
    try:
        import timm
    except ImportError:
        raise ValueError(f"the backbone '{name}' needs timm: pip install timm") from None
    if not timm.is_model(name):
        raise ValueError(f"timm knows no model '{name}'; timm.list_models(pretrained=True) lists what it knows")
    maps: Any = timm.create_model(name, features_only=True)
    level = maps.feature_info.reduction().index(REDUCTION)
    settings = {"features_only": True, "in_chans": channels, "out_indices": [level]}
    try:
        return timm.create_model(name, pretrained=pretrained, **settings)
    except (RuntimeError, OSError) as error:
        raise ValueError(
            f"the weights of the backbone '{name}' cannot be had ({' '.join(str(error).split())[:200]}); with"
            " agent.actor.pretrained=false it learns from nothing"
        ) from None
