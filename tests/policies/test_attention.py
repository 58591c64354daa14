"""Attention, by hand and by what it must not depend on."""

import math

import pytest
import torch

from humanoid_vla.policies.attention import Attention, FusionBlock


def identity_attention(dim: int, num_heads: int) -> Attention:
    """Queries, keys and values are the tokens themselves."""
    attention = Attention(dim, num_heads)
    for linear in (attention.query, attention.output):
        linear.weight.data.copy_(torch.eye(dim))
        linear.bias.data.zero_()
    attention.key_value.weight.data.copy_(torch.eye(dim).repeat(2, 1))
    attention.key_value.bias.data.zero_()
    return attention


def test_attention_by_hand() -> None:
    # scores 2/sqrt(1) and 0, so the weights are e^2 / (e^2 + 1) and 1 / (e^2 + 1)
    read = identity_attention(1, 1)(torch.tensor([[[2.0]]]), torch.tensor([[[1.0], [0.0]]]))
    assert read.item() == pytest.approx(math.exp(2) / (math.exp(2) + 1))


def test_scores_are_scaled_by_the_length_of_a_head() -> None:
    # q = (1, 1, 1, 1) in one head of four: score 4 / sqrt(4) = 2 for the token of ones, 0 for that of zeros
    tokens = torch.stack([torch.ones(4), torch.zeros(4)]).unsqueeze(0)
    read = identity_attention(4, 1)(torch.ones(1, 1, 4), tokens)
    torch.testing.assert_close(read, torch.full((1, 1, 4), math.exp(2) / (math.exp(2) + 1)))


def test_it_is_torchs_multi_head_attention() -> None:
    ours, theirs = Attention(8, 2), torch.nn.MultiheadAttention(8, 2, batch_first=True)
    theirs.in_proj_weight.data.copy_(torch.cat([ours.query.weight, ours.key_value.weight]))
    theirs.in_proj_bias.data.copy_(torch.cat([ours.query.bias, ours.key_value.bias]))
    theirs.out_proj.load_state_dict(ours.output.state_dict())
    queries, tokens = torch.randn(3, 2, 8), torch.randn(3, 5, 8)
    torch.testing.assert_close(ours(queries, tokens), theirs(queries, tokens, tokens)[0])


def test_several_sets_of_queries_read_the_same_image() -> None:
    block = FusionBlock(8, 2)
    image, queries = torch.randn(3, 5, 8), torch.randn(3 * 4, 2, 8)
    together = block(queries, image)
    torch.testing.assert_close(together, block(queries, image.repeat_interleave(4, dim=0)))
    changed = queries.clone()
    changed[1] += 1.0  # the second set of the first image: nobody else may notice
    assert torch.equal((block(changed, image) != together).flatten(1).any(dim=1), torch.arange(12) == 1)


def test_heads_must_share_evenly() -> None:
    with pytest.raises(ValueError, match="3 heads cannot share tokens of length 8"):
        Attention(8, 3)
