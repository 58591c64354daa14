"""What the control loop asks of a robot, and where a robot leaves what it measures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np

from humanoid_vla.runtime.mailbox import Mailbox


class Inbox:
    """What a robot fills, from threads or callbacks of its own; arrays that were put are not changed any more.

    Args:
        cameras: Names of the cameras whose images the policy reads.
        values: Names of the privileged values it reads, such as "object_positions".
    """

    def __init__(self, cameras: Iterable[str] = (), values: Iterable[str] = ()) -> None:
        self.joint_state: Mailbox[tuple[np.ndarray, np.ndarray]] = Mailbox()
        """Positions [rad] and velocities [rad/s], (n,) each, in the bundle's joint order; NaN where missing."""
        self.images: dict[str, Mailbox[np.ndarray]] = {name: Mailbox() for name in cameras}
        """Camera -> (H, W, 3) uint8, of any size."""
        self.values: dict[str, Mailbox[np.ndarray]] = {name: Mailbox() for name in values}
        """Privileged values, e.g. "object_positions", (k, 3) [m] in the pelvis frame."""
        self.instruction: Mailbox[str] = Mailbox()
        """What the robot is told to do, as it came in."""


class Robot(Protocol):
    """A robot, real or simulated."""

    def start(self, inbox: Inbox) -> None:
        """Begin to fill the inbox."""
        ...

    def command(self, joint_pos: np.ndarray) -> None:
        """Joint position targets [rad], shape (n,), in the bundle's order.

        Called once a tick from the loop's thread: it must not block, and it copies what it keeps.
        """
        ...

    def damp(self) -> None:
        """Hand over: no position is commanded any more, the joints are damped only.

        A loop that begins again after a stop commands positions again.
        """
        ...

    def stop(self) -> None:
        """End what :meth:`start` began."""
        ...

    def status(self, state: str, reason: str) -> None:
        """The loop's state, at every change of it: "waiting", "active", "holding", "stopping" or "stopped"."""
        ...
