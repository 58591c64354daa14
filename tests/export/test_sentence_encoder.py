"""The encoder of a bundle says what the encoder that it was made from says, without torch."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest

from humanoid_vla.export.sentence_encoder import encoder_files
from humanoid_vla.language.encoder import EMBEDDING_DIM, MODEL, WEIGHTS_SHA256, SentenceEncoder, load_encoder
from humanoid_vla.runtime.instruction import ENCODER_FILE, InstructionError, InstructionReader
from humanoid_vla.runtime.sentence_encoder import TOKENIZER_FILE

SENTENCES = (
    "wave",
    "touch the red cube with your left hand",
    "Bring your RIGHT palm to the ball, please!",
    "ber\u00fchre den W\u00fcrfel",
    "go \U0001f916",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z " * 3,
)


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return load_encoder()


@pytest.fixture(scope="module")
def files(encoder: SentenceEncoder) -> dict[str, bytes]:
    return encoder_files(encoder)


def make_bundle(files: dict[str, bytes]) -> Any:
    language = SimpleNamespace(
        encoder=MODEL,
        weights_sha256=WEIGHTS_SHA256,
        dim=EMBEDDING_DIM,
        sentences=("touch",),
        embeddings=np.zeros((1, EMBEDDING_DIM), np.float32),
    )
    return SimpleNamespace(
        path=Path("bundle"), files=dict.fromkeys(files, ""), language=language, read=files.__getitem__
    )


def test_it_says_what_the_original_says(encoder: SentenceEncoder, files: dict[str, bytes]) -> None:
    reader = InstructionReader(make_bundle(files), encode=lambda _: pytest.fail("the bundle has its own encoder"))
    for sentence, expected in zip(SENTENCES, encoder.encode(SENTENCES).numpy(), strict=True):
        embedding = reader.read(sentence)
        assert embedding.dtype == np.float32
        assert np.abs(embedding - expected).max() <= 1e-5


def test_the_original_is_left_as_it_was(encoder: SentenceEncoder, files: dict[str, bytes]) -> None:
    (fresh,) = load_encoder().encode(SENTENCES[:1]).numpy()
    np.testing.assert_array_equal(encoder.encode(SENTENCES[:1]).numpy()[0], fresh)


def test_an_encoder_with_other_weights_is_refused(files: dict[str, bytes]) -> None:
    model = onnx.load_from_string(files[ENCODER_FILE])
    onnx.helper.set_model_props(model, {"weights_sha256": "1" * 64})
    with pytest.raises(InstructionError, match="has the weights 1111"):
        InstructionReader(make_bundle(files | {ENCODER_FILE: model.SerializeToString()})).read("wave")


@pytest.mark.parametrize("name", [ENCODER_FILE, TOKENIZER_FILE])
def test_a_broken_file_is_named_in_one_line(name: str, files: dict[str, bytes]) -> None:
    with pytest.raises(InstructionError, match=r"cannot load the encoder of 'bundle'.*export it anew") as refusal:
        InstructionReader(make_bundle(files | {name: b"\x00nonsense"})).read("wave")
    assert str(refusal.value).isprintable()
