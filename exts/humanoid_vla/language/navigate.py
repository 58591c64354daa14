"""What one can say to the robot of Navigate: go to one of four things that stand around it, in many words.

As in :mod:`.reach`, a phrasing is a template filled with a name of the thing: phrasing k takes template k and name k of
its lists, whose lengths have no common divisor. No held-out template has the verb of a seen one, and a colour and a
shape of every thing stand in held-out sentences only. Colours and shapes are those of :mod:`.reach`, but here the ball
is red and the cube is green.
"""

from __future__ import annotations

from humanoid_vla.language.instructions import InstructionSet
from humanoid_vla.language.reach import HELD_OUT_NAMES, NAMES, OBJECTS, ObjectWords, name_object

_COLORED_LIKE = {"ball": "cube", "cube": "ball", "cylinder": "cylinder", "cone": "cone"}

LANDMARKS: dict[str, ObjectWords] = {
    shape: OBJECTS[shape]._replace(colors=OBJECTS[colored].colors, held_out_colors=OBJECTS[colored].held_out_colors)
    for shape, colored in _COLORED_LIKE.items()
}
"""Red ball, green cube, blue cylinder, yellow cone."""

_TEMPLATES = (
    "go to the {object}",
    "walk to the {object}",
    "move to the {object}",
    "go over to the {object}",
    "please go to the {object}",
    "walk up to the {object}",
    "could you go to the {object}?",
    "go and stand at the {object}",
    "head for the {object}",
    "find the {object} and walk to it",
    "{object}",
    "I want you to go to the {object}",
    "walk towards the {object} and stop there",
    "robot, go to the {object}",
    "turn to the {object} and go there",
    "can you walk to the {object}?",
    "come to the {object}",
    "move over to the {object}, please",
    "go near the {object}",
    "stop next to the {object}",
    "your goal is the {object}",
    "walk until you are at the {object}",
    "stand beside the {object}",
    "get to the {object}",
    "look for the {object}, then go there",
    "now walk to the {object}",
    "would you please walk over to the {object}?",
    "the {object}: go there",
    "go straight to the {object}",
    "I would like you to walk to the {object}",
    "take yourself to the {object}",
    "step up to the {object}",
    "go where the {object} is",
    "your task is to go to the {object}",
    "of all the things here, go to the {object}",
)
_HELD_OUT_TEMPLATES = (
    "approach the {object}",
    "navigate to the {object}",
    "make your way over to the {object}",
    "would you mind visiting the {object}?",
    "position yourself by the {object}",
    "proceed to the {object}",
    "let me see you arrive at the {object}",
    "travel towards the {object} and wait there",
)

NUM_SEEN = 148
NUM_HELD_OUT = 20


def combine(templates: tuple[str, ...], names: tuple[str, ...], count: int, words: ObjectWords) -> tuple[str, ...]:
    """The first ``count`` phrasings of a goal."""
    return tuple(
        templates[k % len(templates)].format(object=name_object(words, names[k % len(names)])) for k in range(count)
    )


NAVIGATE_INSTRUCTIONS = InstructionSet(
    goals=tuple(LANDMARKS),
    seen=tuple(combine(_TEMPLATES, NAMES, NUM_SEEN, words) for words in LANDMARKS.values()),
    held_out=tuple(combine(_HELD_OUT_TEMPLATES, HELD_OUT_NAMES, NUM_HELD_OUT, words) for words in LANDMARKS.values()),
)
"""A goal for each thing, in the order of :data:`LANDMARKS`."""
