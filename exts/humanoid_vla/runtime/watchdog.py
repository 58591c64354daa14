"""What the loop does when something is missing: hold, then a damped stop, then hand-over."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from humanoid_vla.runtime.loop_settings import LoopSettings


class State(StrEnum):
    """What the loop is doing."""

    WAITING = "waiting"
    """For the first observations; nothing is commanded."""
    ACTIVE = "active"
    """The policy moves the robot."""
    HOLDING = "holding"
    """The last targets are kept."""
    STOPPING = "stopping"
    """Targets go to the measured posture, until springs pull no more."""
    STOPPED = "stopped"
    """Handed over: nothing is commanded, joints are damped."""


class Fault(Protocol):
    """Something that keeps the policy from moving the robot."""

    patience: float
    """How long the robot may be held for it [s]."""

    @property
    def problem(self) -> object:
        """Another one where :meth:`describe` says something else than before, but for numbers."""
        ...

    def describe(self) -> str:
        """In words, with names and numbers."""
        ...


class Watchdog:
    """The states and the ways between them.

    Args:
        settings: Times of the loop.
    """

    def __init__(self, settings: LoopSettings) -> None:
        self._settings = settings
        self.state = State.WAITING
        self.since = 0.0
        """When the state began [s]."""
        self.final = False
        """Whether there is no way back from a stop."""
        self._last = self._well_since = 0.0
        self._spent = 0.0  # share of the patience with what goes wrong that is used up
        self._stop_requests = 0

    def request_stop(self) -> None:
        """Stop the robot; asked again, hand over at once. From any thread."""
        self._stop_requests += 1

    def update(self, fault: Fault | None, now: float) -> State:
        """The state of this tick.

        Args:
            fault: What is wrong, None where all is well.
            now: Time [s of ``time.monotonic()``].
        """
        passed, self._last = now - self._last, now
        if fault is not None:
            self._well_since = now
        if self._stop_requests:
            self.final = True
            if self.state is State.STOPPED:
                return self.state
            # where nothing was commanded yet there is nothing to stop
            if self._stop_requests > 1 or self.state is State.WAITING:
                return self._enter(State.STOPPED, now)
            if self.state is not State.STOPPING:
                return self._enter(State.STOPPING, now)
        if self.state is State.WAITING and fault is None:
            return self._enter(State.ACTIVE, now)
        if self.state is State.ACTIVE and fault is not None:
            self._spent = 0.0
            return self._enter(State.HOLDING, now)
        if self.state is State.HOLDING:
            return self._hold(fault, now, passed)
        if self.state is State.STOPPING and now - self.since >= self._settings.stop:
            self.final = self.final or not self._settings.reenter
            return self._enter(State.STOPPED, now)
        if self.state is State.STOPPED and not self.final and now - self._well_since >= self._settings.recover:
            return self._enter(State.ACTIVE, now)
        return self.state

    def _hold(self, fault: Fault | None, now: float, passed: float) -> State:
        if fault is None:
            well = now - self._well_since >= self._settings.recover
            return self._enter(State.ACTIVE, now) if well else self.state
        self._spent += passed / fault.patience
        return self._enter(State.STOPPING, now) if self._spent >= 1.0 else self.state

    def _enter(self, state: State, now: float) -> State:
        self.state, self.since = state, now
        return state
