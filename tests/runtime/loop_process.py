"""A control loop as a program of its own, for signals: ``loop_process.py BUNDLE`` runs until it is stopped.

Says "moving" as soon as the policy moves the robot, and at the end what happened, as JSON.
"""

from __future__ import annotations

import json
import sys

from robots import FollowingRobot, check_safe

from humanoid_vla.runtime.bundle import load_bundle
from humanoid_vla.runtime.engine import make_engine
from humanoid_vla.runtime.loop import ControlLoop
from humanoid_vla.runtime.loop_settings import LoopSettings


class TalkingRobot(FollowingRobot):
    """Says when it moves, and what state the loop is in."""

    def command(self, joint_pos: object) -> None:
        super().command(joint_pos)  # type: ignore
        if len(self.commands) == 40:
            print("moving", flush=True)

    def status(self, state: str, reason: str) -> None:
        super().status(state, reason)
        print(state, flush=True)


def main() -> None:
    bundle = load_bundle(sys.argv[1])
    robot = TalkingRobot(bundle)
    # the limits of ages are the loop's own
    loop = ControlLoop(bundle, make_engine(bundle), robot, settings=LoopSettings(blend=0.2, recover=0.1, stop=0.3))
    report = loop.run(60.0)
    check_safe(bundle, robot, report)
    print(json.dumps({**report.figures(), "damped": robot.damped, "longest_gap": float(max_gap(robot))}), flush=True)


def max_gap(robot: FollowingRobot) -> float:
    return max(second - first for first, second in zip(robot.times, robot.times[1:], strict=False))


if __name__ == "__main__":
    main()
