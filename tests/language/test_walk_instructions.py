"""The sentences of Walk: how many, how different, and what is held out."""

import re

from humanoid_vla.language import walk
from humanoid_vla.language.walk import WALK_INSTRUCTIONS, WALK_VELOCITIES

SPLITS = (WALK_INSTRUCTIONS.seen, WALK_INSTRUCTIONS.held_out)
OTHER_SIDE = {"left": "right", "right": "left"}


def mirrored(text: str) -> str:
    return "".join(OTHER_SIDE.get(part, part) for part in re.split(r"(left|right)", text))


def test_there_are_enough_phrasings() -> None:
    assert len(WALK_INSTRUCTIONS.goals) == 16
    assert len(WALK_INSTRUCTIONS.seen[0]) == walk.NUM_SEEN == 66
    assert len(WALK_INSTRUCTIONS.held_out[0]) == walk.NUM_HELD_OUT == 10


def test_every_frame_meets_every_core() -> None:
    for sentences, frames in zip(SPLITS, (walk._FRAMES, walk._HELD_OUT_FRAMES), strict=True):
        for goal in sentences:
            assert len(set(goal)) == len(goal)
            assert len(goal) % len(frames) == 0


def test_a_sentence_is_in_one_goal_and_one_split_only() -> None:
    sentences = [text for split in SPLITS for goal in split for text in goal]
    assert len(set(sentences)) == len(sentences)


def test_the_examples_of_the_task_are_said() -> None:
    by_name = dict(zip(WALK_INSTRUCTIONS.goals, WALK_INSTRUCTIONS.seen, strict=True))
    assert "walk forward" in by_name["forward"]
    assert "please turn left" not in by_name["turn_right"]
    assert any("turn left" in text for text in by_name["turn_left"])
    assert "step to your right slowly" in by_name["sideways_right_slowly"]
    assert "stop" in by_name["stop"]


def test_held_out_words_are_in_no_seen_sentence() -> None:
    seen = " ".join(text for goal in WALK_INSTRUCTIONS.seen for text in goal)
    for word in ("advance", "retreat", "shuffle", "swivel", "veer", "creep", "kindly", "freeze", "haste"):
        assert any(word in text for goal in WALK_INSTRUCTIONS.held_out for text in goal)
        assert word not in seen


def test_sides_mirror_each_other() -> None:
    """Sentence k of a goal and of its mirror image differ in left and right only, and so do their velocities."""
    for split in SPLITS:
        for name, sentences in zip(WALK_INSTRUCTIONS.goals, split, strict=True):
            twin = WALK_INSTRUCTIONS.goals.index(mirrored(name))
            assert split[twin] == tuple(mirrored(text) for text in sentences)
    for name, (ahead, left, turning) in WALK_VELOCITIES.items():
        assert WALK_VELOCITIES[mirrored(name)] == (ahead, -left, -turning)


def test_a_side_is_named_where_there_is_one_and_nowhere_else() -> None:
    for split in SPLITS:
        for name, sentences in zip(WALK_INSTRUCTIONS.goals, split, strict=True):
            named = {side for side in OTHER_SIDE if side in name}
            for text in sentences:
                assert {side for side in OTHER_SIDE if re.search(rf"\b{side}\b", text)} == named, text


def test_slow_goals_are_half_as_fast() -> None:
    for name, velocity in WALK_VELOCITIES.items():
        if name.endswith("_slowly"):
            assert velocity == tuple(0.5 * value for value in WALK_VELOCITIES[name.removesuffix("_slowly")])
