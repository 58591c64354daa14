"""A robot behind ROS 2 topics, as the control loop sees it."""

from __future__ import annotations

import contextlib
import threading
import time
from array import array
from collections import deque
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration, Time  # pyright: ignore[reportMissingImports]
from geometry_msgs.msg import Twist  # pyright: ignore[reportMissingImports]
from rclpy.event_handler import SubscriptionEventCallbacks  # pyright: ignore[reportMissingImports]
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor  # pyright: ignore[reportMissingImports]
from rclpy.qos import (  # pyright: ignore[reportMissingImports]
    QoSDurabilityPolicy,
    QoSProfile,
    QoSReliabilityPolicy,
    qos_profile_sensor_data,
)
from sensor_msgs.msg import Image, JointState  # pyright: ignore[reportMissingImports]
from std_msgs.msg import String  # pyright: ignore[reportMissingImports]
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint  # pyright: ignore[reportMissingImports]

from humanoid_vla.runtime.arrival_ticker import ArrivalTicker
from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.mailbox import Mailbox
from humanoid_vla.runtime.robot import Inbox
from humanoid_vla.runtime.ros_messages import JointReader, MessageError, StampClock, image_view
from humanoid_vla.runtime.ros_topics import Topics
from humanoid_vla.runtime.thread_settings import become_realtime

HEARTBEAT = 1.0
"""From one status message to the next where nothing changes [s]."""
PRIORITY = 15
"""Of the thread that receives, among real-time threads: after the loop's, before the policy's."""
RECENT = 2.0
"""For so long the status tells what was wrong with a message [s]."""


