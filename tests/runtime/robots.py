"""A robot for tests: joints that follow their targets, a camera, and everything that can go wrong with both."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from bundles import IMAGE, SENTENCES, N

from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.engine import Engine, make_engine
from humanoid_vla.runtime.loop import ControlLoop
from humanoid_vla.runtime.loop_settings import LoopSettings
from humanoid_vla.runtime.report import LoopReport
from humanoid_vla.runtime.robot import Inbox

PERIOD = 0.005
"""Between two measurements of the joints [s]."""
IMAGE_PERIOD = 0.033
LONGEST = 30.0
"""That a test waits for something [s]."""
LAG = 0.1
"""Of joints that follow their targets [s]."""
SHORT = LoopSettings(
    max_joint_age=0.4, max_image_age=0.5, max_value_age=0.5, max_action_age=0.5,
    blend=0.2, hold=0.15, instruction_hold=0.2, recover=0.1, stop=0.15, realtime=False,
)  # fmt: skip
"""Times as short as a test on a busy machine can bear: threads of well robots may be kept waiting, too."""


class FollowingRobot:
    """Measures in a thread of its own; keeps all that it was commanded and told.

    Args:
        bundle: Whose joints it has.
        instruction: What it is told to do, None for nothing.
        joint_pos: Where it begins [rad], (n,); the default posture where nothing is said.
    """

    def __init__(
        self, bundle: Bundle, instruction: str | None = SENTENCES[0], joint_pos: np.ndarray | None = None
    ) -> None:
        self.pos = (bundle.joints.default if joint_pos is None else joint_pos).copy()
        self.vel = np.zeros(N)
        self.commands: list[np.ndarray] = []
        self.measured: list[np.ndarray] = []
        """The joints' positions at each of the commands."""
        self.times: list[float] = []
        self.said: list[tuple[str, str]] = []
        self.damped = 0
        self.inbox = Inbox()
        self.joints: Callable[[np.ndarray, np.ndarray, float], Any] = self.put_joints
        """What is done with positions, velocities and time; replaced by faults."""
        self.images: Callable[[float], Any] = self.put_image
        self.values: Callable[[float], Any] = self.put_values
        self._instruction, self._ended = instruction, threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, inbox: Inbox) -> None:
        self.inbox = inbox
        if self._instruction is not None:
            inbox.instruction.put(self._instruction, time.monotonic())
        works = [(self._step, PERIOD), *([(self._look, IMAGE_PERIOD)] if inbox.images else [])]
        self._threads = [threading.Thread(target=self._repeat, args=work, daemon=True) for work in works]
        for thread in self._threads:
            thread.start()

    def command(self, joint_pos: np.ndarray) -> None:
        self.measured.append(self.pos.copy())
        self.commands.append(joint_pos.copy())
        self.times.append(time.monotonic())

    def damp(self) -> None:
        self.damped += 1

    def stop(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def status(self, state: str, reason: str) -> None:
        self.said.append((state, reason))

    def put_joints(self, pos: np.ndarray, vel: np.ndarray, now: float) -> None:
        """As a robot does that is well."""
        self.inbox.joint_state.put((pos, vel), now)

    def put_image(self, now: float) -> None:
        """Likewise."""
        for box in self.inbox.images.values():
            box.put(np.full((2 * IMAGE[0], 2 * IMAGE[1], 3), 100, np.uint8), now)

    def put_values(self, now: float) -> None:
        """Likewise."""
        for box in self.inbox.values.values():
            box.put(np.array([[0.3, y, 0.05] for y in (-0.3, -0.1, 0.1, 0.3)]), now)

    def _repeat(self, work: Callable[[float], None], period: float) -> None:
        while not self._ended.wait(period):
            work(time.monotonic())

    def _step(self, now: float) -> None:
        if self.commands and not self.damped:
            # however late this thread is, it goes on by one step
            self.vel = (self.commands[-1] - self.pos) / LAG
            self.pos = self.pos + self.vel * PERIOD
        self.joints(self.pos.copy(), self.vel.copy(), now)
        self.values(now)

    def _look(self, now: float) -> None:
        self.images(now)


class FaultyEngine:
    """A real engine, and something done to what it gives.

    Args:
        engine: The engine.
        fault: Gets the number of the call, from 0, and the outputs; may raise, wait, or change them.
    """

    def __init__(self, engine: Engine, fault: Callable[[int, dict[str, np.ndarray]], None]) -> None:
        self.name, self._engine, self._fault, self.calls = engine.name, engine, fault, 0

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        outputs = self._engine.run(inputs)
        self._fault(self.calls, outputs)
        self.calls += 1
        return outputs


def run_loop(
    bundle: Bundle,
    robot: FollowingRobot,
    during: Callable[[], Any],
    engine: Engine | None = None,
    settings: LoopSettings = SHORT,
    handed_over: int = 1,
    check: bool = True,
) -> LoopReport:
    """Run a loop while something is done beside it, and stop it; checks that nothing unsafe was commanded.

    Args:
        bundle: The policy's.
        robot: The robot.
        during: What is done, in a thread of its own.
        engine: Runs the network; ONNX Runtime where nothing is said.
        settings: Of the loop.
        handed_over: How often it must have been handed over, if it was moved at all.
        check: Whether its commands are joint positions, to be checked.
    """
    loop = ControlLoop(bundle, engine or make_engine(bundle), robot, settings=settings)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            during()
        except BaseException as error:
            errors.append(error)
        loop.stop("the test is over")

    helper = threading.Thread(target=work)
    helper.start()
    report = loop.run(LONGEST)
    helper.join()
    if errors:
        raise errors[0]
    if check:
        check_safe(bundle, robot, report)
    assert robot.damped == (handed_over if robot.commands else 0)
    return report


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is true; fails where it takes too long."""
    end = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def wait_until(robot: FollowingRobot, *expected: str) -> None:
    """Wait until a robot was told of these states, in this order; there may be others between them."""
    wait_for(lambda: went_through(robot, *expected))


def went_through(robot: FollowingRobot, *expected: str) -> bool:
    """Whether these states came in this order; there may be others between them."""
    told = iter([state for state, _ in robot.said])
    return all(state in told for state in expected)


def reasons(robot: FollowingRobot, state: str) -> str:
    """All reasons it was told for a state."""
    return "; ".join(reason for name, reason in robot.said if name == state)


def check_safe(bundle: Bundle, robot: FollowingRobot, report: LoopReport, period: float = 0.01) -> None:
    """All that was commanded was finite, within limits, no faster than allowed, never in a burst; counters agree."""
    joints, commands, times = bundle.joints, np.array(robot.commands).reshape(-1, N), np.array(robot.times)
    assert np.isfinite(commands).all()
    assert (commands >= joints.lower).all()
    assert (commands <= joints.upper).all()
    # the filter may push faster than the policy, to keep bodies apart, but never faster than joints can move
    assert (np.abs(np.diff(commands, axis=0)) <= joints.velocity_limit * period + 1e-9).all()
    # what is skipped is not made up for: a tick sends at any time until the next, and of two one may send late
    assert (times[20:] - times[:-20] > 15 * period).all()
    if robot.commands:
        assert (np.abs(commands[0] - robot.measured[0]) <= 0.15 + 1e-9).all()  # it began where the robot was
    assert report.filter["steps"] == len(commands) == report.commands
    assert robot.said == [(transition.state, transition.reason) for transition in report.states]
    assert robot.said[-1][0] == "stopped"
