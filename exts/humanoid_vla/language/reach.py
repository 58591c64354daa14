"""What one can say to the robot of Reach: eight goals, an object and a hand each, in many words.

A phrasing is a template filled with a name of the object and a name of the hand. Phrasing k takes template k, name k
and hand k of its lists, each list from the start again where it ends: their lengths have no common divisor, so that
all of them meet. What is held out is held out for real: no held-out template has the form or the verb of a seen one,
and a colour and a shape of every object stand in held-out sentences only.

Left and right are the only difference between the phrasings of an object's two goals, which the mirror needs.
"""

from __future__ import annotations

from typing import NamedTuple

from humanoid_vla.language.instructions import InstructionSet


class ObjectWords(NamedTuple):
    """Words for one object, the plainest first."""

    colors: tuple[str, ...]
    shapes: tuple[str, ...]
    held_out_colors: tuple[str, ...]
    held_out_shapes: tuple[str, ...]


OBJECTS: dict[str, ObjectWords] = {
    "cube": ObjectWords(
        colors=("red", "crimson", "scarlet", "cherry", "bright red", "dark red", "blood-red", "reddish", "tomato-red"),
        shapes=("cube", "box", "block", "square thing", "dice", "cubic object", "square block", "cuboid"),
        held_out_colors=("ruby",),
        held_out_shapes=("brick",),
    ),
    "ball": ObjectWords(
        colors=("green", "emerald", "lime", "grass-green", "bright green", "dark green", "olive", "greenish", "mint"),
        shapes=("ball", "sphere", "orb", "round thing", "marble", "round object", "spherical object", "bead"),
        held_out_colors=("jade",),
        held_out_shapes=("globe",),
    ),
    "cylinder": ObjectWords(
        colors=("blue", "cobalt", "navy", "indigo", "bright blue", "dark blue", "sky-blue", "bluish", "sapphire"),
        shapes=("cylinder", "can", "tube", "pipe", "tin", "cylindrical object", "barrel", "drum"),
        held_out_colors=("azure",),
        held_out_shapes=("canister",),
    ),
    "cone": ObjectWords(
        colors=(
            "yellow",
            "golden",
            "amber",
            "saffron",
            "bright yellow",
            "mustard",
            "canary-yellow",
            "yellowish",
            "gold",
        ),
        shapes=("cone", "pyramid", "spike", "pointed thing", "traffic cone", "conical object", "pointy hat", "peak"),
        held_out_colors=("lemon",),
        held_out_shapes=("funnel",),
    ),
}
HANDS = ("left", "right")

# Each number takes one of the object's words in the lists above.
NAMES = (
    "{color[0]} {shape[0]}",
    "{shape[0]}",
    "{color[0]} {shape[1]}",
    "{color[0]} one",
    "{color[1]} {shape[0]}",
    "{shape[1]}",
    "{color[0]} thing",
    "{color[3]} {shape[2]}",
    "{color[2]} {shape[1]}",
    "{color[4]} {shape[0]}",
    "{color[0]} object",
    "{color[1]} one",
    "{shape[2]}",
    "{color[3]} {shape[0]}",
    "{color[0]} {shape[2]}",
    "{shape[3]}",
    "{color[2]} {shape[0]}",
    "{color[5]} {shape[6]}",
    "{color[0]} {shape[4]}",
    "{color[2]} object",
    "{shape[5]}",
    "{color[6]} {shape[1]}",
    "{color[7]} thing",
    "{color[8]} {shape[0]}",
    "{color[0]} {shape[5]}",
    "{color[1]} {shape[7]}",
    "{color[5]} object",
    "{shape[4]}",
    "{color[0]} {shape[7]}",
    "{color[6]} one",
    "{color[8]} {shape[2]}",
    "{shape[6]}",
    "{color[7]} {shape[0]}",
    "{color[4]} {shape[3]}",
    "{color[3]} thing",
    "{shape[7]}",
    "{color[0]} item",
)
HELD_OUT_NAMES = (
    "{color[0]} {shape[0]}",
    "{held_out_color[0]} {shape[0]}",
    "{color[0]} {held_out_shape[0]}",
    "{color[1]} {shape[1]}",
    "{color[0]} toy",
)
_HAND_NAMES = (
    "{side} hand",
    "{side} palm",
    "{side} hand",
    "{side} arm",
    "{side} hand",
    "{side} fingers",
    "{side} hand",
)

