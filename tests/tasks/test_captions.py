"""Captions in videos."""

from typing import Any

import numpy as np
from worlds import BALL, LEFT, set_goal

from humanoid_vla.tasks.captions import told, with_caption


def test_the_caption_is_light_on_a_dark_bar_and_leaves_the_rest_alone() -> None:
    frame = np.full((480, 640, 3), 100, dtype=np.uint8)
    captioned = with_caption(frame, "touch the red cube with your left hand")
    assert captioned.shape == frame.shape
    assert captioned.dtype == np.uint8
    changed = (captioned != frame).any(axis=-1)
    rows = changed.any(axis=1).nonzero()[0]
    assert rows.min() > 420
    assert changed[rows.min() :].mean() > 0.99  # the bar goes down to the edge, and from side to side
    assert captioned[rows].max() == 255
    assert captioned[rows].min() < 60
    assert (frame == 100).all()


def test_a_long_sentence_shrinks_to_fit() -> None:
    frame = np.zeros((240, 320, 3), dtype=np.uint8)
    text = "would you please be so kind and put your left palm on it"
    lit = (with_caption(frame, text) > 128).any(axis=(0, 2)).nonzero()[0]
    assert lit.min() > 0
    assert lit.max() < 319


def test_it_says_what_the_first_robot_is_told(env: Any) -> None:
    set_goal(env, BALL, LEFT)
    goal = env.command_manager.get_term("goal")
    assert told(env) in goal.instruction_set.seen[goal.instruction_set.goals.index("ball_left")]
