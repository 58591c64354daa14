"""What a tick leaves in memory: nothing that adds up; what it needs in between is gone at its end."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
from bundles import SENTENCES, N, make_bundle
from robots import FollowingRobot

from humanoid_vla.runtime.engine import make_engine
from humanoid_vla.runtime.loop import ControlLoop
from humanoid_vla.runtime.plans import Plan
from humanoid_vla.runtime.watchdog import State

TICKS = 300
LARGEST_TEMPORARY = 256 * 1024
"""That the filter needs for its constraints in between [B]."""


class DeafRobot(FollowingRobot):
    """Keeps nothing of what it is told."""

    def command(self, joint_pos: np.ndarray) -> None:
        self.pos[:] = joint_pos


def test_ticks_keep_nothing(tmp_path: Path) -> None:
    """In one thread and a time of our own, with a plan that is there already: nothing but ticks."""
    bundle = make_bundle(tmp_path / "bundle", action=0.3)
    robot = DeafRobot(bundle)
    loop = ControlLoop(bundle, make_engine(bundle), robot)
    controller, joints, inference = loop._controller, loop.inbox.joint_state, loop._inference
    plan = np.tile(bundle.joints.default + 0.2, (1, 1))
    state, now = State.WAITING, 100.0

    def tick(now: float) -> State:
        joints.put((robot.pos, robot.vel), now)
        if inference.busy:  # asked for a plan: here it is
            inference.results.put(Plan(np.zeros((1, N)), plan, now, 0.001), now)
            inference.busy = False
        return controller.tick(now, now)

    for number in range(50):
        state = tick(now := 100.0 + 0.01 * number)
    assert state is State.ACTIVE
    tracemalloc.start()
    try:
        tick(now + 0.01)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(TICKS):
            tick(now + 0.02 + 0.01 * number)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / TICKS <= 64.0
    assert peak - before <= LARGEST_TEMPORARY


def test_a_loop_needs_no_torch(tmp_path: Path) -> None:
    make_bundle(tmp_path / "bundle", language=True)
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from humanoid_vla.runtime.bundle import load_bundle
from humanoid_vla.runtime.engine import make_engine
from humanoid_vla.runtime.loop import ControlLoop
class Robot:
    def start(self, inbox): inbox.instruction.put({SENTENCES[0]!r}, 0.0)
    def stop(self): pass
    def status(self, state, reason): pass
bundle = load_bundle({str(tmp_path / "bundle")!r})
print(ControlLoop(bundle, make_engine(bundle), Robot()).run(0.1).reason)
print([name for name in ("torch", "isaaclab", "onnx", "matplotlib") if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == ["the time is up; it did not begin: there are no joint states yet", "[]"]
