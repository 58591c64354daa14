"""Whatever comes in, commands are finite, within range and no faster than joints may move; wrong calls are named."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from safety_robots import DT, UPPER, make_filter, make_g1, posture_of

from humanoid_vla.safety.backend import Backend, NumpyBackend
from humanoid_vla.safety.torch_backend import TorchBackend

ROBOT, UPPER_BODY = make_g1(), make_g1(UPPER)
NONSENSE = (math.nan, math.inf, -math.inf, 3e38, -3e38, 1e19, -1e19, 1e6, -1e6, 999.0, -999.0, 0.0, -0.0, 1e-45)
BEYOND_FLOAT32 = (1.7e308, -1.7e308, 1e200, -1e200)
ROBOTS, STEPS = 50, 100


def nonsense(rng: np.random.Generator, scale: float, values: tuple[float, ...]) -> np.ndarray:
    """Robots with none, few, half, and all of their joints' values spoiled; the others are random."""
    spoiled = rng.random((ROBOTS, 29)) < rng.choice([0.0, 0.05, 0.5, 1.0], size=(ROBOTS, 1))
    return np.where(spoiled, rng.choice(values, size=(ROBOTS, 29)), scale * rng.normal(size=(ROBOTS, 29)))


@pytest.mark.parametrize("backend", [NumpyBackend(), TorchBackend()], ids=["numpy", "torch"])
@pytest.mark.filterwarnings("ignore:overflow encountered", "ignore:invalid value encountered")
def test_ten_thousand_malformed_inputs(backend: Backend) -> None:
    """Five thousand of either face, each robot with what the steps before left it."""
    in_numpy = isinstance(backend, NumpyBackend)
    values, rounding = (NONSENSE + BEYOND_FLOAT32, 1e-9) if in_numpy else (NONSENSE, 1e-4)
    rng = np.random.default_rng(0)
    safety = make_filter(ROBOT, ROBOTS, backend)
    low, high = (np.asarray(end) for end in safety.ends)
    safety.reset(backend.constant(np.zeros((ROBOTS, 29))))
    for _ in range(STEPS):
        before = np.asarray(safety.command)
        inputs = (nonsense(rng, 3.0, values), nonsense(rng, 1.0, values), nonsense(rng, 3.0, values))
        command = np.asarray(safety.step(*map(backend.constant, inputs)))
        assert np.isfinite(command).all()
        assert ((command >= low) & (command <= high)).all()
        assert (np.abs(command - before) <= ROBOT.velocity_limit * DT * (1.0 + rounding)).all()
    assert all(map(math.isfinite, safety.counters.figures().values()))
    # and nothing of it stays: once measurements come, the robots go where they are told to
    zeros = backend.constant(np.zeros((ROBOTS, 29)))
    for _ in range(200):
        safety.step(zeros, zeros, zeros)
    assert np.abs(np.asarray(safety.command) - np.zeros(29).clip(low, high)).max() < 1e-3


def test_a_joint_without_measurement_is_held_and_others_move() -> None:
    safety, start = make_filter(UPPER_BODY), posture_of(UPPER_BODY)
    targets = posture_of(UPPER_BODY, left_wrist_roll=0.5, right_wrist_roll=0.5)
    left, right = (UPPER.index(f"{side}_wrist_roll_joint") for side in ("left", "right"))
    for spoil in (0, 1):  # the position, the velocity
        safety.reset(start)
        for _ in range(50):
            measured = [safety.command, np.zeros_like(start)]
            measured[spoil] = measured[spoil].copy()
            measured[spoil][0, left] = math.nan
            command = safety.step(targets, *measured)
        assert command[0, left] == pytest.approx(0.0, abs=1e-12)
        assert command[0, right] > 0.3
    assert safety.counters.figures()["missing"] == 1.0
    for _ in range(100):
        command = safety.step(targets, safety.command, np.zeros_like(start))
    assert command[0, left] > 0.3  # it is measured again


def test_without_any_measurement_the_robot_stands_still() -> None:
    safety, start = make_filter(UPPER_BODY), posture_of(UPPER_BODY)
    safety.reset(start)
    for _ in range(30):
        safety.step(start + 0.5, safety.command, start)
    missing, moved = np.full_like(start, math.nan), np.inf
    for _ in range(1000):
        before = safety.command
        moved = np.abs(safety.step(start + 0.5, missing, missing) - before).max()
    assert moved < 1e-9
    assert np.isfinite(safety.command).all()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_targets_that_are_no_numbers_keep_the_last_one(value: float) -> None:
    safety, start = make_filter(UPPER_BODY), posture_of(UPPER_BODY, left_wrist_roll=0.3)
    safety.reset(start)
    for _ in range(20):
        command = safety.step(np.full_like(start, value), start, np.zeros_like(start))
    assert (command == start).all()
    assert safety.counters.figures()["invalid"] == 1.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300])
def test_it_does_not_begin_without_a_posture(value: float) -> None:
    for backend in (NumpyBackend(), TorchBackend()):
        safety, joint_pos = make_filter(UPPER_BODY, 2, backend), np.zeros((2, 17))
        before = np.asarray(safety.command).copy()
        joint_pos[1, 5] = value
        with pytest.raises(ValueError, match="cannot begin: a measured joint position is missing"):
            safety.reset(backend.constant(joint_pos))
        assert (np.asarray(safety.command) == before).all()


@pytest.mark.parametrize("dt", [0.0, -0.01, math.nan, math.inf])
def test_a_step_has_a_length(dt: float) -> None:
    with pytest.raises(ValueError, match="dt must be a positive number of seconds"):
        make_filter(UPPER_BODY, dt=dt)


ZEROS = np.zeros((2, 17))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "targets",
            np.zeros((2, 29)),
            r"targets must be a ndarray of shape \(2, 17\), got a ndarray of shape \(2, 29\)",
        ),
        ("targets", np.zeros(17), r"targets must .* got a ndarray of shape \(17,\)"),
        ("joint_pos", np.zeros((1, 17)), r"joint_pos must .* got a ndarray of shape \(1, 17\)"),
        ("joint_vel", np.zeros((3, 17)), r"joint_vel must .* got a ndarray of shape \(3, 17\)"),
        ("joint_vel", ZEROS.tolist(), r"joint_vel must be a ndarray of shape \(2, 17\), got a list"),
        ("joint_pos", None, r"joint_pos must be a ndarray of shape \(2, 17\), got a NoneType"),
        (
            "targets",
            torch.zeros(2, 17),
            r"targets must be a ndarray of shape \(2, 17\), got a Tensor of shape \(2, 17\)",
        ),
    ],
)
def test_wrong_shapes_and_types_are_named(name: str, value: object, message: str) -> None:
    safety, inputs = make_filter(UPPER_BODY, 2), dict.fromkeys(("targets", "joint_pos", "joint_vel"), ZEROS)
    safety.reset(ZEROS)
    inputs[name] = value  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match=message):
        safety.step(inputs["targets"], inputs["joint_pos"], inputs["joint_vel"])
    assert (safety.command == ZEROS).all()


def test_torch_names_wrong_shapes_too() -> None:
    safety, zeros = make_filter(UPPER_BODY, 2, TorchBackend()), torch.zeros(2, 17)
    with pytest.raises(
        ValueError, match=r"joint_pos must be a Tensor of shape \(2, 17\), got a Tensor of shape \(17,\)"
    ):
        safety.step(zeros, zeros[0], zeros)
    with pytest.raises(ValueError, match=r"joint_vel must be a Tensor of shape \(2, 17\), got a ndarray"):
        safety.step(zeros, zeros, ZEROS)
