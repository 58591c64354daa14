"""Where observations come from, and what can be wrong with each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import IntEnum
from typing import Any

import numpy as np

from humanoid_vla.runtime.mailbox import Mailbox
from humanoid_vla.safety.filter import PLAUSIBLE

AHEAD = 0.005
"""Clocks of a robot and its computer may differ by so much [s]."""


class Problem(IntEnum):
    """What is wrong with the latest value of a source."""

    NONE = 0
    ABSENT = 1
    OLD = 2
    STAMP = 3
    SHAPE = 4
    NOT_FINITE = 5


class Source(ABC):
    """A mailbox and what its values must be.

    Args:
        name: What it holds, in the plural, for messages.
        mailbox: Where values come in.
        max_age: Older ones count as lost [s].
        patience: How long the robot may be held without it [s].
    """

    def __init__(self, name: str, mailbox: Mailbox[Any], max_age: float, patience: float) -> None:
        self.name, self.mailbox, self.max_age, self.patience = name, mailbox, max_age, patience
        self.problem: Problem = Problem.ABSENT
        self.age = float("inf")

    def healthy(self, now: float) -> bool:
        """Look at the latest value; sets ``problem`` and ``age`` [s]."""
        latest = self.mailbox.latest()
        if latest is None:
            self.problem = Problem.ABSENT
            return False
        value, stamp = latest
        self.age = now - stamp
        problem = self._inspect(value)
        if not -AHEAD <= self.age < float("inf"):  # nor NaN
            problem = Problem.STAMP
        elif self.age > self.max_age:
            problem = Problem.OLD
        else:
            self.age = max(self.age, 0.0)
        self.problem = problem
        return problem is Problem.NONE

    def describe(self) -> str:
        """The problem in words."""
        if self.problem is Problem.ABSENT:
            return f"there are no {self.name} yet"
        if self.problem is Problem.OLD:
            return f"the {self.name} are {1e3 * self.age:.0f} ms old, more than {1e3 * self.max_age:.0f} ms"
        if self.problem is Problem.STAMP:
            return f"the {self.name} have a time stamp that cannot be ({-self.age:.3f} s from now): check its clock"
        if self.problem is Problem.SHAPE:
            return f"the {self.name} have another shape or type than the policy reads"
        return f"the {self.name} are not finite"

    @abstractmethod
    def _inspect(self, value: Any) -> Problem:
        """What is wrong with a value itself."""


class JointSource(Source):
    """Joint positions and velocities, copied to where they stay the same during a tick.

    Args:
        names: Of the joints.
        mailbox: Positions [rad] and velocities [rad/s], (n,) each.
        max_age: See :class:`Source`.
        patience: Likewise.
    """

    def __init__(self, names: tuple[str, ...], mailbox: Mailbox[Any], max_age: float, patience: float) -> None:
        super().__init__("joint states", mailbox, max_age, patience)
        self._joints = names
        self.pos = np.full((1, len(names)), np.nan)
        """(1, n) [rad]"""
        self.vel = np.full((1, len(names)), np.nan)
        """(1, n) [rad/s]"""

    def describe(self) -> str:
        if self.problem is not Problem.NOT_FINITE:
            return super().describe()
        values = np.abs(self.pos[0]) + np.abs(self.vel[0])
        missing = [name for name, value in zip(self._joints, values, strict=True) if not value < PLAUSIBLE]
        return f"joints are missing or not finite in the joint states: {', '.join(missing)}"

    def _inspect(self, value: Any) -> Problem:
        pos, vel = value
        if np.shape(pos) != self.pos.shape[1:] or np.shape(vel) != self.vel.shape[1:]:
            self.pos.fill(np.nan)
            self.vel.fill(np.nan)
            return Problem.SHAPE
        self.pos[0] = pos
        self.vel[0] = vel
        # NaN is not less than anything
        plausible = (np.abs(self.pos) < PLAUSIBLE).all() and (np.abs(self.vel) < PLAUSIBLE).all()
        return Problem.NONE if plausible else Problem.NOT_FINITE


class ImageSource(Source):
    """A camera's pictures, (H, W, 3) uint8."""

    def _inspect(self, value: Any) -> Problem:
        right = isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3 and value.shape[2] == 3
        return Problem.NONE if right and value.size else Problem.SHAPE


class ValueSource(Source):
    """A privileged value: numbers, all of them finite."""

    def _inspect(self, value: Any) -> Problem:
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
            return Problem.SHAPE
        return Problem.NONE if np.isfinite(value).all() else Problem.NOT_FINITE
