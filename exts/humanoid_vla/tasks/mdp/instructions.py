"""The sentences that goals are told in, and their embeddings, on the simulation's device."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch

from humanoid_vla.language.embeddings import embed
from humanoid_vla.language.instructions import InstructionSet
from humanoid_vla.language.read_out import fit_read_out, read_goals


class Instructions:
    """Phrasings of a task's goals, to draw from at random.

    Args:
        phrasings: The sentences of each goal; a goal without any is never drawn.
        device: Where the embeddings live.

    Raises:
        ValueError: If no goal has a phrasing, or two embeddings begin with the same number (see :meth:`find`).
    """

    def __init__(self, phrasings: Sequence[Sequence[str]], device: torch.device | str) -> None:
        self.sentences: list[str] = list(itertools.chain.from_iterable(phrasings))
        if not self.sentences:
            raise ValueError("no goal has a phrasing; give at least one sentence")
        self.embeddings = embed(self.sentences).to(device)
        """Shape (num_sentences, 384), of unit length."""
        self.counts = torch.tensor([len(sentences) for sentences in phrasings], device=device)
        """Phrasings of each goal, shape (num_goals,)."""
        self.first = self.counts.cumsum(0) - self.counts
        """Index of the first sentence of each goal, shape (num_goals,)."""
        self.goal = torch.arange(len(phrasings), device=device).repeat_interleave(self.counts)
        """The goal of each sentence, shape (num_sentences,)."""
        self._tellable = self.counts.nonzero().squeeze(-1)
        keys, self._by_key = self.embeddings[:, 0].sort()
        self._between_keys = 0.5 * (keys[1:] + keys[:-1])
        if (keys.diff() == 0).any():
            raise ValueError("two sentences share the first number of their embedding: is one there twice?")

    def draw_goals(self, num: int) -> torch.Tensor:
        """Goals, uniformly at random from those that have a phrasing, shape (num,)."""
        return self._tellable[torch.randint(len(self._tellable), (num,), device=self._tellable.device)]

    def draw(self, goals: torch.Tensor) -> torch.Tensor:
        """For each goal the index of one of its sentences, uniformly at random; (n,) -> (n,)."""
        return self.first[goals] + (torch.rand(len(goals), device=goals.device) * self.counts[goals]).long()

    def find(self, embeddings: torch.Tensor) -> torch.Tensor:
        """The sentences that rows of :attr:`embeddings` belong to, (batch, 384) -> (batch,).

        No two embeddings begin with the same number, so the one with the nearest is it.
        """
        return self._by_key[torch.searchsorted(self._between_keys, embeddings[:, 0].contiguous())]


def language_command(env: Any) -> Any | None:
    """The command of an environment whose goals are told in sentences; None where it has none."""
    terms = (env.command_manager.get_term(name) for name in env.command_manager.active_terms)
    return next((term for term in terms if hasattr(term, "instructions")), None)


def rephrase(embeddings: torch.Tensor, known: Instructions, told: Instructions) -> torch.Tensor:
    """The goals of sentences that are `known`, each in one of the sentences of `told`, drawn anew; (n, 384) both."""
    return told.embeddings[told.draw(known.goal[known.find(embeddings)])]


def understood_goal(sentence: str, phrasings: Sequence[Sequence[str]]) -> int:
    """The goal that a sentence most likely tells, to judge by the phrasings of each goal."""
    table = Instructions(phrasings, "cpu")
    return int(read_goals(fit_read_out(table.embeddings, table.goal), embed([sentence])[0]))


def choose_instructions(
    instruction_set: InstructionSet, wording: str, instruction: str | None, device: torch.device | str
) -> Instructions:
    """The seen or the held-out phrasings; or one sentence, told for the goal that it is understood as.

    Raises:
        ValueError: If ``wording`` is neither.
    """
    if wording not in ("seen", "held_out"):
        raise ValueError(f"wording '{wording}' is unknown; give 'seen' or 'held_out'")
    phrasings: Sequence[Sequence[str]] = getattr(instruction_set, wording)
    if instruction is not None:
        goal = understood_goal(instruction, instruction_set.seen)
        phrasings = [[instruction] if number == goal else [] for number in range(len(phrasings))]
    return Instructions(phrasings, device)
