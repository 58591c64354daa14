"""Everything that can go wrong, with the real loop: the robot is held, stopped and handed over, and says why.

Each run ends with `check_safe` of robots.py: whatever happened, all that was commanded was safe.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import JOINTS, SENTENCES, N, make_bundle
from robots import SHORT, FaultyEngine, FollowingRobot, reasons, run_loop, wait_for, wait_until

from humanoid_vla.runtime.bundle import Bundle, load_bundle
from humanoid_vla.runtime.bundle_files import BundleError
from humanoid_vla.runtime.engine import make_engine
from humanoid_vla.runtime.loop import ControlLoop

TO_THE_END = ("active", "holding", "stopping", "stopped")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A policy that reads all there is and moves all joints."""
    folder = tmp_path_factory.mktemp("bundles") / "full"
    return make_bundle(folder, language=True, camera=True, objects=True, state=True)


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A policy that wants a posture far away."""
    return make_bundle(tmp_path_factory.mktemp("bundles") / "moving", action=0.8)


def run_into(bundle: Bundle, robot: FollowingRobot, fault: Callable[[], None], *after: str) -> str:
    """Bring a fault about while the policy moves the robot; the reasons that the robot is then held for."""

    def during() -> None:
        wait_until(robot, "active")
        wait_for(lambda: len(robot.commands) > 10)
        fault()
        wait_until(robot, *after)

    run_loop(bundle, robot, during)
    return reasons(robot, "holding")


def nothing(*_: object) -> None:
    """What a sensor says that is broken."""


def test_the_camera_stops(bundle: Bundle) -> None:
    robot = FollowingRobot(bundle)
    held = run_into(bundle, robot, lambda: setattr(robot, "images", nothing), *TO_THE_END)
    assert "the pictures of camera 'head' are 5" in held  # 500 and some milliseconds
    assert held.endswith("ms old, more than 500 ms")
    assert reasons(robot, "stopped").startswith("the pictures of camera 'head' are")


def test_the_camera_comes_back(bundle: Bundle) -> None:
    robot = FollowingRobot(bundle)
    images = robot.images

    def fault() -> None:
        robot.images = nothing
        wait_until(robot, "active", "holding")
        robot.images = images

    run_into(bundle, robot, fault, "active", "holding", "active")


def test_joint_states_stop(moving: Bundle) -> None:
    robot = FollowingRobot(moving)
    held = run_into(moving, robot, lambda: setattr(robot, "joints", nothing), *TO_THE_END)
    assert "the joint states are 4" in held
    # not moved on while nobody knows where it is
    assert np.array_equal(robot.commands[-1], robot.commands[-10])


@pytest.mark.parametrize(
    ("stamp", "why"),
    [
        (lambda now: now - 3.0, "the joint states are 3"),
        (lambda now: now + 3.0, "have a time stamp that cannot be"),
        (lambda now: math.nan, "have a time stamp that cannot be"),
    ],
)
def test_stamps_are_stale(moving: Bundle, stamp: Callable[[float], float], why: str) -> None:
    """Measurements go on coming, and are not of now."""
    robot = FollowingRobot(moving)

    def joints(pos: np.ndarray, vel: np.ndarray, now: float) -> None:
        robot.put_joints(pos, vel, stamp(now))

    assert why in run_into(moving, robot, lambda: setattr(robot, "joints", joints), *TO_THE_END)


def test_a_joint_is_missing(moving: Bundle) -> None:
    """One that is renamed is missing, too: what fills the inbox goes by names."""
    robot, elbow = FollowingRobot(moving), JOINTS.index("left_elbow_joint")

    def joints(pos: np.ndarray, vel: np.ndarray, now: float) -> None:
        pos[elbow] = np.nan
        robot.put_joints(pos, vel, now)

    held = run_into(moving, robot, lambda: setattr(robot, "joints", joints), *TO_THE_END)
    assert "joints are missing or not finite in the joint states: left_elbow_joint" in held


def test_a_joint_is_missing_altogether(moving: Bundle) -> None:
    robot = FollowingRobot(moving)

    def joints(pos: np.ndarray, vel: np.ndarray, now: float) -> None:
        robot.put_joints(pos[:-1], vel[:-1], now)

    held = run_into(moving, robot, lambda: setattr(robot, "joints", joints), *TO_THE_END)
    assert "the joint states have another shape or type than the policy reads" in held


@pytest.mark.parametrize("value", [np.nan, 1e300])
def test_a_velocity_is_not_finite(moving: Bundle, value: float) -> None:
    robot = FollowingRobot(moving)

    def joints(pos: np.ndarray, vel: np.ndarray, now: float) -> None:
        vel[3] = value
        robot.put_joints(pos, vel, now)

    held = run_into(moving, robot, lambda: setattr(robot, "joints", joints), "active", "holding")
    assert f"not finite in the joint states: {JOINTS[3]}" in held


def test_an_observation_is_not_finite(bundle: Bundle) -> None:
    robot = FollowingRobot(bundle)

    def values(now: float) -> None:
        robot.inbox.values["object_positions"].put(np.full((4, 3), np.nan), now)

    held = run_into(bundle, robot, lambda: setattr(robot, "values", values), *TO_THE_END)
    assert "the values 'object_positions' are not finite" in held


def test_an_observation_is_of_another_shape(bundle: Bundle) -> None:
    robot = FollowingRobot(bundle)

    def values(now: float) -> None:
        robot.inbox.values["object_positions"].put(np.zeros((3, 3)), now)

    held = run_into(bundle, robot, lambda: setattr(robot, "values", values), *TO_THE_END)
    assert "the policy failed: ObservationError: state/touch: expected shape (4, 3), got (3, 3)" in held


def raise_error(call: int, outputs: dict[str, np.ndarray]) -> None:
    if call > 5:
        raise RuntimeError("the device\nis lost")


def say_nan(call: int, outputs: dict[str, np.ndarray]) -> None:
    if call > 5:
        outputs["actions"][0, 7] = np.nan


def say_too_much(call: int, outputs: dict[str, np.ndarray]) -> None:
    """Targets that no joint can reach, in other directions all the time: only the filter is in the way."""
    outputs["targets"][:] = 1e6 * (-1) ** call


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (raise_error, "the policy failed: RuntimeError: the device is lost"),
        (say_nan, "the policy's action is not finite"),
    ],
)
def test_the_engine_fails(moving: Bundle, fault: Callable[..., None], why: str) -> None:
    robot = FollowingRobot(moving)
    engine = FaultyEngine(make_engine(moving), fault)
    run_loop(moving, robot, lambda: wait_until(robot, *TO_THE_END), engine)
    assert why in reasons(robot, "holding")
    assert robot.said[-1] == ("stopped", why)


def test_the_policy_wants_the_impossible(moving: Bundle) -> None:
    robot = FollowingRobot(moving)
    engine = FaultyEngine(make_engine(moving), say_too_much)

    def during() -> None:
        wait_until(robot, "active")
        wait_for(lambda: len(robot.commands) > 150)

    report = run_loop(moving, robot, during, engine)
    assert report.filter["rate"] > 0.1  # it had to change many of them


def test_inference_is_50_ms_late(moving: Bundle) -> None:
    """Slower than its step of 33 ms: it goes on at its own rate, and says so."""
    robot = FollowingRobot(moving)
    engine = FaultyEngine(make_engine(moving), lambda call, outputs: time.sleep(0.05))

    def during() -> None:
        wait_for(lambda: "it acts at its own rate" in reasons(robot, "active"))
        wait_for(lambda: len(robot.commands) > 50)

    report = run_loop(moving, robot, during, engine)
    assert report.policy["slow"]
    assert report.policy["late_steps"] > 3
    assert report.policy["plans"] < 0.8 * report.seconds / moving.policy_dt


def test_inference_hangs(moving: Bundle) -> None:
    robot = FollowingRobot(moving)
    engine = FaultyEngine(make_engine(moving), lambda call, outputs: time.sleep(1.5 * (call == 10)))
    run_loop(moving, robot, lambda: wait_until(robot, *TO_THE_END), engine)
    assert "the policy is late: its last observation is 5" in reasons(robot, "holding")


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("", "the instruction '' has no words"),
        ("\x00\x07\x1b\u202e\n\ud800", "has no words"),
        ("move " * 2000, "the instruction has 10000 characters"),
        ("make coffee", "'make coffee' is not among"),
    ],
    ids=["empty", "control", "long", "unknown"],
)
def test_the_instruction_is_nonsense(bundle: Bundle, sentence: str, why: str) -> None:
    robot = FollowingRobot(bundle)

    def say() -> None:
        robot.inbox.instruction.put(sentence, time.monotonic())

    held = run_into(bundle, robot, say, *TO_THE_END)
    assert "the instruction was refused: " in held
    assert why in held
    assert held.isprintable()


def test_a_better_instruction_helps(bundle: Bundle) -> None:
    robot = FollowingRobot(bundle)

    def say() -> None:
        robot.inbox.instruction.put("make coffee", time.monotonic())
        wait_until(robot, "active", "holding")
        robot.inbox.instruction.put(SENTENCES[1], time.monotonic())

    run_into(bundle, robot, say, "active", "holding", "active")


def test_it_begins_again_after_a_stop_where_it_may(moving: Bundle) -> None:
    robot = FollowingRobot(moving)

    def during() -> None:
        wait_until(robot, "active")
        robot.joints = nothing
        wait_until(robot, *TO_THE_END)
        robot.joints = robot.put_joints
        wait_until(robot, *TO_THE_END, "active")
        wait_for(lambda: len(robot.commands) > 100)

    run_loop(moving, robot, during, settings=replace(SHORT, reenter=True), handed_over=2)


@pytest.mark.parametrize("file", ["policy.onnx", "bundle.json"])
def test_a_bundle_was_changed_by_one_byte(tmp_path: Path, file: str) -> None:
    """It is found before there is a loop, and so before a robot could move."""
    make_bundle(tmp_path / "bundle")
    path = tmp_path / "bundle" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=file):
        ControlLoop(changed := load_bundle(tmp_path / "bundle"), make_engine(changed), FollowingRobot(changed)).run(1.0)


def test_the_robot_has_another_number_of_joints(moving: Bundle) -> None:
    robot = FollowingRobot(moving)
    robot.joints = lambda pos, vel, now: robot.put_joints(np.zeros(N + 1), np.zeros(N + 1), now)
    run_loop(moving, robot, lambda: wait_for(lambda: "another shape" in reasons(robot, "waiting")))
    assert not robot.commands
