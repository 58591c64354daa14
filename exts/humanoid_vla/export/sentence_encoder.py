"""The sentence encoder as files of a bundle: a robot without torch then understands new sentences, too."""

from __future__ import annotations

import io
import warnings
from typing import Any

import onnx
import torch
from torch import nn

from humanoid_vla.language.encoder import WEIGHTS_SHA256, SentenceEncoder
from humanoid_vla.runtime.instruction import ENCODER_FILE
from humanoid_vla.runtime.sentence_encoder import TOKENIZER_FILE

OPSET = 18


class TokensToEmbedding(nn.Module):
    """The transformer, the mean over its tokens, and unit length; (1, length) int64 -> (1, 384).

    One sentence at a time: without padding no token needs to be masked.

    Args:
        transformer: all-MiniLM-L6-v2's.
    """

    def __init__(self, transformer: nn.Module) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        features = self.transformer(input_ids=tokens).last_hidden_state  # (1, length, 384)
        return nn.functional.normalize(features.mean(dim=1), dim=-1)


def encoder_files(encoder: SentenceEncoder) -> dict[str, bytes]:
    """``encoder.onnx`` (90 MB) and ``tokenizer.json``, which :mod:`humanoid_vla.runtime.sentence_encoder` reads.

    The graph takes ``tokens``, (1, length), and gives ``embedding``, (1, 384). It carries the weights' SHA-256.
    """
    model: Any = encoder.model
    transformer, tokenizer = model[0].model, model.tokenizer
    attention = transformer.config._attn_implementation
    transformer.set_attn_implementation("eager")  # the one whose mask follows the sentence's length in the graph
    example = torch.tensor([tokenizer("touch the red cube")["input_ids"]])
    graph: Any = io.BytesIO()  # which the exporter takes, though it does not say so
    try:
        with torch.no_grad(), warnings.catch_warnings():
            # The exporter is the old one, as for policies; the tracer warns of constants of the mask
            warnings.simplefilter("ignore")
            torch.onnx.export(
                TokensToEmbedding(transformer).eval(), (example,), graph, input_names=["tokens"],
                output_names=["embedding"], dynamic_axes={"tokens": {1: "length"}}, opset_version=OPSET, dynamo=False,
            )  # fmt: skip
    finally:
        transformer.set_attn_implementation(attention)
    proto = onnx.load_from_string(graph.getvalue())
    onnx.helper.set_model_props(proto, {"weights_sha256": WEIGHTS_SHA256})
    return {ENCODER_FILE: proto.SerializeToString(), TOKENIZER_FILE: tokenizer.backend_tokenizer.to_str().encode()}
