"""What one can say to the robot of Walk: sixteen ways to move or stand, in many words each.

A phrasing is a frame around a core: "could you {}?" around "walk forward". Phrasing k takes frame k and core k of its
lists, each list from the start again where it ends. Every goal has as many cores as the others, and the frames are the
same for all, so that how politely one asks tells nothing. Held-out phrasings have frames of their own and, of every
goal, cores of their own.

Left and right are the only difference between the phrasings of a goal and its mirror image, which the mirror needs.
"""

from __future__ import annotations

from humanoid_vla.language.instructions import InstructionSet

# Cores that are seen, then cores that are held out. "{side}" is left or right, in a goal that stands there twice.
_SEEN, _HELD_OUT = 6, 2
_CORES: dict[str, tuple[str, ...]] = {
    "stop": ("stop", "stand still", "halt", "stay where you are", "do not move", "wait here", "freeze", "hold still"),
    "forward": (
        *("walk forward", "go straight ahead", "move forward", "walk straight on", "go forward", "walk ahead"),
        *("advance", "proceed straight on"),
    ),
    "forward_slowly": (
        *("walk forward slowly", "go slowly straight ahead", "move forward at a slow pace"),
        *("stroll ahead slowly", "go forward, but slowly", "walk ahead gently"),
        *("advance without haste", "creep forward"),
    ),
    "forward_fast": (
        *("walk forward fast", "go quickly straight ahead", "move forward at a fast pace"),
        *("march ahead quickly", "go forward, and hurry", "walk ahead briskly"),
        *("advance at full speed", "rush forward"),
    ),
    "backward": (
        *("walk backward", "go back", "move backward", "take steps back", "step backward", "walk in reverse"),
        *("retreat", "back up"),
    ),
    "backward_slowly": (
        *("walk backward slowly", "go back slowly", "move backward at a slow pace"),
        *("take slow steps back", "step backward gently", "walk in reverse, but slowly"),
        *("retreat without haste", "back up a little at a time"),
    ),
    "sideways_{side}": (
        *("step to your {side}", "walk sideways to the {side}", "move to the {side}"),
        *("sidestep {side}", "go sideways, to your {side}", "take steps to the {side}"),
        *("shift over to the {side}", "shuffle to your {side}"),
    ),
    "sideways_{side}_slowly": (
        *("step to your {side} slowly", "walk sideways to the {side} slowly", "move slowly to the {side}"),
        *("sidestep {side} gently", "go sideways, to your {side}, at a slow pace", "take slow steps to the {side}"),
        *("shift over to the {side} without haste", "shuffle to your {side} a little at a time"),
    ),
    "turn_{side}": (
        *("turn {side}", "turn to your {side}", "rotate {side}", "turn {side} on the spot", "spin to the {side}"),
        *("rotate to your {side} where you stand", "swivel {side}", "face further to the {side}"),
    ),
    "turn_{side}_slowly": (
        *("turn {side} slowly", "turn slowly to your {side}", "rotate {side} gently"),
        *("turn {side} on the spot at a slow pace", "spin slowly to the {side}"),
        *("rotate to your {side} where you stand, but slowly", "swivel {side} without haste"),
        *("face further to the {side} a little at a time",),
    ),
    "curve_{side}": (
        *("walk forward and turn {side}", "walk in a curve to the {side}", "go ahead, bearing {side}"),
        *("walk in a circle to your {side}", "move forward while turning {side}", "take a bend to the {side}"),
        *("veer {side} as you walk", "follow an arc to your {side}"),
    ),
}
_FRAMES = (
    "{}",
    "please {}",
    "could you {}?",
    "now {}",
    "robot, {}",
    "I want you to {}",
    "{}, please",
    "can you {}?",
    "you should {}",
    "{} now",
    "I would like you to {}",
)
_HELD_OUT_FRAMES = ("would you mind: {}", "your task is to {}", "let me see you {}", "next, {}", "kindly {}")
NUM_SEEN, NUM_HELD_OUT = len(_FRAMES) * _SEEN, len(_HELD_OUT_FRAMES) * _HELD_OUT

WALK_VELOCITIES = {
    "stop": (0.0, 0.0, 0.0),
    "forward": (0.5, 0.0, 0.0),
    "forward_slowly": (0.25, 0.0, 0.0),
    "forward_fast": (0.9, 0.0, 0.0),
    "backward": (-0.4, 0.0, 0.0),
    "backward_slowly": (-0.2, 0.0, 0.0),
    "sideways_left": (0.0, 0.3, 0.0),
    "sideways_right": (0.0, -0.3, 0.0),
    "sideways_left_slowly": (0.0, 0.15, 0.0),
    "sideways_right_slowly": (0.0, -0.15, 0.0),
    "turn_left": (0.0, 0.0, 0.6),
    "turn_right": (0.0, 0.0, -0.6),
    "turn_left_slowly": (0.0, 0.0, 0.3),
    "turn_right_slowly": (0.0, 0.0, -0.3),
    "curve_left": (0.5, 0.0, 0.5),
    "curve_right": (0.5, 0.0, -0.5),
}
"""What each goal asks for: ahead [m/s], to the left [m/s], turning left [rad/s]."""


def _cores(goal: str) -> tuple[str, ...]:
    side = "left" if "left" in goal else "right"
    return tuple(core.format(side=side) for core in _CORES[goal.replace(side, "{side}")])


def _combine(frames: tuple[str, ...], cores: tuple[str, ...]) -> tuple[str, ...]:
    """Every frame around every core: the numbers of both have no common divisor."""
    return tuple(frames[k % len(frames)].format(cores[k % len(cores)]) for k in range(len(frames) * len(cores)))


WALK_INSTRUCTIONS = InstructionSet(
    goals=tuple(WALK_VELOCITIES),
    seen=tuple(_combine(_FRAMES, _cores(goal)[:_SEEN]) for goal in WALK_VELOCITIES),
    held_out=tuple(_combine(_HELD_OUT_FRAMES, _cores(goal)[_SEEN:]) for goal in WALK_VELOCITIES),
)