class Ros2Robot:
    """Fills the inbox from subscriptions, in a thread of its own, and publishes what the loop says.

    Args:
        node: The ROS node.
        bundle: The policy's.
        topics: Where to listen and where to speak.
        rate: The loop's [Hz].
        realtime: Whether to ask for the real-time scheduler for the thread that receives.

    Raises:
        ValueError: If the rate is impossible, or the policy reads other cameras than there are topics.
    """

    def __init__(self, node: Any, bundle: Bundle, topics: Topics, rate: float, realtime: bool) -> None:
        if not 0.0 < rate < float("inf"):
            raise ValueError(f"rate must be a positive number of ticks a second, got {rate}")
        cameras = [camera.name for camera in bundle.cameras]
        if cameras and len(topics.images) != len(cameras):
            raise ValueError(f"the policy reads the cameras {cameras}; give {len(cameras)} topics, not {topics.images}")
        self.ticker = ArrivalTicker(1.0 / rate)
        """For the loop: its ticks follow the joint states."""
        self.counts = dict.fromkeys(("joint_states", "images", "instructions", "refused", "lost", "commands"), 0)
        """Messages that came in, were refused, were lost on the way, as far as the middleware knows; sent targets."""
        self._node, self._names, self._period, self._realtime = node, list(bundle.joints.names), 1.0 / rate, realtime
        self._joint_topic, self._instruction_topic = topics.joint_states, topics.instruction
        self._image_topics = dict(zip(cameras, topics.images, strict=False))
        self._joints = JointReader(bundle.joints.names)
        self._clocks = {name: StampClock() for name in ("joints", *cameras)}
        self._stamps: deque[tuple[float, Any]] = deque(maxlen=32)  # of the loop's clock, and as they came
        self._inbox: Inbox | None = None
        self._status, self._complaint, self._complained, self._lost = "", "", -RECENT, 0
        kept = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)  # for who listens later, too
        self._status_publisher = node.create_publisher(String, topics.status, kept)
        self._send = self._make_output(bundle, topics)
        self._executor = SingleThreadedExecutor(context=node.context)
        self._thread = threading.Thread(target=self._spin, name="ros", daemon=True)

    def start(self, inbox: Inbox) -> None:
        """Subscribe to all that the inbox has a place for."""
        self._inbox, self.ticker.measurements = inbox, inbox.joint_state
        node, lost = self._node, SubscriptionEventCallbacks(message_lost=self._on_lost)

        def listen(kind: Any, topic: str, callback: Any, qos: Any) -> None:
            node.create_subscription(kind, topic, callback, qos, event_callbacks=lost)

        # deeper than sensor data's: while this thread waits, none is dropped without being counted
        states = QoSProfile(depth=100, reliability=QoSReliabilityPolicy.BEST_EFFORT)
        listen(JointState, self._joint_topic, self._on_joints, states)
        for camera, topic in self._image_topics.items():
            listen(Image, topic, self._make_on_image(camera, inbox.images[camera]), qos_profile_sensor_data)
        listen(String, self._instruction_topic, self._on_instruction, QoSProfile(depth=10))
        node.create_timer(HEARTBEAT, self._tell)
        self._executor.add_node(node)
        self._thread.start()

    def command(self, joint_pos: np.ndarray) -> None:
        """Publish targets [rad], (n,)."""
        self._send(joint_pos)
        self.counts["commands"] += 1

    def damp(self) -> None:
        """Publish no targets: damping is the business of who receives them. Velocities become zero."""
        self._halt()

    def stop(self) -> None:
        """End the subscriptions' thread."""
        self._executor.shutdown(timeout_sec=1.0)
        if self._thread.is_alive():
            self._thread.join(1.0)

    def status(self, state: str, reason: str) -> None:
        """Publish "state: reason"."""
        self._status = f"{state}: {reason}"
        self._node.get_logger().info(self._status)
        self._tell()

    def _halt(self) -> None:
        """Nothing to do for joints; replaced for velocities."""

    def _make_output(self, bundle: Bundle, topics: Topics) -> Any:
        """What publishes targets."""
        if bundle.action_kind != "joint_position":  # velocities, or names of such
            return self._make_velocities(self._node.create_publisher(Twist, topics.cmd_vel, QoSProfile(depth=10)))
        kind = JointState if topics.output == "joint_state" else JointTrajectory
        publisher = self._node.create_publisher(kind, topics.targets, QoSProfile(depth=10))
        return (self._make_states if kind is JointState else self._make_trajectories)(publisher)

    def _make_states(self, publisher: Any) -> Any:
        message = JointState(name=self._names)

        def send(joint_pos: np.ndarray) -> None:
            # the stamp of the joint state that this answers: who listens knows how old that is
            message.header.stamp = self._stamp_read()
            message.position = array("d", joint_pos.tobytes())
            publisher.publish(message)

        return send

    def _make_trajectories(self, publisher: Any) -> Any:
        # without a stamp: it begins when it arrives
        point = JointTrajectoryPoint(time_from_start=Duration(nanosec=round(1e9 * self._period)))
        message = JointTrajectory(joint_names=self._names, points=[point])

        def send(joint_pos: np.ndarray) -> None:
            point.positions = array("d", joint_pos.tobytes())
            publisher.publish(message)

        return send

    def _make_velocities(self, publisher: Any) -> Any:
        message = Twist()

        def send(velocity: np.ndarray) -> None:
            message.linear.x, message.linear.y, message.angular.z = velocity.tolist()
            publisher.publish(message)

        self._halt = lambda: publisher.publish(Twist())
        return send

    def _stamp_read(self) -> Any:
        """The time stamp, as it came, of the joint state that this tick has read."""
        read = self.ticker.read
        return next((stamp for known, stamp in reversed(self._stamps) if read and known == read[1]), Time())

    def _on_joints(self, message: Any) -> None:
        arrival = time.monotonic()
        self.counts["joint_states"] += 1
        try:
            state = self._joints.read(message.name, message.position, message.velocity)
        except MessageError as error:
            self._refuse(str(error))
            return
        if self._joints.missing:
            self._complain(f"{self._joint_topic} lacks joints: {', '.join(self._joints.missing)}")
        stamp = message.header.stamp
        at = self._clocks["joints"].to_loop(stamp.sec + 1e-9 * stamp.nanosec, arrival)
        self._stamps.append((at, stamp))
        assert self._inbox is not None
        self._inbox.joint_state.put(state, at)

    def _make_on_image(self, camera: str, mailbox: Mailbox[np.ndarray]) -> Any:
        clock = self._clocks[camera]

        def on_image(message: Any) -> None:
            arrival = time.monotonic()
            self.counts["images"] += 1
            try:
                picture = image_view(
                    message.encoding, message.height, message.width, message.step, memoryview(message.data)
                )
            except MessageError as error:
                self._refuse(str(error))
                return
            stamp = message.header.stamp
            mailbox.put(picture, clock.to_loop(stamp.sec + 1e-9 * stamp.nanosec, arrival))

        return on_image

    def _on_instruction(self, message: Any) -> None:
        self.counts["instructions"] += 1
        assert self._inbox is not None
        self._inbox.instruction.put(message.data, time.monotonic())

    def _on_lost(self, event: Any) -> None:
        self.counts["lost"] += event.total_count_change

    def _refuse(self, complaint: str) -> None:
        self.counts["refused"] += 1
        self._complain(complaint)

    def _complain(self, complaint: str) -> None:
        """Log what is wrong with messages, once; the status tells of it while they come."""
        if complaint != self._complaint:
            self._node.get_logger().error(complaint)
        self._complaint, self._complained = complaint, time.monotonic()

    def _tell(self) -> None:
        """Publish the status, and what was wrong with messages lately."""
        if (lost := self.counts["lost"]) > self._lost:
            self._node.get_logger().warning(f"{lost} messages were lost on the way so far")
            self._lost = lost
        recent = time.monotonic() - self._complained < RECENT
        self._status_publisher.publish(String(data=f"{self._status} ({self._complaint})" if recent else self._status))

    def _spin(self) -> None:
        if self._realtime:
            become_realtime(PRIORITY)
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()
