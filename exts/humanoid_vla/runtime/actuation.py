"""What becomes of a plan's targets in a tick, before the robot gets them."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from humanoid_vla.runtime.sources import JointSource


class Actuation(Protocol):
    """From what a policy asks for to what is safe to send; m numbers, such as joint positions.

    Of :meth:`follow`, :meth:`hold` and :meth:`release` one is called in a tick, then :meth:`safe` with what it gave.
    """

    def joint_targets(self) -> np.ndarray:
        """Joint position targets that are in force [rad], (n,): policies observe them."""
        ...

    def enter(self, pos: np.ndarray, anew: bool) -> None:
        """Another state begins: the policy fades in, or a stop fades out, from what is in force.

        Args:
            pos: Measured joint positions [rad], (n,).
            anew: Whether the loop takes the robot over, wherever it is.
        """
        ...

    def follow(self, wanted: np.ndarray, share: float, pos: np.ndarray) -> np.ndarray:
        """What to ask for on the way to what the policy wants, (1, m).

        Args:
            wanted: The policy's targets, (m,).
            share: How much they count beside what was in force at the beginning, from 0 to 1.
            pos: Measured joint positions [rad], (n,).
        """
        ...

    def hold(self) -> np.ndarray:
        """What to ask for to hold the robot, (1, m)."""
        ...

    def release(self, share: float, pos: np.ndarray) -> np.ndarray:
        """What to ask for while a stop fades out, (1, m); `share` goes from 1 to 0."""
        ...

    def safe(self, asked: np.ndarray, joints: JointSource) -> np.ndarray:
        """What is sent, (m,)."""
        ...

    def figures(self) -> dict[str, float]:
        """How often it changed what was asked for."""
        ...
