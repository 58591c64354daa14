"""From the fields of ROS messages to arrays: pictures, joint states and time stamps. NumPy alone: no ROS in here."""

from __future__ import annotations

from collections.abc import Buffer, Sequence

import numpy as np

RESTART = 0.1
"""A time stamp that is older than the one before it by more is of a clock that began anew [s]."""
DRIFT = 2e-4
"""Two computers' clocks may run apart by so much: seconds in a second."""


class MessageError(ValueError):
    """A message that cannot be used: one line that says what it holds and what it should."""


def image_view(encoding: str, height: int, width: int, step: int, data: Buffer) -> np.ndarray:
    """The picture of a ``sensor_msgs/Image`` without a copy, shape (H, W, 3), uint8, red first.

    Args:
        encoding: "rgb8" or "bgr8".
        height: Rows.
        width: Pixels of a row.
        step: Bytes from the start of a row to that of the next; rows may be padded.
        data: The rows.

    Raises:
        MessageError: Another encoding, or sizes that contradict each other.
    """
    if encoding not in ("rgb8", "bgr8"):
        raise MessageError(f"the image is encoded as '{encoding[:40]}'; publish rgb8 or bgr8")
    size = memoryview(data).nbytes
    if height < 1 or width < 1 or step < 3 * width or size < (height - 1) * step + 3 * width:
        raise MessageError(
            f"an image of {width} x {height} pixels with {step} bytes a row does not fit its {size} bytes of data"
        )
    picture = np.ndarray((height, width, 3), np.uint8, buffer=data, strides=(step, 3, 1))
    return picture if encoding == "rgb8" else picture[..., ::-1]


class JointReader:
    """Puts the joints of ``sensor_msgs/JointState`` messages into the policy's order.

    Which place a joint has is worked out when names change, which they hardly ever do.

    Args:
        names: The policy's joints.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.missing: tuple[str, ...] = ()
        """Joints that the last message did not name."""
        self._wanted = tuple(names)
        self._names: list[str] | None = None
        self._places = self._present = np.zeros(0, np.intp)

    def read(
        self, names: Sequence[str], positions: Sequence[float], velocities: Sequence[float]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Positions [rad] and velocities [rad/s], (n,) each, new arrays; NaN where a joint is missing.

        Raises:
            MessageError: Names, positions and velocities are not of the same number, a name stands twice, or none of
                them is the policy's.
        """
        if not len(names) == len(positions) == len(velocities):
            raise MessageError(
                f"the joint state has {len(names)} names, {len(positions)} positions and {len(velocities)} velocities; "
                "each joint needs both"
            )
        if names != self._names:
            self._learn(list(names))
        pos, vel = np.full(len(self._wanted), np.nan), np.full(len(self._wanted), np.nan)
        pos[self._present] = np.asarray(positions, float)[self._places]
        vel[self._present] = np.asarray(velocities, float)[self._places]
        return pos, vel

    def _learn(self, names: list[str]) -> None:
        place = {name: index for index, name in enumerate(names)}
        if len(place) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise MessageError(f"the joint state names '{twice}' twice")
        present = [index for index, name in enumerate(self._wanted) if name in place]
        if not present:
            some = ", ".join(names[:4])
            raise MessageError(
                f"the joint state ({some}, ...) has none of the policy's joints, such as {self._wanted[0]}"
            )
        self._present, self._places = np.array(present), np.array([place[self._wanted[index]] for index in present])
        self.missing = tuple(name for name in self._wanted if name not in place)
        self._names = names


class StampClock:
    """Time stamps of one sender as times of the loop's clock, whatever clock the sender has.

    The clocks' offset is taken from the message that was fastest so far, and let go by :data:`DRIFT`. So ages are told
    beside that of the fastest message, and a picture that freezes grows old, but a delay that was always the same
    cannot be seen. A clock that was set forward is followed at once; one that jumped back counts as a sender that began
    anew (a simulation's time starts at zero).
    """

    def __init__(self) -> None:
        self._offset = self._stamp = self._arrival = 0.0
        self._known = False

    def to_loop(self, stamp: float, arrival: float) -> float:
        """When it was measured, in the loop's time [s].

        Args:
            stamp: The message's time stamp [s]; 0 where the sender gives none, which stands for the arrival.
            arrival: When it arrived, in the loop's time [s].
        """
        if stamp == 0.0:
            return arrival
        offset = arrival - stamp
        if self._known and stamp > self._stamp - RESTART:
            offset = min(offset, self._offset + DRIFT * (arrival - self._arrival))
        self._offset, self._stamp, self._arrival, self._known = offset, stamp, arrival, True
        return stamp + offset
