"""The filter's array operations in torch."""

from __future__ import annotations

import numpy as np
import torch


class TorchBackend:
    """Torch on a device: for training and simulation, thousands of robots at once.

    Args:
        device: Where it computes.
        dtype: Its precision.
    """

    xp = torch

    def __init__(self, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> None:
        self.device = torch.device(device)
        self.dtype = dtype

    def constant(self, values: np.ndarray) -> torch.Tensor:
        values = np.asarray(values)
        kind = torch.int64 if values.dtype.kind in "iu" else self.dtype
        return torch.as_tensor(values, dtype=kind, device=self.device)

    def nearest(self, values: torch.Tensor, count: int) -> torch.Tensor:
        return values.detach().topk(count, dim=-1, largest=False, sorted=False).indices

    def take(self, values: torch.Tensor, index: torch.Tensor, axis: int) -> torch.Tensor:
        return values.index_select(axis, index)

    def pick(self, values: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        return values.gather(-1, index[:, None].expand(-1, values.shape[1], -1))

    def contiguous(self, values: torch.Tensor) -> torch.Tensor:
        return values.contiguous()

    def rows_where(self, mask: torch.Tensor) -> torch.Tensor:
        return mask.nonzero().squeeze(-1)

    def detached(self, values: torch.Tensor) -> torch.Tensor:
        return values.detach()
