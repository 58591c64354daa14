"""A control loop with a robot that is not there, as a program: what ``benchmark.py loop`` measures.

``loop_program.py NAME BUNDLE RATE SECONDS LATENESS`` prints figures as JSON and writes the ticks' lateness as ``.npy``.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from humanoid_vla.runtime.bundle import Bundle
    from humanoid_vla.runtime.robot import Inbox

PICTURE = (480, 640, 3)
TRACED = (200, 700)
"""Ticks at which memory is looked at."""


class NaiveTicker:
    """Sleeps what is left of the period after each tick's work, as loops are often written.

    Lateness is that of a sleep; deadlines that pass are those of the first tick's grid.

    Args:
        period: From one tick to the next [s].
    """

    def __init__(self, period: float) -> None:
        self.period = period
        self.index = self.overruns = 0
        self.deadline = self.lateness = self._begin = 0.0

    def start(self) -> float:
        self._begin = self.deadline = time.monotonic()
        return self._begin

    def wait(self) -> float:
        left = self.deadline + self.period - time.monotonic()
        if left > 0.0:
            time.sleep(left)
        now = time.monotonic()
        self.lateness = now - self.deadline - self.period
        self.deadline = now
        self.index += 1
        self.overruns = int((now - self._begin) / self.period) - self.index
        return now


class StillRobot:
    """Joints that are where they were told to be at once, at 100 Hz, and noise for pictures, at 30 Hz.

    Args:
        bundle: The policy's.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._pos, self._vel = bundle.joints.default.copy(), np.zeros(len(bundle.joints.names))
        self._sentence = bundle.language.sentences[0] if bundle.language is not None else None
        self._ended = threading.Event()
        self._picture = np.random.default_rng(0).integers(0, 256, PICTURE, np.uint8)
        self._threads: list[threading.Thread] = []
        self.commands = 0
        self.memory: list[int] = []
        """Bytes in use at each of :data:`TRACED`, all threads' together, as tracemalloc counts them."""

    def start(self, inbox: Inbox) -> None:
        if self._sentence is not None:
            inbox.instruction.put(self._sentence, time.monotonic())

        def measure() -> None:
            inbox.joint_state.put((self._pos, self._vel), time.monotonic())
            for box in inbox.values.values():
                box.put(np.array([[0.3, y, 0.05] for y in (-0.3, -0.1, 0.1, 0.3)]), time.monotonic())

        def look() -> None:
            for box in inbox.images.values():
                box.put(self._picture.copy(), time.monotonic())

        def repeat(work: Any, period: float) -> None:
            while not self._ended.wait(period):
                work()

        for work, period in ((measure, 0.01), (look, 1.0 / 30.0)):
            work()
            thread = threading.Thread(target=repeat, args=(work, period), daemon=True)
            self._threads.append(thread)
            thread.start()

    def command(self, joint_pos: np.ndarray) -> None:
        self._pos = joint_pos.copy()
        self.commands += 1
        if tracemalloc.is_tracing() and self.commands in TRACED:
            self.memory.append(tracemalloc.get_traced_memory()[0])

    def damp(self) -> None:
        pass

    def stop(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def status(self, state: str, reason: str) -> None:
        pass


def main(name: str, place: str, rate: str, seconds: str, lateness: str) -> None:
    """Run one loop; prints its figures as JSON."""
    from humanoid_vla.runtime.bundle import load_bundle
    from humanoid_vla.runtime.engine import make_engine
    from humanoid_vla.runtime.loop import ControlLoop
    from humanoid_vla.runtime.loop_settings import LoopSettings

    bundle = load_bundle(place)
    robot, load = StillRobot(bundle), [round(value, 2) for value in os.getloadavg()]
    settings = LoopSettings(realtime=name in ("loop", "traced"))
    ticker = NaiveTicker(1.0 / float(rate)) if name == "naive" else None
    loop = ControlLoop(bundle, make_engine(bundle), robot, float(rate), settings, ticker=ticker)
    if name == "traced":
        tracemalloc.start()
    report = loop.run(float(seconds))
    np.save(lateness, report.lateness)
    figures = report.figures() | {"load": load, "torch_loaded": "torch" in sys.modules}
    if name == "traced":
        before, after = robot.memory
        figures["bytes_per_tick"] = (after - before) / (TRACED[1] - TRACED[0])
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
