"""Evaluation of policies that are told what to do."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import humanoid_vla.tasks  # noqa: F401  (registers them)
from common import InputError
from humanoid_vla.language.embeddings import CACHE_VARIABLE
from humanoid_vla.language.encoder import EncoderError
from humanoid_vla.language.reach import REACH_INSTRUCTIONS
from listening import Listening, prepare_sentences, read_sentences

TASK = "VLA-Reach-G1"
CUBE, BALL = range(2)
LEFT, RIGHT = range(2)


def listening_in_two_environments() -> tuple[Listening, Any]:
    """The first is told "a" of the cube, the second "b" of the ball; judged by the cube both, left hand both."""
    terms = SimpleNamespace(get_term_cfg=lambda name: SimpleNamespace(params={"distance": 0.015}))
    env = SimpleNamespace(num_envs=2, unwrapped=SimpleNamespace(termination_manager=terms, device="cpu"))
    command = SimpleNamespace(
        instruction_set=SimpleNamespace(goals=("cube", "ball", "cone")),
        instructions=SimpleNamespace(sentences=["a", "b", "c"], goal=torch.tensor([CUBE, BALL, CUBE])),
        instruction_index=torch.tensor([0, 1]),
        told_object_index=torch.tensor([CUBE, BALL]),
        hand_index=torch.tensor([LEFT, LEFT]),
        clearance=torch.full((2, 2, 2), 1.0),
    )
    return Listening(env, command), command


def test_successes_are_counted_by_the_sentence_told_before_the_reset() -> None:
    listening, command = listening_in_two_environments()
    for success in ([True, False], [False, False]):
        listening.before_step()
        command.instruction_index = torch.tensor([2, 2])  # the next episode's
        listening.after_step(torch.tensor([True, True]), torch.tensor(success))
        command.instruction_index = torch.tensor([0, 1])
    listening.before_step()
    listening.after_step(torch.tensor([False, False]), torch.tensor([True, True]))  # not of those that count
    assert listening.by_instruction() == {"a": 0.5, "b": 0.0}


def test_successes_are_counted_by_goal() -> None:
    listening, command = listening_in_two_environments()
    for sentences, success in (([0, 1], [True, False]), ([2, 2], [False, False]), ([0, 1], [True, True])):
        command.instruction_index = torch.tensor(sentences)
        listening.before_step()
        listening.after_step(torch.tensor([True, True]), torch.tensor(success))
    assert listening.by_goal() == {"cube": 0.5, "ball": 0.5}  # 2 of 4, 1 of 2, and nobody was told of the cone


def test_touches_of_the_object_that_was_told_are_counted() -> None:
    listening, command = listening_in_two_environments()
    command.clearance[1, LEFT, BALL] = 0.01
    listening.before_step()
    listening.after_step(torch.tensor([True, True]), torch.tensor([False, False]))
    assert listening.told_touched == 1
    command.clearance[:] = 1.0
    command.clearance[1, LEFT, CUBE] = command.clearance[1, RIGHT, BALL] = 0.01  # another object, another hand
    listening.after_step(torch.tensor([True, True]), torch.tensor([True, False]))
    assert listening.told_touched == 1


def test_sentences_are_read_by_goal(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("ball_right: [right hand to the ball, the ball please]\ncube_left:\n  - poke the cube, lefty\n")
    sentences = read_sentences(TASK, str(path))
    assert sentences[0] == ["poke the cube, lefty"]
    assert sentences[3] == ["right hand to the ball", "the ball please"]
    assert [len(texts) for texts in sentences] == [1, 0, 0, 2, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("dance: [dance]", "names the goal 'dance'; the goals are: cube_left, cube_right, ball_left"),
        ("[dance]", "must map goal names to lists of sentences"),
        ("", "must map goal names to lists of sentences"),
        ("cube_left: dance", "'cube_left' must be a list of different sentences"),
        ("cube_left: [dance, dance]", "'cube_left' must be a list of different sentences"),
        ("cube_left: [dance, 3]", "'cube_left' must be a list of different sentences"),
        ("cube_left: [", "is no YAML file"),
        (b"\xff\xfe\x00", "is no YAML file"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: str | bytes, expected: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as error:
        read_sentences(TASK, str(path))
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_missing_is_named() -> None:
    with pytest.raises(InputError, match=r"cannot read --instructions 'nope\.yaml': No such file"):
        read_sentences(TASK, "nope.yaml")


def test_a_machine_without_an_encoder_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_encoder(path: Path | None = None) -> None:
        raise EncoderError("no sentence encoder: run this")

    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr("humanoid_vla.language.embeddings.load_encoder", no_encoder)
    with pytest.raises(InputError, match="no sentence encoder: run this"):
        prepare_sentences(TASK)
    prepare_sentences("VLA-Reach-Command-G1")  # tells no sentences


def test_sentences_are_encoded_before_the_simulator_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    encoded: list[list[str]] = []

    class Encoder:
        def encode(self, sentences: list[str]) -> torch.Tensor:
            encoded.append(sentences)
            return torch.rand(len(sentences), 384, dtype=torch.float64).float() + torch.arange(len(sentences))[:, None]

    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr("humanoid_vla.language.embeddings.load_encoder", lambda path: Encoder())
    prepare_sentences(TASK)
    seen, held_out = REACH_INSTRUCTIONS.seen, REACH_INSTRUCTIONS.held_out
    assert encoded == [[text for goal in split for text in goal] for split in (seen, held_out)]
    prepare_sentences(TASK)
    assert len(encoded) == 2
