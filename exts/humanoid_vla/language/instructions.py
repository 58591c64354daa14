"""What an instruction set is: goals, and for each of them sentences to learn from and sentences to test with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class InstructionSet:
    """The goals of a task and how to say them.

    Every goal has as many phrasings as the others, so a sentence is addressed by two indices (goal, phrasing) and the
    embeddings make a table without gaps, shape (goals, phrasings, 384).

    Raises:
        ValueError: A goal without a name or a sentence, different numbers of sentences, or one that stands twice
            (upper and lower case are alike: the encoder reads lower case).
    """

    goals: tuple[str, ...]
    """Short names."""
    seen: tuple[tuple[str, ...], ...]
    """Phrasings of each goal to learn from."""
    held_out: tuple[tuple[str, ...], ...]
    """Phrasings of each goal that no training may use."""

    def __post_init__(self) -> None:
        if not self.goals or not all(self.goals):
            raise ValueError(f"the goals are {self.goals}; give at least one, and a name to each")
        _refuse_duplicates("goal", self.goals)
        for split, phrasings in (("seen", self.seen), ("held-out", self.held_out)):
            counts = [len(sentences) for sentences in phrasings]
            if len(counts) != len(self.goals) or len(set(counts)) != 1 or counts[0] == 0:
                raise ValueError(
                    f"the goals' numbers of {split} phrasings are {counts}; "
                    f"give each of the {len(self.goals)} goals the same number, at least one"
                )
        _refuse_duplicates(
            "sentence", [text for split in (self.seen, self.held_out) for goal in split for text in goal]
        )


def _refuse_duplicates(kind: str, texts: tuple[str, ...] | list[str]) -> None:
    (text, count), *_ = Counter(text.strip().lower() for text in texts).most_common(1)
    if not all(text.strip() for text in texts):
        raise ValueError(f"a {kind} is empty; give it words")
    if count > 1:
        raise ValueError(f"the {kind} '{text}' stands {count} times; each may stand once")
