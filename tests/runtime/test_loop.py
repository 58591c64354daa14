"""The control loop when all is well."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import JOINTS, SENTENCES, make_bundle
from robots import SHORT, FollowingRobot, reasons, run_loop, wait_for, wait_until

from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.engine import make_engine
from humanoid_vla.runtime.loop import ControlLoop


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("bundles") / "full"
    return make_bundle(folder, language=True, camera=True, objects=True, state=True)


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A policy that asks for the same posture all the time."""
    return make_bundle(tmp_path_factory.mktemp("bundles") / "moving", action=0.3)


def test_it_goes_through_its_states(bundle: Bundle, tmp_path: Path) -> None:
    robot = FollowingRobot(bundle)

    def during() -> None:
        wait_until(robot, "waiting", "active")
        wait_for(lambda: len(robot.commands) > 50)

    report = run_loop(bundle, robot, during)
    assert [state for state, _ in robot.said[-2:]] == ["stopping", "stopped"]
    assert report.reason == "the test is over"
    figures = json.loads(json.dumps(report.figures()))
    assert figures["ticks"] > 50
    assert figures["stages"].keys() == {"read", "targets", "filter", "send", "tick"}
    assert figures["policy"]["plans"] > 5
    assert figures["states"][-1]["state"] == "stopped"
    report.draw(tmp_path / "jitter.png")
    assert (tmp_path / "jitter.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("chunk", [1, 6])
def test_the_robot_goes_where_the_policy_wants_it(tmp_path: Path, chunk: int) -> None:
    # the left arm away from the body: elsewhere the filter keeps bodies apart
    action = [0.4 * ("left" in name) for name in JOINTS]
    bundle = make_bundle(tmp_path / "bundle", action=action, chunk=chunk)
    robot, joints = FollowingRobot(bundle), bundle.joints
    wanted = joints.default + np.array(action) * joints.scale

    def during() -> None:
        wait_for(lambda: bool(np.abs(robot.pos - wanted).max() < 0.05))

    run_loop(bundle, robot, during)
    assert robot.commands[0] == pytest.approx(joints.default)


def test_it_ends_when_its_time_is_up(moving: Bundle) -> None:
    robot = FollowingRobot(moving)
    loop = ControlLoop(moving, make_engine(moving), robot, settings=SHORT)
    report = loop.run(0.3)
    assert report.reason == "the time is up"
    assert report.seconds >= 0.3 + SHORT.stop
    assert robot.damped == 1


def test_it_waits_for_what_is_missing(bundle: Bundle) -> None:
    robot = FollowingRobot(bundle, instruction=None)
    images, robot.images = robot.images, lambda now: None

    def during() -> None:
        wait_for(lambda: "there are no pictures of camera 'head' yet" in reasons(robot, "waiting"))
        robot.images = images
        wait_for(lambda: "there is no instruction yet" in reasons(robot, "waiting"))
        assert not robot.commands
        robot.inbox.instruction.put(SENTENCES[1].upper(), 0.0)
        wait_until(robot, "waiting", "active")

    run_loop(bundle, robot, during)


def test_a_loop_that_never_began_commands_nothing(bundle: Bundle) -> None:
    robot = FollowingRobot(bundle, instruction=None)
    report = run_loop(bundle, robot, lambda: wait_for(lambda: "no instruction" in reasons(robot, "waiting")))
    assert not robot.commands
    assert not robot.damped
    assert report.reason == "the test is over; it did not begin: there is no instruction yet"


def test_what_the_robot_raises_ends_it(moving: Bundle) -> None:
    robot = FollowingRobot(moving)

    def broken(joint_pos: np.ndarray) -> None:
        raise OSError("the bus is gone")

    robot.command = broken
    loop = ControlLoop(moving, make_engine(moving), robot, settings=SHORT)
    with pytest.raises(OSError, match="the bus is gone"):
        loop.run(1.0)
    assert robot.damped == 1
    assert robot.said[-1] == ("stopped", "the loop broke: OSError: the bus is gone")


class WalkingRobot(FollowingRobot):
    """Is told velocities; its joints are somebody else's business."""

    def _step(self, now: float) -> None:
        self.put_joints(self.pos, self.vel, now)


def test_a_policy_may_command_velocities(tmp_path: Path) -> None:
    """They grow gently, and the robot is brought to a stop before it is handed over."""
    bundle = make_bundle(tmp_path / "bundle", velocities=(0.6, 0.0, -0.4))
    robot = WalkingRobot(bundle)

    def during() -> None:
        wait_for(lambda: len(robot.commands) > 100)

    report = run_loop(bundle, robot, during, settings=replace(SHORT, stop=0.5), check=False)
    commands = np.array(robot.commands)
    assert commands.shape[1] == 3
    assert np.abs(commands[0]).max() <= 0.01 + 1e-9
    assert commands[95] == pytest.approx([0.6, 0.0, -0.4], abs=1e-3)
    assert (np.diff(np.abs(commands), axis=0) <= 0.01 + 1e-9).all()
    assert np.abs(commands[-1]).max() < 0.3  # a busy machine skips some of the ticks in which it brakes
    assert report.filter["steps"] == len(commands)
