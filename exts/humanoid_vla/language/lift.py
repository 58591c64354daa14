"""What one can say to the robot of Lift: pick up one of four objects, or let go of the one it holds, in many words.

As in :mod:`.reach`, a phrasing is a template filled with a name of the object, or with a word for what is held:
phrasing k takes template k and name k of its lists, whose lengths have no common divisor. No held-out template has the
verb of a seen one, and a colour and a shape of every object stand in held-out sentences only. No sentence names a hand:
the robot may take either.
"""

from __future__ import annotations

from humanoid_vla.language.instructions import InstructionSet
from humanoid_vla.language.reach import HELD_OUT_NAMES, NAMES, OBJECTS, name_object

LIFT_TEMPLATES = (
    "grasp the {object} and lift it",
    "pick up the {object}",
    "lift the {object}",
    "grab the {object} and raise it",
    "take the {object} and hold it up",
    "please pick up the {object}",
    "raise the {object} from the table",
    "lift up the {object}",
    "pick the {object} up",
    "could you lift the {object}?",
    "grip the {object} and lift it up",
    "take hold of the {object} and lift it",
    "close your gripper on the {object} and raise it",
    "get the {object} off the table",
    "hold the {object} in the air",
    "I want you to pick up the {object}",
    "lift the {object} a little",
    "grab the {object}",
    "take the {object}",
    "grasp the {object} and hold it up",
    "robot, lift the {object}",
    "go and pick up the {object}",
    "please lift the {object} off the table",
    "can you pick the {object} up?",
    "raise the {object}",
    "would you please grasp the {object} and lift it?",
    "with your gripper, pick up the {object}",
    "pick up the {object} and keep it there",
    "bring the {object} up",
    "your task is to lift the {object}",
    "lift the {object} above the table",
    "take the {object} up from the table",
    "grasp the {object}, then lift",
    "the {object}: pick it up",
    "the {object} is to be lifted",
    "find the {object} and pick it up",
    "reach for the {object}, grab it and raise it",
    "I would like you to lift the {object}",
    "carefully pick up the {object}",
    "hold on to the {object} and lift it",
    "let me see you lift the {object}",
    "pick only the {object} up",
    "up with the {object}",
)
HELD_OUT_LIFT_TEMPLATES = (
    "hoist the {object}",
    "seize the {object} and bear it upwards",
    "scoop the {object} off the surface",
    "have the {object} leave the tabletop",
    "elevate the {object} by a few centimetres",
    "would you mind collecting the {object}?",
    "clutch the {object} and heave it aloft",
    "the {object} should hang in your hand",
    "fetch me the {object}",
)

RELEASE_TEMPLATES = (
    "release {held}",
    "put {held} down",
    "let go of {held}",
    "set {held} down",
    "lower {held} and let go",
    "place {held} back on the table",
    "put {held} back",
    "please release {held}",
    "open your gripper and release {held}",
    "put {held} on the table and let go",
    "please put {held} down",
    "could you put {held} down?",
    "set {held} down on the table",
    "now release {held}",
    "let go of {held} gently",
    "lower {held} to the table and release it",
    "I want you to put {held} down",
    "you can let go of {held} now",
    "down with {held}",
    "stop holding {held}",
    "put {held} down again",
    "open your hand and let go of {held}",
    "would you please release {held}?",
)
HELD_OUT_RELEASE_TEMPLATES = (
    "give up {held}",
    "return {held} to where it stood",
    "rest {held} on the surface and withdraw",
    "relinquish {held}",
    "free {held} from your fingers",
    "deposit {held} below you",
    "leave {held} behind",
    "would you mind laying {held} aside?",
    "part with {held}",
)
HELD = ("it", "that", "what you hold", "the thing in your hand", "what you are holding", "this", "the thing you hold")
HELD_OUT_HELD = ("it", "your load", "whatever you carry", "that", "the item in your grip")

NUM_SEEN = 129
NUM_HELD_OUT = 20


def combine(templates: tuple[str, ...], fillers: tuple[str, ...], count: int) -> tuple[str, ...]:
    """The first ``count`` phrasings of a goal."""
    sentences = (templates[k % len(templates)] for k in range(count))
    return tuple(text.format(object=(name := fillers[k % len(fillers)]), held=name) for k, text in enumerate(sentences))


def _phrasings(
    lift: tuple[str, ...], names: tuple[str, ...], release: tuple[str, ...], held: tuple[str, ...], count: int
) -> tuple[tuple[str, ...], ...]:
    objects = (tuple(name_object(words, name) for name in names) for words in OBJECTS.values())
    return (*(combine(lift, fillers, count) for fillers in objects), combine(release, held, count))


LIFT_INSTRUCTIONS = InstructionSet(
    goals=(*(f"lift_{name}" for name in OBJECTS), "release"),
    seen=_phrasings(LIFT_TEMPLATES, NAMES, RELEASE_TEMPLATES, HELD, NUM_SEEN),
    held_out=_phrasings(
        HELD_OUT_LIFT_TEMPLATES, HELD_OUT_NAMES, HELD_OUT_RELEASE_TEMPLATES, HELD_OUT_HELD, NUM_HELD_OUT
    ),
)
"""Goals: lift each object, in the order of :data:`.reach.OBJECTS`, then let go."""
