"""The sentences of Lift: how many, what they name, and what is held out."""

import re

from humanoid_vla.language import lift
from humanoid_vla.language.lift import LIFT_INSTRUCTIONS
from humanoid_vla.language.reach import HELD_OUT_NAMES, NAMES, OBJECTS

SPLITS = (LIFT_INSTRUCTIONS.seen, LIFT_INSTRUCTIONS.held_out)
SEEN = [sentence for goal in LIFT_INSTRUCTIONS.seen for sentence in goal]
HELD_OUT = [sentence for goal in LIFT_INSTRUCTIONS.held_out for sentence in goal]
HELD_OUT_VERBS = ["hoist", "seize", "scoop", "leave", "elevate", "collecting", "clutch", "hang", "fetch"]
HELD_OUT_VERBS += ["give", "return", "rest", "relinquish", "free", "deposit", "laying", "part"]


def has_word(sentence: str, word: str) -> bool:
    return re.search(rf"\b{word}\b", sentence) is not None


def test_the_goals_are_to_lift_every_object_and_to_let_go() -> None:
    assert LIFT_INSTRUCTIONS.goals == ("lift_cube", "lift_ball", "lift_cylinder", "lift_cone", "release")


def test_the_sentences_that_were_asked_for_are_there() -> None:
    assert "grasp the red cube and lift it" in LIFT_INSTRUCTIONS.seen[0]
    assert {"release it", "put it down again"} & set(LIFT_INSTRUCTIONS.seen[-1])
    assert len(LIFT_INSTRUCTIONS.seen[0]) >= 100
    assert len(LIFT_INSTRUCTIONS.held_out[0]) >= 20


def test_every_template_meets_many_names() -> None:
    for templates, fillers, count in (
        (lift.LIFT_TEMPLATES, NAMES, lift.NUM_SEEN),
        (lift.RELEASE_TEMPLATES, lift.HELD, lift.NUM_SEEN),
        (lift.HELD_OUT_LIFT_TEMPLATES, HELD_OUT_NAMES, lift.NUM_HELD_OUT),
        (lift.HELD_OUT_RELEASE_TEMPLATES, lift.HELD_OUT_HELD, lift.NUM_HELD_OUT),
    ):
        assert len({(k % len(templates), k % len(fillers)) for k in range(count)}) == count
        assert count >= 2 * max(len(templates), len(fillers))


def test_to_lift_names_its_object_only_and_to_let_go_names_none() -> None:
    words = {name: {word for words in entry for word in words} for name, entry in OBJECTS.items()}
    for split in SPLITS:
        for goal, sentences in zip(LIFT_INSTRUCTIONS.goals, split, strict=True):
            for sentence in sentences:
                text = re.sub(r"\bcan (you|let)|you can\b", "", sentence)  # "can" asks and allows there
                named = {other for other in OBJECTS if any(has_word(text, word) for word in words[other])}
                assert named == ({goal.removeprefix("lift_")} if goal != "release" else set()), sentence


def test_no_sentence_names_a_hand() -> None:
    assert not any(has_word(sentence, side) for sentence in SEEN + HELD_OUT for side in ("left", "right"))


def test_what_is_held_out_stands_in_held_out_sentences_only() -> None:
    assert not {text.lower() for text in SEEN} & {text.lower() for text in HELD_OUT}
    for verb in HELD_OUT_VERBS:
        assert not any(has_word(sentence, verb) for sentence in SEEN), verb
        assert any(has_word(sentence, verb) for sentence in HELD_OUT), verb
    for entry in OBJECTS.values():
        for word in (*entry.held_out_colors, *entry.held_out_shapes):
            assert not any(has_word(sentence, word) for sentence in SEEN), word
            assert any(has_word(sentence, word) for sentence in HELD_OUT), word


def test_sentences_read_as_written() -> None:
    for sentence in SEEN + HELD_OUT:
        assert not re.search(r"[{}]|  |\ba [aeiou]|,,|\.\.", sentence), sentence
        assert 2 <= len(sentence.split()) <= 20, sentence
