"""Drawing sentences and finding them again."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from humanoid_vla.tasks.mdp import instructions
from humanoid_vla.tasks.mdp.instructions import Instructions, understood_goal

PHRASINGS = [["a"], [], ["b", "c", "d"]]
VECTORS = {
    "a": (0.0, 1.0),
    "b": (1.0, 0.0),
    "c": (0.8, 0.6),
    "d": (0.6, 0.8),
    "near c": (0.9, 0.44),
    "near a": (-0.6, 0.8),
}


@pytest.fixture(autouse=True)
def known_embeddings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two numbers in place of the encoder's 384."""

    def embed(sentences: Sequence[str], encoder_path: Path | None = None) -> torch.Tensor:
        return torch.tensor([VECTORS[text] for text in sentences]).view(-1, 2)

    monkeypatch.setattr(instructions, "embed", embed)


def test_sentences_are_counted_by_goal() -> None:
    table = Instructions(PHRASINGS, "cpu")
    assert table.sentences == ["a", "b", "c", "d"]
    assert table.counts.tolist() == [1, 0, 3]
    assert table.first.tolist() == [0, 1, 1]
    assert table.goal.tolist() == [0, 2, 2, 2]


def test_draws_are_uniform_and_of_the_goal() -> None:
    torch.manual_seed(0)
    table = Instructions(PHRASINGS, "cpu")
    assert table.draw(torch.zeros(10, dtype=torch.long)).tolist() == [0] * 10
    # 3000 draws of three: 1000 each, standard deviation 26
    counts = table.draw(torch.full((3000,), 2)).bincount(minlength=4)
    assert counts[0] == 0
    assert torch.all((counts[1:] - 1000).abs() < 5 * 26), counts
    # the goal without a phrasing is never drawn: 1000 each of the others, standard deviation 22
    goals = table.draw_goals(2000).bincount(minlength=3)
    assert goals[1] == 0
    assert abs(int(goals[0]) - 1000) < 5 * 22


def test_an_embedding_is_found_again() -> None:
    table = Instructions(PHRASINGS, "cpu")
    index = torch.tensor([2, 0, 3, 1, 1])
    assert torch.equal(table.find(table.embeddings[index]), index)


def test_what_cannot_be_told_apart_or_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="is one there twice"):
        Instructions([["a", "b"], ["a"]], "cpu")
    with pytest.raises(ValueError, match="no goal has a phrasing"):
        Instructions([[], []], "cpu")


def test_the_goal_of_a_sentence_is_understood_from_the_phrasings() -> None:
    phrasings = [["a", "d"], ["b", "c"]]
    assert understood_goal("near c", phrasings) == 1
    assert understood_goal("near a", phrasings) == 0
