"""What one can say to the robot of Navigate."""

from humanoid_vla.assets.landmarks import LANDMARK_CFGS
from humanoid_vla.language.navigate import LANDMARKS, NAVIGATE_INSTRUCTIONS
from humanoid_vla.tasks.mdp.instructions import understood_goal


def words(sentences: tuple[str, ...]) -> set[str]:
    return {word.strip("?,.:") for text in sentences for word in text.lower().split()}


def test_goals_are_the_things_of_the_scene_in_its_order() -> None:
    assert list(LANDMARKS) == list(LANDMARK_CFGS) == list(NAVIGATE_INSTRUCTIONS.goals)


def test_the_plainest_way_to_say_it() -> None:
    assert NAVIGATE_INSTRUCTIONS.seen[0][0] == "go to the red ball"


def test_a_name_belongs_to_one_thing_only() -> None:
    names = [
        {*thing.colors, *thing.shapes, *thing.held_out_colors, *thing.held_out_shapes} for thing in LANDMARKS.values()
    ]
    assert len(set.union(*names)) == sum(len(each) for each in names)


def test_held_out_words_are_in_no_seen_sentence() -> None:
    seen = words(tuple(text for goal in NAVIGATE_INSTRUCTIONS.seen for text in goal))
    for thing in LANDMARKS.values():
        assert not {*thing.held_out_colors, *thing.held_out_shapes} & seen
    assert not {"approach", "navigate", "visiting", "proceed", "travel", "arrive"} & seen


def test_words_of_ones_own_are_understood() -> None:
    for number, text in enumerate(
        ("reach the crimson sphere", "go to that green box", "to the blue tube", "the yellow spike")
    ):
        assert understood_goal(text, NAVIGATE_INSTRUCTIONS.seen) == number
