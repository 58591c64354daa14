"""What is said to the robot: a sentence from a keyboard or the network, cleaned, then made what a policy reads."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .bundle import Bundle

MAX_CHARACTERS = 200
"""Of a sentence: twice the longest that policies learn from; what is much longer tells them nothing."""

MAX_REMEMBERED = 64
"""Sentences whose embeddings are kept. Whoever sends ever new ones must not fill the memory."""

ENCODER_FILE = "encoder.onnx"
"""The sentence encoder in a bundle that was exported with one."""


class InstructionError(ValueError):
    """A sentence that the robot cannot follow: one line with the remedy, safe to print."""


def clean_sentence(text: str) -> str:
    """The sentence with single spaces, without control characters, invisible marks and halves of characters.

    Raises:
        InstructionError: It is too long, or no letter is left.
    """
    if len(text) > MAX_CHARACTERS:  # before anything else: whatever is longer costs nothing
        raise InstructionError(f"the instruction has {len(text)} characters; say it in at most {MAX_CHARACTERS}")
    cleaned = " ".join("".join(map(_visible, unicodedata.normalize("NFC", text))).split())
    if not any(character.isalpha() for character in cleaned):
        raise InstructionError(
            f"the instruction {text[:40]!a} has no words; "
            "say what to do, as in 'touch the red cube with your left hand'"
        )
    return cleaned


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":  # control characters, line breaks among them: they end a word
        return " "
    # Cf: marks of direction, joiners, byte order marks; Cs: half a character; Co, Cn: no meaning agreed upon
    return "" if category[0] == "C" else character


class InstructionReader:
    """From sentences to embeddings: from the bundle's table, else from an encoder.

    A sentence of the table costs microseconds, another one is encoded (some ten milliseconds) the first time it is
    read: not in the loop's tick. Several threads may use a reader: one reads, the others wait.

    Args:
        bundle: The policy's bundle.
        encode: From a sentence to its embedding, shape (dim,); asked where the bundle has no encoder of its own.

    Raises:
        InstructionError: The bundle's encoder cannot be loaded, see :func:`~.sentence_encoder.load_sentence_encoder`.
    """

    def __init__(self, bundle: Bundle, encode: Callable[[str], np.ndarray] | None = None) -> None:
        self._language = bundle.language
        self._encode = encode
        if ENCODER_FILE in bundle.files:  # loaded now: it would hold up a robot that is already moving
            from .sentence_encoder import load_sentence_encoder

            self._encode = load_sentence_encoder(bundle)
        self._lock = threading.Lock()
        self._remembered: dict[str, np.ndarray] = {}
        self._table: dict[str, np.ndarray] = {}
        if self._language is not None:
            pairs = zip(self._language.sentences, self._language.embeddings, strict=True)
            self._table = {_key(sentence): embedding for sentence, embedding in pairs}

    def read(self, text: str) -> np.ndarray:
        """The sentence's embedding, shape (dim,), float32, of unit length; do not write to it.

        Raises:
            InstructionError: It is no sentence (see :func:`clean_sentence`), the policy reads none, or the sentence is
                new and there is no encoder.
        """
        if self._language is None:
            raise InstructionError("this policy reads no instruction; use a bundle of a language task")
        sentence = clean_sentence(text)
        key = _key(sentence)
        if (embedding := self._table.get(key)) is not None:
            return embedding
        with self._lock:
            if (embedding := self._remembered.get(key)) is None:
                embedding = self._encode_new(sentence)
                while len(self._remembered) >= MAX_REMEMBERED:
                    del self._remembered[next(iter(self._remembered))]  # the oldest
                self._remembered[key] = embedding
        return embedding

    def _encode_new(self, sentence: str) -> np.ndarray:
        assert self._language is not None
        if self._encode is None:
            raise InstructionError(
                f"'{sentence}' is not among the {len(self._table)} sentences of this bundle, which has no encoder; "
                f"say '{self._language.sentences[0]}' or another of them, or export with --encoder"
            )
        embedding = np.asarray(self._encode(sentence), dtype=np.float32)
        if embedding.shape != (self._language.dim,) or not np.isfinite(embedding).all():
            raise InstructionError(
                f"the encoder made an embedding of shape {embedding.shape} or with NaN of '{sentence}'; "
                f"the policy reads {self._language.dim} finite numbers: use {self._language.encoder}"
            )
        return embedding


def _key(sentence: str) -> str:
    """Upper and lower case are alike, as they are to the encoder."""
    return " ".join(sentence.lower().split())
