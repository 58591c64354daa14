"""Videos with the instruction written in the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from isaaclab.envs.utils.video_recorder import VideoRecorder
from PIL import Image, ImageDraw, ImageFont

from humanoid_vla.tasks.mdp.instructions import language_command


class CaptionedVideoRecorder(VideoRecorder):
    """Isaac Lab's recorder; it writes what the first robot is told at the bottom of every frame."""

    def _get_frame(self) -> np.ndarray | None:
        frame = super()._get_frame()
        text = told(self._env)
        return frame if frame is None or text is None else with_caption(frame, text)


def told(env: Any) -> str | None:
    """The sentence that tells the first environment its goal; None in a task without sentences."""
    command = language_command(env)
    return None if command is None else command.instructions.sentences[int(command.instruction_index[0])]


def with_caption(frame: np.ndarray, text: str) -> np.ndarray:
    """The frame (height, width, 3), uint8, with a line of text in a dark bar along its bottom; text shrinks to fit."""
    image = Image.fromarray(frame)
    size = max(10, image.height // 20)
    while (font := ImageFont.load_default(size)).getlength(text) > 0.96 * image.width and size > 10:
        size -= 1
    draw = ImageDraw.Draw(image, "RGBA")
    draw.rectangle((0, image.height - 1.8 * size, image.width, image.height), fill=(0, 0, 0, 160))
    draw.text((image.width / 2, image.height - 0.9 * size), text, font=font, fill="white", anchor="mm")
    return np.asarray(image)
