"""Attention by which a few tokens read many others."""

from __future__ import annotations

import torch
from torch import nn


class Attention(nn.Module):
    """Multi-head attention, softmax(Q K^T / sqrt(d)) V in each head, and a linear layer behind all heads.

    Source: Vaswani et al., "Attention is all you need", arXiv 1706.03762, section 3.2.

    Args:
        dim: Length of a token.
        num_heads: Heads; they share the length of a token.

    Raises:
        ValueError: If the heads cannot share it evenly.
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        if dim % num_heads:
            raise ValueError(f"{num_heads} heads cannot share tokens of length {dim} evenly; choose a divisor")
        self.num_heads, self.head_dim = num_heads, dim // num_heads
        self.query, self.key_value, self.output = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)

    def forward(self, queries: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """What each query reads from the tokens, (batch, Q, dim) and (batch, N, dim) -> (batch, Q, dim)."""
        key, value = self.key_value(tokens).chunk(2, dim=-1)
        # softmax(Q K^T / sqrt(d)) V, spelled out: torch's fused kernel is slow on the CPU, in bfloat16 by far
        scores = self._heads(self.query(queries)) @ self._heads(key).transpose(2, 3) * self.head_dim**-0.5
        read = scores.softmax(dim=-1) @ self._heads(value)
        return self.output(read.transpose(1, 2).flatten(2))

    def _heads(self, tokens: torch.Tensor) -> torch.Tensor:
        """(batch, N, dim) -> (batch, heads, N, dim / heads)."""
        return tokens.view(tokens.shape[0], tokens.shape[1], self.num_heads, self.head_dim).transpose(1, 2)


class FusionBlock(nn.Module):
    """Queries read the image, then each other, then each goes through an MLP; every part adds to what was there.

    LayerNorm comes first in every part: Xiong et al., "On layer normalization in the transformer architecture",
    arXiv 2002.04745.

    Args:
        dim: Length of a token.
        num_heads: Heads of both attentions.
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.image_norm, self.image_attention = nn.LayerNorm(dim), Attention(dim, num_heads)
        self.self_norm, self.self_attention = nn.LayerNorm(dim), Attention(dim, num_heads)
        self.mlp = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, queries: torch.Tensor, image_tokens: torch.Tensor) -> torch.Tensor:
        """(k * batch, Q, dim), k sets of queries an image in order, and (batch, N, dim) -> (k * batch, Q, dim)."""
        batch = image_tokens.shape[0]
        # to an image, k sets of Q queries are one set of k Q: what it offers is computed once
        side_by_side = self.image_norm(queries).view(batch, -1, queries.shape[-1])
        queries = queries + self.image_attention(side_by_side, image_tokens).view_as(queries)
        normalized = self.self_norm(queries)
        queries = queries + self.self_attention(normalized, normalized)
        return queries + self.mlp(queries)
