"""What is said to the robot: nonsense is refused in one printable line, sentences are encoded once."""

from __future__ import annotations

import contextlib
import threading
import time
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from humanoid_vla.runtime.instruction import MAX_REMEMBERED, InstructionError, InstructionReader, clean_sentence

SENTENCES = ("touch the red cube with your left hand", "put your right hand on the ball")


def make_bundle(path: Path, table: np.ndarray | None = None) -> Any:
    """What the reader sees of a bundle; its other parts have nothing to do with words."""
    embeddings = np.eye(len(SENTENCES), 4, dtype=np.float32) if table is None else table
    language = SimpleNamespace(
        encoder="all-MiniLM-L6-v2", weights_sha256="0" * 64, dim=4, sentences=SENTENCES, embeddings=embeddings
    )
    return SimpleNamespace(path=path, files={}, language=language)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \t \n",
        "x" * 10_000,
        "touch the cube " * 700,
        "".join(map(chr, range(32))),
        "\x1b[2;1\x07\x00",
        "\u202e\u200f\u2066\u2069",
        "\U0001f916\U0001f44d\U0001f3fd",
        "\ud83e",
        "\udcff\udcfe",
        "\ue000\uffff\U0010ffff",
        "42 !? ...",
        "\u0301\u0301\u0301",
    ],
    ids=ascii,
)
def test_nonsense_is_refused_in_one_line_that_can_be_printed(text: str, tmp_path: Path) -> None:
    reader = InstructionReader(make_bundle(tmp_path), encode=lambda sentence: pytest.fail("encoded"))
    with pytest.raises(InstructionError) as refusal:
        reader.read(text)
    message = str(refusal.value)
    assert message.isprintable()
    assert message.isascii()
    assert len(message) < 400
    assert "instruction" in message


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  touch\tthe\n red  cube ", "touch the red cube"),
        ("touch\x00the\x1b[31m cube", "touch the [31m cube"),
        ("\ufefftouch \u202ethe\u202c cu\u200bbe\u200f", "touch the cube"),
        ("touch the cube \U0001f44d\ud83e", "touch the cube \U0001f44d"),
        ("beru\u0308hre den Wu\u0308rfel", "ber\u00fchre den W\u00fcrfel"),
        ("\u0627\u0644\u0645\u0633 \u0627\u0644\u0643", "\u0627\u0644\u0645\u0633 \u0627\u0644\u0643"),
    ],
    ids=ascii,
)
def test_what_is_left_of_a_sentence_is_its_words(text: str, cleaned: str) -> None:
    assert clean_sentence(text) == cleaned
    assert clean_sentence(cleaned) == cleaned


def test_no_text_breaks_the_cleaning() -> None:
    rng = np.random.default_rng(0)
    for _ in range(2000):
        codes = rng.integers(0, rng.choice([128, 0x3000, 0x110000]), size=rng.integers(0, 60))
        text = "".join(map(chr, codes.tolist()))
        with contextlib.suppress(InstructionError):
            cleaned = clean_sentence(text)
            cleaned.encode()  # no half of a character
            assert not any(unicodedata.category(character)[0] == "C" for character in cleaned)


def test_a_sentence_of_the_table_needs_no_encoder(tmp_path: Path) -> None:
    reader = InstructionReader(make_bundle(tmp_path))
    np.testing.assert_array_equal(reader.read(f"  {SENTENCES[1].upper()}\n"), [0.0, 1.0, 0.0, 0.0])
    assert reader.read(SENTENCES[0]).dtype == np.float32


def test_a_new_sentence_is_encoded_once_whoever_asks(tmp_path: Path) -> None:
    asked: list[str] = []

    def encode(sentence: str) -> np.ndarray:
        asked.append(sentence)
        time.sleep(0.05)
        return np.full(4, 0.5)

    reader = InstructionReader(make_bundle(tmp_path), encode)
    start = threading.Barrier(4)

    def read() -> None:
        start.wait()
        for text in ("wave to me", " WAVE  to me\t"):
            assert reader.read(text).dtype == np.float32

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [sentence.lower() for sentence in asked] == ["wave to me"]


def test_the_memory_does_not_grow_with_ever_new_sentences(tmp_path: Path) -> None:
    asked: list[str] = []
    reader = InstructionReader(make_bundle(tmp_path), lambda sentence: asked.append(sentence) or np.zeros(4))
    numbered = [f"touch the cube number {k}" for k in range(3 * MAX_REMEMBERED)]
    for sentence in numbered:
        reader.read(sentence)
    assert asked == numbered
    reader.read(numbered[-1])
    assert asked == numbered  # the newest are remembered ...
    reader.read(numbered[0])
    assert asked[-1] == numbered[0]  # ... the oldest are not


def test_a_new_sentence_without_an_encoder_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(InstructionError, match=r"'wave' is not among the 2 sentences.*export with --encoder"):
        InstructionReader(make_bundle(tmp_path)).read("wave")


@pytest.mark.parametrize("made", [np.zeros(3), np.zeros((1, 4)), np.array([0.0, np.nan, 0.0, 0.0])])
def test_an_embedding_that_is_none_is_refused(made: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(InstructionError, match="4 finite numbers"):
        InstructionReader(make_bundle(tmp_path), lambda _: made).read("wave to me")


def test_a_policy_that_reads_no_instruction_says_so() -> None:
    with pytest.raises(InstructionError, match="reads no instruction"):
        InstructionReader(SimpleNamespace(path=Path(), files={}, language=None)).read(SENTENCES[0])  # type: ignore[arg-type]
