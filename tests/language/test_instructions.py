"""What an instruction set refuses."""

import pytest

from humanoid_vla.language.instructions import InstructionSet


def test_a_set_is_what_it_was_made_of() -> None:
    instructions = InstructionSet(("go", "stop"), (("go", "walk"), ("stop", "halt")), (("move",), ("freeze",)))
    assert instructions.goals == ("go", "stop")
    assert instructions.seen[1][0] == "stop"
    assert instructions.held_out == (("move",), ("freeze",))


@pytest.mark.parametrize(
    ("goals", "seen", "held_out", "expected"),
    [
        ((), (), (), "at least one"),
        (("go", ""), (("a",), ("b",)), (("c",), ("d",)), "a name to each"),
        (("go", "go"), (("a",), ("b",)), (("c",), ("d",)), "the goal 'go' stands 2 times"),
        (("go", "stop"), (("a",),), (("c",), ("d",)), r"seen phrasings are \[1\]; give each of the 2 goals"),
        (("go", "stop"), (("a", "b"), ("e",)), (("c",), ("d",)), r"seen phrasings are \[2, 1\]"),
        (("go", "stop"), (("a",), ("b",)), ((), ()), r"held-out phrasings are \[0, 0\]"),
        (("go", "stop"), (("a",), (" ",)), (("c",), ("d",)), "a sentence is empty"),
        (("go", "stop"), (("a",), ("A",)), (("c",), ("d",)), "the sentence 'a' stands 2 times"),
        (("go", "stop"), (("a",), ("b",)), (("c",), ("a",)), "the sentence 'a' stands 2 times"),
    ],
)
def test_a_set_with_a_fault_is_refused(goals: tuple, seen: tuple, held_out: tuple, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        InstructionSet(goals, seen, held_out)
