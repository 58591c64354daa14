"""Fields of ROS messages become arrays, or one line that says why not; time stamps become the loop's time."""

from __future__ import annotations

from array import array

import numpy as np
import pytest

from humanoid_vla.runtime.ros_messages import JointReader, MessageError, StampClock, image_view

NAMES = ("waist", "left_elbow", "right_elbow")


def make_rows(picture: np.ndarray, step: int) -> array:
    """The bytes of a picture with padded rows, but for the last one's padding, which nobody needs."""
    rows = np.full((len(picture), step), 7, np.uint8)
    rows[:, : 3 * picture.shape[1]] = picture.reshape(len(picture), -1)
    return array("B", rows.tobytes()[: (len(picture) - 1) * step + 3 * picture.shape[1]])


@pytest.mark.parametrize("size", [(1, 1), (4, 5), (480, 640)])
@pytest.mark.parametrize("padding", [0, 1, 64])
def test_a_picture_of_any_size_and_stride(size: tuple[int, int], padding: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    step = 3 * size[1] + padding
    data = make_rows(picture, step)
    np.testing.assert_array_equal(image_view("rgb8", *size, step, data), picture)
    np.testing.assert_array_equal(image_view("bgr8", *size, step, data), picture[..., ::-1])
    data[0] ^= 255
    assert image_view("rgb8", *size, step, data)[0, 0, 0] == picture[0, 0, 0] ^ 255  # a view, no copy


@pytest.mark.parametrize(
    ("encoding", "height", "width", "step", "size", "named"),
    [
        ("mono8", 2, 2, 6, 12, "'mono8'; publish rgb8 or bgr8"),
        ("", 2, 2, 6, 12, "''"),
        ("rgb8", 0, 2, 6, 12, "2 x 0 pixels"),
        ("rgb8", 2, 0, 6, 12, "0 x 2 pixels"),
        ("rgb8", 2, 2, 5, 12, "5 bytes a row"),
        ("bgr8", 2, 2, 6, 11, "11 bytes of data"),
        ("rgb8", 2, 2, 6, 0, "0 bytes of data"),
        ("rgb8", 2**31, 2**31, 3 * 2**31, 12, "12 bytes of data"),
    ],
)
def test_an_impossible_picture_is_refused(
    encoding: str, height: int, width: int, step: int, size: int, named: str
) -> None:
    with pytest.raises(MessageError, match=named):
        image_view(encoding, height, width, step, bytes(size))


def test_joints_come_in_the_policys_order() -> None:
    reader = JointReader(NAMES)
    for names in (["right_elbow", "knee", "waist", "left_elbow"], ["knee", "left_elbow", "right_elbow", "waist"]):
        value = {"waist": 1.0, "left_elbow": 2.0, "right_elbow": 3.0, "knee": 4.0}
        positions = array("d", [value[name] for name in names])
        pos, vel = reader.read(names, positions, array("d", [10.0 * each for each in positions]))
        np.testing.assert_array_equal(pos, [1.0, 2.0, 3.0])
        np.testing.assert_array_equal(vel, [10.0, 20.0, 30.0])
        assert not reader.missing


def test_a_missing_joint_is_nan_and_named() -> None:
    reader = JointReader(NAMES)
    pos, vel = reader.read(["waist", "left_elbow_2", "right_elbow"], [1.0, 2.0, 3.0], [0.0, 0.0, 0.0])
    np.testing.assert_array_equal(pos, [1.0, np.nan, 3.0])
    np.testing.assert_array_equal(vel, [0.0, np.nan, 0.0])
    assert reader.missing == ("left_elbow",)
    reader.read(NAMES, [1.0, 2.0, 3.0], [0.0, 0.0, 0.0])
    assert not reader.missing


@pytest.mark.parametrize(
    ("names", "positions", "velocities", "named"),
    [
        (["waist"], [], [0.0], "1 names, 0 positions and 1 velocities"),
        (["waist"], [0.0], [], "0 velocities"),
        (["waist", "waist"], [0.0, 0.0], [0.0, 0.0], "'waist' twice"),
        (["gripper"], [0.0], [0.0], "gripper, .* has none of the policy's joints, such as waist"),
        ([], [], [], "none of the policy's joints"),
    ],
)
def test_a_joint_state_that_cannot_be_used_is_refused(
    names: list[str], positions: list[float], velocities: list[float], named: str
) -> None:
    reader = JointReader(NAMES)
    for _ in range(2):  # it is not remembered as if it had been understood
        with pytest.raises(MessageError, match=named):
            reader.read(names, positions, velocities)
    assert reader.read(NAMES, [1.0] * 3, [0.0] * 3)[0].tolist() == [1.0] * 3


def test_a_message_that_was_late_is_as_old_as_it_is() -> None:
    clock, offset = StampClock(), -1.7e9
    rng = np.random.default_rng(0)
    ages = []
    for count in range(1000):
        measured = 100.0 + 0.01 * count
        delay = 0.001 + (0.05 if count == 500 else rng.exponential(0.001))
        ages.append((delay, measured + delay - clock.to_loop(measured - offset, measured + delay)))
    delay, age = np.array(ages[20:]).T
    # beside the delay that was never undercut
    np.testing.assert_allclose(age, delay - 0.001, atol=2e-4)


@pytest.mark.parametrize("drift", [-1e-4, 1e-4])
def test_clocks_that_run_apart_are_followed(drift: float) -> None:
    clock = StampClock()
    for count in range(100_000):
        measured = 0.01 * count
        arrival = measured + 0.002
        stamp = clock.to_loop(5000.0 + measured * (1.0 + drift), arrival)
        assert -1e-6 <= arrival - stamp < 1e-3


def test_a_picture_that_froze_grows_old() -> None:
    clock = StampClock()
    clock.to_loop(50.0, 1.0)
    for second in range(2, 20):
        assert second - clock.to_loop(50.0, float(second)) == pytest.approx(second - 1.0, abs=0.01)


def test_a_sender_that_began_anew_is_believed() -> None:
    clock = StampClock()
    assert clock.to_loop(5000.0, 1.0) == 1.0
    assert clock.to_loop(5000.1, 1.2) == pytest.approx(1.1, abs=1e-3)
    assert clock.to_loop(0.5, 1.3) == 1.3  # a simulation that was restarted
    assert clock.to_loop(0.6, 1.4) == pytest.approx(1.4, abs=1e-3)
    assert clock.to_loop(100.0, 1.5) == 1.5  # set forward ...
    assert clock.to_loop(99.7, 1.6) == pytest.approx(1.6, abs=1e-9)  # ... and back by less


def test_messages_that_overtake_each_other_are_no_new_beginning() -> None:
    clock = StampClock()
    assert clock.to_loop(50.0, 1.0) == 1.0
    assert clock.to_loop(49.97, 1.01) == pytest.approx(0.97, abs=1e-3)


def test_who_gives_no_stamp_is_believed_to_be_quick() -> None:
    clock = StampClock()
    assert clock.to_loop(0.0, 3.0) == 3.0
    assert clock.to_loop(0.0, 4.0) == 4.0
