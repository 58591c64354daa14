"""States and the ways between them, in a time of our own."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from humanoid_vla.runtime.loop_settings import LoopSettings
from humanoid_vla.runtime.watchdog import State, Watchdog

TICK = 0.01


@dataclass
class Trouble:
    """Something that is wrong."""

    patience: float
    problem: object = None

    def describe(self) -> str:
        return "trouble"


class Story:
    """A watchdog and its clock."""

    def __init__(self, **settings: float | bool) -> None:
        times = {"hold": 0.5, "recover": 0.2, "stop": 1.0, **settings}
        self.watchdog, self.now = Watchdog(LoopSettings(**times)), 0.0  # type: ignore

    def go(self, seconds: float, fault: Trouble | None = None) -> State:
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            self.watchdog.update(fault, self.now)
        return self.watchdog.state


SENSOR, WORDS = Trouble(0.5), Trouble(30.0)


def test_hold_then_stop_then_hand_over() -> None:
    story = Story()
    assert story.go(1.0, SENSOR) is State.WAITING
    assert story.go(0.1) is State.ACTIVE
    assert story.go(TICK, SENSOR) is State.HOLDING
    assert story.go(0.45, SENSOR) is State.HOLDING
    assert story.go(0.1, SENSOR) is State.STOPPING
    assert story.go(0.9) is State.STOPPING  # there is no way back from a stop that has begun
    assert story.go(0.2) is State.STOPPED
    assert story.watchdog.final
    assert story.go(5.0) is State.STOPPED


def test_a_short_fault_is_got_over() -> None:
    story = Story()
    story.go(0.1)
    assert story.go(0.3, SENSOR) is State.HOLDING
    assert story.go(0.15) is State.HOLDING  # all must be well for a while
    assert story.go(0.1) is State.ACTIVE


def test_a_fault_that_comes_and_goes_does_not_hold_for_ever() -> None:
    story = Story()
    story.go(0.1)
    for _ in range(20):
        story.go(0.1, SENSOR)
        story.go(0.1)
    assert story.watchdog.state is State.STOPPED


def test_different_faults_share_the_patience() -> None:
    story = Story()
    story.go(0.1)
    assert story.go(10.0, WORDS) is State.HOLDING  # a third of it
    assert story.go(0.3, SENSOR) is State.HOLDING  # three fifths more
    assert story.go(0.1, SENSOR) is State.STOPPING


def test_it_begins_again_where_it_may() -> None:
    story = Story(reenter=True)
    story.go(0.1)
    assert story.go(2.0, SENSOR) is State.STOPPED
    assert not story.watchdog.final
    assert story.go(0.15) is State.STOPPED
    assert story.go(0.1) is State.ACTIVE


@pytest.mark.parametrize("reenter", [False, True])
def test_a_stop_that_was_asked_for_is_final(reenter: bool) -> None:
    story = Story(reenter=reenter)
    story.go(0.1)
    story.watchdog.request_stop()
    assert story.go(TICK) is State.STOPPING
    assert story.go(1.1) is State.STOPPED
    assert story.go(5.0) is State.STOPPED
    assert story.watchdog.final


def test_asked_while_it_waits_to_begin_again_it_does_not() -> None:
    story = Story(reenter=True)
    story.go(0.1)
    assert story.go(2.0, SENSOR) is State.STOPPED
    story.watchdog.request_stop()
    assert story.go(TICK, SENSOR) is State.STOPPED
    assert story.watchdog.final
    assert story.go(5.0) is State.STOPPED


def test_asked_twice_it_hands_over_at_once() -> None:
    story = Story()
    story.go(0.1)
    story.watchdog.request_stop()
    assert story.go(0.1) is State.STOPPING
    story.watchdog.request_stop()
    assert story.go(TICK) is State.STOPPED


def test_what_was_never_moved_need_not_be_stopped() -> None:
    story = Story()
    story.go(0.1, SENSOR)
    story.watchdog.request_stop()
    assert story.go(TICK, SENSOR) is State.STOPPED


@pytest.mark.parametrize(("name", "value"), [("hold", 0.0), ("blend", -1.0), ("max_joint_age", float("nan"))])
def test_impossible_settings_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a positive number of seconds"):
        LoopSettings(**{name: value})  # type: ignore
