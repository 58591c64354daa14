"""Sentences of the user's own, told to a robot that is already at work."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from humanoid_vla.language.encoder import SentenceEncoder, load_encoder
from humanoid_vla.language.read_out import fit_read_out, read_goals
from humanoid_vla.tasks.mdp.instructions import Instructions

MAX_CHARACTERS = 200
"""Of a sentence: twice the longest that policies learn from; what is much longer tells them nothing."""


class Understood(NamedTuple):
    """A sentence, what the policy reads of it, and what it is judged by."""

    text: str
    embedding: torch.Tensor
    """Shape (384,), of unit length."""
    goal: int


def check_sentence(text: str) -> str:
    """The sentence with single spaces.

    Raises:
        ValueError: It has too many characters, or no letter.
    """
    text = " ".join(text.split())
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"the sentence has {len(text)} characters; say it in at most {MAX_CHARACTERS}")
    if not any(character.isalpha() for character in text):
        raise ValueError(f"'{text}' has no words; say what to do, as in 'touch the red cube with your left hand'")
    return text


class SentenceReader:
    """Encodes sentences and reads their goals, as :func:`~.mdp.instructions.understood_goal` does.

    The encoder is loaded once, with the first sentence or by :meth:`load`, which takes seconds. Several threads may use
    a reader: one reads, the others wait.

    Args:
        phrasings: Sentences of each goal, to judge by what a sentence means.
    """

    def __init__(self, phrasings: Sequence[Sequence[str]]) -> None:
        self._phrasings = phrasings
        self._lock = threading.RLock()
        self._loaded: tuple[SentenceEncoder, torch.Tensor] | None = None

    def load(self) -> tuple[SentenceEncoder, torch.Tensor]:
        """The encoder, and the weights that read a goal from an embedding.

        Raises:
            EncoderError: There is no encoder.
        """
        with self._lock:
            if self._loaded is None:
                table = Instructions(self._phrasings, "cpu")
                self._loaded = load_encoder(), fit_read_out(table.embeddings, table.goal)
            return self._loaded

    def read(self, text: str) -> Understood:
        """What a sentence says.

        Raises:
            ValueError: It is none, see :func:`check_sentence`.
            EncoderError: There is no encoder.
        """
        text = check_sentence(text)
        with self._lock:  # the tokenizer refuses two threads at a time
            encoder, read_out = self.load()
            (embedding,) = encoder.encode([text])
        return Understood(text, embedding, int(read_goals(read_out, embedding)))


def tell_first(command: Any, sentence: Understood) -> int:
    """Tell the first environment a sentence from now on, and judge it by the sentence's goal.

    The sentence joins those of ``command.instructions``, but is never drawn: the next episode has another.

    Args:
        command: See :func:`~.mdp.instructions.language_command`.

    Returns:
        The sentence's index into ``command.instructions.sentences``, for :func:`tell_first_again`.
    """
    instructions = command.instructions
    instructions.sentences.append(sentence.text)
    embedding = sentence.embedding.to(instructions.embeddings.device)
    instructions.embeddings = torch.cat((instructions.embeddings, embedding[None]))
    index = len(instructions.sentences) - 1
    tell_first_again(command, index, sentence.goal)
    return index


def tell_first_again(command: Any, index: int, goal: int) -> None:
    """Tell the first environment a sentence that :func:`tell_first` has told it before."""
    first = torch.zeros(1, dtype=torch.long, device=command.device)
    command.tell_goal(first, first + goal)
    command.instruction_index[0] = index
