"""The policy thinks beside the control loop, in a thread of its own, on the latest observations."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import numpy as np

from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.engine import Engine
from humanoid_vla.runtime.mailbox import Mailbox
from humanoid_vla.runtime.observations import ObservationBuilder
from humanoid_vla.runtime.plans import Overlap, Plan
from humanoid_vla.runtime.policy import PolicyRunner
from humanoid_vla.runtime.robot import Inbox
from humanoid_vla.runtime.statistics import Series
from humanoid_vla.runtime.thread_settings import INFERENCE_PRIORITY, become_realtime
from humanoid_vla.runtime.velocity_actuation import NUM_VELOCITIES

CLOSING = 2.0
"""How long to wait for the engine's last call at the end [s]."""
LONGEST_MESSAGE = 300


class Inference:
    """Turns observations into plans, one at a time; whoever asks never waits.

    Args:
        bundle: The policy's.
        engine: Runs its network.
        builder: Builds its observations.
        inbox: Where pictures and values are read.
        embedding: Gives the embedding of the instruction, None where there is none.
        realtime: Whether to ask for the real-time scheduler; not where there is one core only, for a slow policy would
            leave nothing of it to the threads that measure.
    """

    def __init__(
        self,
        bundle: Bundle,
        engine: Engine,
        builder: ObservationBuilder,
        inbox: Inbox,
        embedding: Callable[[], np.ndarray | None],
        realtime: bool,
    ) -> None:
        self.results: Mailbox[Plan | str] = Mailbox()
        """The newest plan, or why there is none; stamped with the time of the observation."""
        self.busy = False
        """Whether it thinks; set by :meth:`request`."""
        self.scheduler = "as it was"
        """Of its thread."""
        self.observe, self.infer = Series("observe"), Series("infer")
        self._runner, self._builder, self._inbox = PolicyRunner(bundle, engine), builder, inbox
        self._embedding, self._realtime = embedding, realtime and (os.cpu_count() or 1) > 1
        n = len(bundle.joints.names)
        self._num_targets = n if bundle.action_kind == "joint_position" else NUM_VELOCITIES
        self._pos, self._vel, self._target = np.zeros(n), np.zeros(n), np.zeros(n)
        self._action = np.zeros(_num_read_actions(bundle))
        self._policy_dt = bundle.policy_dt
        self._stamp, self._step, self._first, self._fresh = 0.0, 0, 0, True
        self._overlaps: list[Overlap] = []  # of actions and of targets; known when the first plan is
        self._wake, self._closed = threading.Event(), False
        self._thread = threading.Thread(target=self._work, name="inference", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> bool:
        """End the thread; whether it did end: an engine that hangs is left to the end of the process."""
        self._closed = True
        self._wake.set()
        self._thread.join(CLOSING)
        return not self._thread.is_alive()

    def request(
        self,
        pos: np.ndarray,
        vel: np.ndarray,
        target: np.ndarray,
        action: np.ndarray | float,
        stamp: float,
        step: int,
        fresh: bool,
    ) -> None:
        """Ask for a plan; only while it is not busy.

        Args:
            pos: Measured joint positions [rad], (n,).
            vel: Measured joint velocities [rad/s], (n,).
            target: Joint position targets [rad], (n,).
            action: The action that is being followed, (num_actions,).
            stamp: Now [s of ``time.monotonic()``].
            step: Number of the policy's step.
            fresh: Whether to forget what was carried from step to step: the robot may have been moved since.
        """
        self._pos[:], self._vel[:], self._target[:] = pos, vel, target
        if self._action.size:
            self._action[:] = action
        self._stamp, self._step, self._fresh = stamp, step, self._fresh or fresh
        self.busy = True
        self._wake.set()

    def _work(self) -> None:
        if self._realtime:
            self.scheduler = become_realtime(INFERENCE_PRIORITY)
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._closed:
                return
            try:
                result: Plan | str = self._think()
            except Exception as error:  # an engine may raise anything; the loop holds the robot then
                result = f"the policy failed: {type(error).__name__}: {error}"
            if isinstance(result, str):
                self._fresh = True  # what it carries from step to step may be as wrong
                result = " ".join(result.split())[:LONGEST_MESSAGE]
            self.results.put(result, self._stamp)
            self.busy = False

    def _think(self) -> Plan | str:
        begin = time.perf_counter()
        if self._fresh:
            self._runner.reset()
            for overlap in self._overlaps:
                overlap.reset()
            self._action.fill(0.0)
            self._first, self._fresh = self._step, False
        images = {name: _latest(box) for name, box in self._inbox.images.items()}
        values = {name: _latest(box) for name, box in self._inbox.values.items()}
        passed = (self._step - self._first) * self._policy_dt
        inputs = self._builder.build(
            self._pos, self._vel, self._target, self._action, self._embedding(), images, values, passed
        )
        for name, value in inputs.items():
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                return f"the observation '{name}' is not finite"
        built = time.perf_counter()
        actions, targets = self._runner.step(inputs)
        end = time.perf_counter()
        self.observe.add(built - begin)
        self.infer.add(end - built)
        rows = len(actions[0]) if actions.ndim == 3 else 1
        plan = [np.asarray(values[0], float).reshape(rows, -1) for values in (actions, targets)]
        if not all(np.isfinite(values).all() for values in plan):
            return "the policy's action is not finite"
        if plan[1].shape[1] != self._num_targets:
            return f"the policy gives {plan[1].shape[1]} targets a step, not {self._num_targets}"
        if rows > 1:
            self._overlaps = self._overlaps or [Overlap(values.shape) for values in plan]
            plan = [overlap.add(values, self._step) for overlap, values in zip(self._overlaps, plan, strict=True)]
        return Plan(plan[0], plan[1], self._stamp, end - begin)


def _latest(box: Mailbox[np.ndarray]) -> np.ndarray:
    latest = box.latest()
    assert latest is not None, "asked for before it came"
    return latest[0]


def _num_read_actions(bundle: Bundle) -> int:
    """Numbers of the last action that the policy reads, 0 where it reads none."""
    terms = [term for group in bundle.inputs for term in group.terms if term.kind == "last_action"]
    return terms[0].stop - terms[0].start if terms else 0