_TEMPLATES = (
    "touch the {object} with your {hand}",
    "reach for the {object} with your {hand}",
    "put your {hand} on the {object}",
    "use your {hand} to touch the {object}",
    "{hand}, {object}",
    "with your {hand}, touch the {object}",
    "could you touch the {object} with your {hand}?",
    "place your {hand} on the {object}",
    "tap the {object} with your {hand}",
    "feel the {object} with your {hand}",
    "please use the {hand} to reach the {object}",
    "move your {hand} to the {object}",
    "lay your {hand} on the {object}",
    "reach out with your {hand} and touch the {object}",
    "I want you to touch the {object} with the {hand}",
    "{object}, {hand}",
    "rest your {hand} on top of the {object}",
    "can you reach the {object} with your {hand}?",
    "press the {object} with your {hand}",
    "bring your {hand} to the {object}",
    "take your {hand} and tap the {object}",
    "your {hand} should touch the {object}",
    "go to the {object} with your {hand}",
    "would you please put your {hand} on the {object}?",
    "stretch your {hand} out to the {object}",
    "using the {hand}, tap the {object}",
    "touch the {object}, but only with the {hand}",
    "hold your {hand} against the {object}",
    "I would like you to feel the {object} with your {hand}",
    "extend your {hand} towards the {object} and touch it",
    "let your {hand} touch the {object}",
    "point your {hand} at the {object} and tap it",
    "poke the {object} with the {hand}",
    "with the {hand}, please reach for the {object}",
    "make contact with the {object} using your {hand}",
    "touch the {object}. Use your {hand}.",
    "{hand} on the {object}, please",
    "lift your {hand} and put it on the {object}",
    "find the {object} and place your {hand} on it",
    "now reach the {object} with the {hand}",
    "can you use your {hand} to press the {object}?",
    "do you see the {object}? Touch it with your {hand}.",
    "the {object} should be touched by your {hand}",
    "on the table is the {object}: put your {hand} there",
    "{hand} to the {object}",
    "robot, touch the {object} with your {hand}",
    "look for the {object} and reach for it with your {hand}",
    "please lay the {hand} on the {object}.",
    "I want your {hand} on the {object}",
    "first touch the {object} with the {hand}",
    "go ahead and put the {hand} on the {object}",
    "slowly move the {hand} until it touches the {object}",
    "use only your {hand}, and touch only the {object}",
    "contact the {object} with your {hand}",
    "of all the things here, tap the {object} with your {hand}",
    "your {hand} is the one to use: reach for the {object}",
    "show me the {object} by touching it with your {hand}",
    "keep your {hand} on the {object}",
    "push your {hand} forward to touch the {object}",
    "the {hand} goes on the {object}",
    "touch that {object} with the {hand}",
    "your target is the {object}, use your {hand}",
    "task: {hand} touches {object}",
    "your job is to tap the {object} with the {hand}",
    "grab at the {object} with your {hand}",
    "head for the {object} with the {hand}",
    "guide your {hand} over to the {object}",
    "swing the {hand} over to the {object}",
    "make your {hand} touch the {object}",
    "I am thinking of the {object}; touch it with your {hand}",
    "the {object}: touch it, {hand}",
    "no other thing than the {object}, and no other hand than the {hand}",
    "aim for the {object} with the {hand}",
    "how about touching the {object} with your {hand}?",
    "will you place the {hand} on the {object}?",
    "it is time to touch the {object} with your {hand}",
    "next, the {object}, with your {hand}",
    "nudge the {object} with the {hand}",
    "set your {hand} down on the {object}",
    "the {object} is to be pressed by the {hand}",
    "try to reach the {object} using your {hand}",
    "drop your {hand} onto the {object}",
    "select the {object} with your {hand}",
    "choose the {object} and use the {hand}",
    "hit the {object} gently with your {hand}",
    "approach the {object} with your {hand} and stay there",
    "put the palm of your {hand} against the {object}",
    "cover the {object} with your {hand}",
    "hover over the {object} and lower the {hand}",
    "I'd like the {hand} on the {object}",
    "let me see you touch the {object} with your {hand}",
    "is that the {object}? reach it with your {hand}",
    "quickly, the {hand} to the {object}!",
)
_HELD_OUT_TEMPLATES = (
    "pat the {object} with your {hand}",
    "your {hand} belongs on the {object}",
    "would you mind getting your {hand} onto the {object}?",
    "have your {hand} meet the {object}",
    "give the {object} a pat, and do it with your {hand}",
    "I need to see your {hand} at the {object}",
    "the next thing that your {hand} meets is the {object}",
    "stroke the {object} with the {hand}",
    "the {object} is waiting for your {hand}",
    "steer the {hand} over to the {object}",
    "why not send your {hand} to the {object}?",
    "it is the {object} that your {hand} must get to",
)

NUM_SEEN = 240
NUM_HELD_OUT = 28


def name_object(words: ObjectWords, pattern: str) -> str:
    """ "{color[0]} {shape[1]}" of the cube: "red box"."""
    return pattern.format(
        color=words.colors,
        shape=words.shapes,
        held_out_color=words.held_out_colors,
        held_out_shape=words.held_out_shapes,
    )


def combine(
    templates: tuple[str, ...], names: tuple[str, ...], count: int, words: ObjectWords, side: str
) -> tuple[str, ...]:
    """The first ``count`` phrasings of a goal."""
    return tuple(
        templates[k % len(templates)].format(
            object=name_object(words, names[k % len(names)]),
            hand=_HAND_NAMES[k % len(_HAND_NAMES)].format(side=side),
        )
        for k in range(count)
    )


_GOALS = [(words, side) for words in OBJECTS.values() for side in HANDS]

REACH_INSTRUCTIONS = InstructionSet(
    goals=tuple(f"{name}_{side}" for name in OBJECTS for side in HANDS),
    seen=tuple(combine(_TEMPLATES, NAMES, NUM_SEEN, *goal) for goal in _GOALS),
    held_out=tuple(combine(_HELD_OUT_TEMPLATES, HELD_OUT_NAMES, NUM_HELD_OUT, *goal) for goal in _GOALS),
)
"""Goal ``2 * object + hand``: objects in the order of :data:`OBJECTS`, then the left and the right hand."""
