"""Images as a video without loss, written and read with the ffmpeg that comes with imageio-ffmpeg.

Pictures of 64 x 64 pixels suffer under the usual settings (measured on Reach's head camera: errors of up to 176 of 255
at LeRobot's own, AV1 with quality 30); lossless H.264 in RGB takes three times their space, 1.6 kB a picture.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np

CODEC, PIXEL_FORMAT = "h264", "gbrp"
"""What ffprobe says of a video that :class:`VideoWriter` wrote."""
KEY_FRAME_INTERVAL = 2
"""LeRobot's: whoever reads single frames at random decodes two at most."""


class VideoWriter:
    """Writes an MP4 file, H.264 in RGB without loss.

    Args:
        path: File to make.
        height: Of a picture [pixels].
        width: Of a picture [pixels].
        fps: Pictures a second; the k-th is shown at k / fps [s].
    """

    def __init__(self, path: Path, height: int, width: int, fps: int) -> None:
        self._sink: Generator[None, Any, None] = imageio_ffmpeg.write_frames(
            path,
            (width, height),
            fps=fps,
            codec="libx264rgb",
            pix_fmt_out="rgb24",
            macro_block_size=1,
            quality=None,  # type: ignore  (for -crf to hold)
            output_params=["-crf", "0", "-g", str(KEY_FRAME_INTERVAL)],
        )
        self._sink.send(None)

    def add(self, images: np.ndarray) -> None:
        """Append pictures, (n, height, width, 3) uint8."""
        for image in np.ascontiguousarray(images):
            self._sink.send(image)

    def close(self) -> None:
        """Finish the file."""
        self._sink.close()


class VideoReader:
    """Reads the pictures of a video of any codec by their numbers; quick where they are asked for in order.

    Args:
        path: Video file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()

    def read(self, start: int, count: int) -> np.ndarray:
        """Pictures ``start`` to ``start + count - 1``, (count, height, width, 3) uint8.

        Raises:
            ValueError: The video ends before.
        """
        if start < self._next:
            self.close()
            self._open()
        images = np.empty((count, self._height, self._width, 3), np.uint8)
        for number in range(self._next, start + count):
            frame = next(self._source, None)
            if frame is None:
                raise ValueError(f"the video '{self.path}' has {number} pictures, but {start + count} are needed")
            if number >= start:
                images[number - start] = np.frombuffer(frame, np.uint8).reshape(self._height, self._width, 3)
        self._next = start + count
        return images

    def close(self) -> None:
        """End ffmpeg."""
        self._source.close()

    def _open(self) -> None:
        # each picture of the stream once, whatever its time stamp
        self._source: Generator[Any, None, None] = imageio_ffmpeg.read_frames(
            self.path, output_params=["-fps_mode", "passthrough"]
        )
        self._width, self._height = next(self._source)["size"]
        self._next = 0
