"""The sentences of Reach: how many, how different, and what is held out."""

import re

from humanoid_vla.language import reach
from humanoid_vla.language.reach import OBJECTS, REACH_INSTRUCTIONS, name_object

SPLITS = (REACH_INSTRUCTIONS.seen, REACH_INSTRUCTIONS.held_out)
SEEN = [sentence for goal in REACH_INSTRUCTIONS.seen for sentence in goal]
HELD_OUT = [sentence for goal in REACH_INSTRUCTIONS.held_out for sentence in goal]

HELD_OUT_VERBS = ["pat", "belongs", "getting", "meet", "meets", "need", "stroke", "waiting", "steer", "send", "get"]
SEEN_VERBS = ["touch", "reach", "put", "use", "tap", "feel", "place", "move", "lay", "rest", "press", "bring", "point"]


def has_word(sentence: str, word: str) -> bool:
    return re.search(rf"\b{word}\b", sentence) is not None


def test_the_goals_are_every_object_with_every_hand() -> None:
    names = "cube_left cube_right ball_left ball_right cylinder_left cylinder_right cone_left cone_right"
    assert " ".join(REACH_INSTRUCTIONS.goals) == names


def test_there_are_enough_phrasings() -> None:
    assert len(REACH_INSTRUCTIONS.seen[0]) >= 100
    assert len(REACH_INSTRUCTIONS.held_out[0]) >= 25


def test_templates_and_names_are_filled_in() -> None:
    assert name_object(OBJECTS["cube"], "{color[0]} {shape[1]}") == "red box"
    assert name_object(OBJECTS["cone"], "{held_out_color[0]} {held_out_shape[0]}") == "lemon funnel"
    sentences = reach.combine(
        ("touch the {object} with your {hand}", "{hand}, {object}"), ("{shape[0]}",), 2, OBJECTS["ball"], "left"
    )
    assert sentences == ("touch the ball with your left hand", "left palm, ball")


def test_every_template_and_every_name_is_used() -> None:
    """The lengths have no common divisor, so that no template always meets the same names."""
    for templates, names, count in (
        (reach._TEMPLATES, reach.NAMES, reach.NUM_SEEN),
        (reach._HELD_OUT_TEMPLATES, reach.HELD_OUT_NAMES, reach.NUM_HELD_OUT),
    ):
        assert len({(k % len(templates), k % len(names)) for k in range(count)}) == count
        assert count >= 2 * max(len(templates), len(names))


def test_a_sentence_is_in_no_other_goal_and_not_in_both_splits() -> None:
    assert len({sentence.lower() for sentence in SEEN + HELD_OUT}) == len(SEEN + HELD_OUT)


def test_the_hands_phrasings_mirror_each_other() -> None:
    for split in SPLITS:
        for goal in range(0, len(split), 2):
            assert tuple(sentence.replace("left", "right") for sentence in split[goal]) == split[goal + 1]


def test_every_sentence_names_its_object_and_its_hand_only() -> None:
    words = {name: {word for words in entry for word in words} for name, entry in OBJECTS.items()}
    for split in SPLITS:
        for goal, sentences in zip(REACH_INSTRUCTIONS.goals, split, strict=True):
            name, side = goal.split("_")
            for sentence in sentences:
                hands = [hand for hand in ("left", "right") for _ in re.findall(rf"\b{hand}\b", sentence)]
                assert hands == [side], sentence
                named = {other for other in OBJECTS if any(has_word(sentence, word) for word in words[other])}
                assert named - {name} <= named_by_verb(sentence), sentence
                assert name in named, sentence


def named_by_verb(sentence: str) -> set[str]:
    """ "can you" asks; it does not name the can."""
    return {"cylinder"} if sentence.startswith("can you") else set()


def test_no_two_objects_share_a_word() -> None:
    words = [word for entry in OBJECTS.values() for words in entry for word in words]
    assert len(set(words)) == len(words)


def test_held_out_words_stand_in_held_out_sentences_only() -> None:
    for entry in OBJECTS.values():
        for word in (*entry.held_out_colors, *entry.held_out_shapes):
            assert not any(has_word(sentence, word) for sentence in SEEN), word
            assert any(has_word(sentence, word) for sentence in HELD_OUT), word


def test_held_out_templates_use_no_verb_of_the_seen_ones() -> None:
    assert not set(reach._TEMPLATES) & set(reach._HELD_OUT_TEMPLATES)
    for verb in HELD_OUT_VERBS:
        assert any(has_word(template, verb) for template in reach._HELD_OUT_TEMPLATES), verb
        assert not any(has_word(sentence, verb) for sentence in SEEN), verb
    for verb in SEEN_VERBS:
        assert not any(has_word(sentence, verb) for sentence in HELD_OUT), verb


def test_sentences_read_as_written() -> None:
    for sentence in SEEN + HELD_OUT:
        assert not re.search(r"[{}]|  |\ba [aeiou]|,,|\.\.", sentence), sentence
        assert 2 <= len(sentence.split()) <= 20, sentence
