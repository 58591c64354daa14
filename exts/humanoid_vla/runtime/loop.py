"""The control loop: from a bundle, an engine and a robot to a robot that moves, at a fixed rate."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

import numpy as np

from humanoid_vla.runtime.actuation import Actuation
from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.controller import Checked, Controller
from humanoid_vla.runtime.engine import Engine
from humanoid_vla.runtime.inference import Inference
from humanoid_vla.runtime.instruction import InstructionReader
from humanoid_vla.runtime.joint_actuation import JointActuation, default_settings, make_filter
from humanoid_vla.runtime.listener import Listener
from humanoid_vla.runtime.loop_settings import LoopSettings
from humanoid_vla.runtime.observations import ObservationBuilder
from humanoid_vla.runtime.report import LoopReport, Transition
from humanoid_vla.runtime.robot import Inbox, Robot
from humanoid_vla.runtime.signals import on_signals
from humanoid_vla.runtime.sources import ImageSource, JointSource, ValueSource
from humanoid_vla.runtime.statistics import Series
from humanoid_vla.runtime.thread_settings import keep_time
from humanoid_vla.runtime.ticker import Clockwork, Ticker
from humanoid_vla.runtime.velocity_actuation import VelocityActuation
from humanoid_vla.runtime.watchdog import State
from humanoid_vla.safety.settings import FilterSettings

REMEMBERED = 1000
"""States that a report tells of, the last ones."""


class ControlLoop:
    """Moves a robot by a policy: waits for its observations, fades in, and hands over when something goes wrong.

    One loop is one run. In the thread that calls :meth:`run` it reads the latest observations, holds the robot where
    they are too old, shapes the newest plan into targets, filters them and sends them; the policy thinks in another.

    Args:
        bundle: The policy; what it commands are joint positions, or velocities of a robot that walks by itself.
        engine: What runs its network; this loop alone may use it.
        robot: What is moved.
        rate: Ticks a second [Hz].
        settings: What the loop does not put up with.
        filter_settings: How careful the action filter is; the bundle's boxes to keep out of where nothing is said.
        encode: From a sentence to its embedding, for those that are not in the bundle.
        ticker: Wakes the loop.

    Raises:
        ValueError: If the robot or a setting is impossible.
        ObservationError: If the policy reads something that is unknown here.
    """

    def __init__(
        self,
        bundle: Bundle,
        engine: Engine,
        robot: Robot,
        rate: float = 100.0,
        settings: LoopSettings | None = None,
        filter_settings: FilterSettings | None = None,
        encode: Callable[[str], np.ndarray] | None = None,
        ticker: Clockwork | None = None,
    ) -> None:
        if not 0.0 < rate < float("inf"):
            raise ValueError(f"the rate must be a positive number of ticks a second, got {rate}")
        self.rate, self._robot = rate, robot
        self._settings = settings = settings or LoopSettings()
        self._ticker = ticker or Ticker(1.0 / rate)
        builder = ObservationBuilder(bundle)
        self.inbox = Inbox(builder.cameras, builder.values)
        self._listener = None
        if builder.reads_instruction:
            reader = InstructionReader(bundle, encode)
            self._listener = Listener(self.inbox.instruction, reader, settings.instruction_hold)
        self._inference = Inference(bundle, engine, builder, self.inbox, self._embedding, settings.realtime)
        joints, inputs = self._sources(bundle)
        actuation = self._actuation(bundle, filter_settings)
        self._controller = Controller(bundle, robot, joints, inputs, self._inference, actuation, settings)
        self._states: deque[Transition] = deque(maxlen=REMEMBERED)
        self._stop_reason: str | None = None
        self._lateness = Series("late")
        self._said: object = None
        self._why = "it begins"

    def stop(self, reason: str = "asked to") -> None:
        """Stop the robot in a controlled way and end the run; a second time, at once. From any thread, or a signal."""
        self._stop_reason = self._stop_reason or reason
        self._controller.watchdog.request_stop()

    def run(self, seconds: float = float("inf")) -> LoopReport:
        """Run until a time has passed, a stop is asked for (by SIGINT or SIGTERM, too), or a fault stopped the robot.

        Args:
            seconds: After this long the robot is stopped, which takes ``settings.stop`` more.

        Raises:
            Exception: Whatever the robot raised; its joints are damped then, as far as it lets itself.
        """
        with ExitStack() as stack:
            stack.enter_context(on_signals(self.stop))
            stack.callback(self._robot.stop)
            stack.callback(self._end_threads)
            try:
                # threads that begin before this one becomes a real-time thread do not become one with it
                self._start_threads()
                self._robot.start(self.inbox)
                threads = stack.enter_context(keep_time(self._settings.realtime, self._settings.core))
                begin, end = self._loop(seconds)
            except BaseException as error:
                self._robot.damp()
                self._robot.status(State.STOPPED, f"the loop broke: {type(error).__name__}: {error}")
                raise
            return self._report(begin, end, threads)

    def _loop(self, seconds: float) -> tuple[float, float]:
        """Tick until the end; when the first and the last tick began [s]."""
        ticker, controller, watchdog = self._ticker, self._controller, self._controller.watchdog
        begin = now = ticker.start()
        while True:
            state = controller.tick(now, ticker.deadline)
            self._lateness.add(ticker.lateness)
            self._tell(state, now - begin)
            if state is State.STOPPED and watchdog.final:
                return begin, now
            if now - begin >= seconds and self._stop_reason is None:
                self.stop("the time is up")
            now = ticker.wait()

    def _tell(self, state: State, at: float) -> None:
        """Tell the robot of the state where it, or the reason for it, is another than before."""
        fault, slow = self._controller.fault, self._controller.plans.slow
        if state is State.ACTIVE:
            key = (state, slow)
        elif state in (State.STOPPING, State.STOPPED):
            key = (state, None)
        elif fault is None:
            return  # held until all has been well for a while
        else:
            key = (state, fault, fault.problem)
        if key == self._said:
            return
        self._said = key
        if state is State.ACTIVE:
            self._why = self._controller.plans.pace()
        elif state is State.STOPPED and self._stop_reason is not None and not self._controller.commands:
            self._why = f"{self._stop_reason}; it did not begin: {self._why}"
        elif state is State.STOPPING and self._stop_reason is not None:
            self._why = self._stop_reason
        elif state is not State.STOPPED and fault is not None:
            self._why = fault.describe()
        self._states.append(Transition(round(at, 3), str(state), self._why))
        self._robot.status(str(state), self._why)

    def _embedding(self) -> np.ndarray | None:
        return None if self._listener is None else self._listener.embedding

    def _sources(self, bundle: Bundle) -> tuple[JointSource, list[Checked]]:
        """All that must be there for the policy to move the robot."""
        settings, inbox = self._settings, self.inbox
        joints = JointSource(bundle.joints.names, inbox.joint_state, settings.max_joint_age, settings.hold)
        inputs: list[Checked] = [
            ImageSource(f"pictures of camera '{name}'", box, settings.max_image_age, settings.hold)
            for name, box in inbox.images.items()
        ]
        # what the robot is told to do is said once, what is measured comes again and again
        told = {term.params.get("command_name") for group in bundle.inputs for term in group.terms}
        for name, box in inbox.values.items():
            max_age = float("inf") if name in told else settings.max_value_age
            inputs.append(ValueSource(f"values '{name}'", box, max_age, settings.hold))
        return joints, inputs if self._listener is None else [*inputs, self._listener]

    def _actuation(self, bundle: Bundle, filter_settings: FilterSettings | None) -> Actuation:
        if bundle.action_kind != "joint_position":
            return VelocityActuation(bundle, 1.0 / self.rate)
        # the filter does not move joints whose states are too old for the loop, either
        default = replace(default_settings(bundle), max_age=self._settings.max_joint_age)
        return JointActuation(bundle, make_filter(bundle, 1.0 / self.rate, filter_settings or default))

    def _start_threads(self) -> None:
        self._inference.start()
        if self._listener is not None:
            self._listener.start()

    def _end_threads(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self._inference.close()

    def _report(self, begin: float, end: float, threads: dict[str, str]) -> LoopReport:
        ticker, controller, inference = self._ticker, self._controller, self._inference
        late, seconds = self._lateness, end - begin
        plans = controller.plans
        return LoopReport(
            seconds=round(seconds, 4),
            rate=self.rate,
            ticks=late.count,
            mean_period_ms=round(1e3 * seconds / max(late.count - 1, 1), 5),
            drift_ms=round(1e3 * seconds - 1e3 * ticker.index / self.rate, 4),
            p99_late_ms=late.figures()["p99_ms"],
            max_late_ms=late.figures()["max_ms"],
            overruns=ticker.overruns,
            stages={series.name: series.figures() for series in controller.stages},
            policy={
                "plans": plans.count,
                "rate_hz": round(plans.count / seconds, 2) if seconds else 0.0,
                "late_steps": controller.late_steps,
                "slow": plans.slow,
                "observe": inference.observe.figures(),
                "infer": inference.infer.figures(),
            },
            filter=controller.actuation.figures(),
            threads=threads | {"inference": inference.scheduler},
            states=list(self._states),
            commands=controller.commands,
            lateness=late.values(),
        )
