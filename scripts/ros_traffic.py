#!/usr/bin/env python3
"""A robot's side of the ROS 2 node: publishes joint states and pictures, speaks, or listens to targets and status.

Run with a Python that has rclpy. All print a line of JSON whenever there is something to tell, and their figures at
the end, which SIGTERM asks for.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from array import array
from pathlib import Path
from typing import Any

import numpy as np

PAUSE = 0.1
"""How often a listener tells how many targets have come [s]."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    roles = parser.add_subparsers(dest="role", required=True)
    publish = roles.add_parser("publish", help="joint states of the default posture, and pictures of noise")
    publish.add_argument("--bundle", type=Path, required=True, help="whose joints are published")
    publish.add_argument("--joint_rate", type=float, default=100.0, help="joint states a second (default: 100)")
    publish.add_argument("--image_rate", type=float, default=30.0, help="pictures a second, 0 for none (default: 30)")
    publish.add_argument("--size", type=int, nargs=2, default=[640, 480], help="of a picture (default: 640 480)")
    publish.add_argument("--rename", metavar="JOINT=NAME", help="publish a joint under another name")
    publish.add_argument("--encoding", default="rgb8", help="that pictures claim to have (default: rgb8)")
    publish.add_argument("--reliable", action="store_true", help="send lost pictures again, as some drivers do")
    publish.set_defaults(run=run_publisher)
    say = roles.add_parser("say", help="tell the robot what to do")
    say.add_argument("texts", nargs="+", metavar="text", help="an instruction, or one after the other")
    say.add_argument("--every", type=float, default=1.0, help="seconds between them (default: 1)")
    say.set_defaults(run=run_speaker)
    listen = roles.add_parser("listen", help="how many targets come, how late, and what the status is")
    listen.add_argument("--output", choices=["joint_state", "joint_trajectory", "twist"], default="joint_state")
    listen.set_defaults(run=run_listener)
    publish.add_argument("--seconds", type=float, default=float("inf"), help="end after this long")
    args = parser.parse_args()
    stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: stop.append(number))
    try:
        import rclpy  # pyright: ignore[reportMissingImports]
        from rclpy.signals import SignalHandlerOptions  # pyright: ignore[reportMissingImports]
    except ImportError:
        sys.exit("error: rclpy is not here: source ROS 2's setup.bash, or run 'make ros' and use .venv-ros/bin/python")
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node(f"traffic_{args.role}")
    args.run(args, node, lambda: not stop)
    node.destroy_node()
    rclpy.shutdown()


def tell(**figures: Any) -> None:
    """Print a line of JSON."""
    print(json.dumps(figures), flush=True)


def run_publisher(args: argparse.Namespace, node: Any, going: Any) -> None:
    """Publish at absolute deadlines once all is subscribed to; tell how many messages of each kind were sent."""
    from rclpy.qos import qos_profile_sensor_data  # pyright: ignore[reportMissingImports]
    from sensor_msgs.msg import Image, JointState  # pyright: ignore[reportMissingImports]

    joints = json.loads((args.bundle / "bundle.json").read_text(encoding="utf-8"))["joints"]
    old, _, new = (args.rename or "").partition("=")
    names = [new if name == old else name for name in joints["names"]]
    state = JointState(name=names, position=joints["default"], velocity=[0.0] * len(names))
    width, height = args.size
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    image = Image(height=height, width=width, step=3 * width, encoding=args.encoding, data=array("B", noise.tobytes()))
    sources = [(args.joint_rate, state, node.create_publisher(JointState, "/joint_states", 10))]
    if args.image_rate:
        qos = 5 if args.reliable else qos_profile_sensor_data
        camera = node.create_publisher(Image, "/camera/rgb/image_raw", qos)
        sources.append((args.image_rate, image, camera))
    while going() and not all(publisher.get_subscription_count() for _, _, publisher in sources):
        time.sleep(0.05)
    begin, counts = time.monotonic(), [0] * len(sources)
    while going() and time.monotonic() - begin < args.seconds:
        due = [begin + count / rate for count, (rate, _, _) in zip(counts, sources, strict=True)]
        which = int(np.argmin(due))
        time.sleep(max(due[which] - time.monotonic(), 0.0))
        _, message, publisher = sources[which]
        message.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(message)
        counts[which] += 1
    tell(joint_states=counts[0], images=counts[1] if args.image_rate else 0, seconds=time.monotonic() - begin)


def run_speaker(args: argparse.Namespace, node: Any, going: Any) -> None:
    """Publish instructions once somebody listens, and wait until they have arrived."""
    from rclpy.duration import Duration  # pyright: ignore[reportMissingImports]
    from std_msgs.msg import String  # pyright: ignore[reportMissingImports]

    publisher = node.create_publisher(String, "/robot/command", 10)
    while going() and not publisher.get_subscription_count():
        time.sleep(0.05)
    for number, text in enumerate(args.texts):
        time.sleep(args.every if number else 0.0)
        publisher.publish(String(data=text))
    tell(arrived=publisher.wait_for_all_acked(Duration(seconds=5)))


def run_listener(args: argparse.Namespace, node: Any, going: Any) -> None:
    """Tell of changes of the status, of how many targets came, and at the end how old their joint states were."""
    import rclpy  # pyright: ignore[reportMissingImports]
    from geometry_msgs.msg import Twist  # pyright: ignore[reportMissingImports]
    from rclpy.qos import QoSDurabilityPolicy, QoSProfile  # pyright: ignore[reportMissingImports]
    from sensor_msgs.msg import JointState  # pyright: ignore[reportMissingImports]
    from std_msgs.msg import String  # pyright: ignore[reportMissingImports]
    from trajectory_msgs.msg import JointTrajectory  # pyright: ignore[reportMissingImports]

    ages: dict[int, float] = {}  # by joint state: when the first target that answers it came
    targets, velocity = [0], [0.0] * 3
    last = [""]

    def on_targets(message: Any) -> None:
        now = node.get_clock().now().nanoseconds
        targets[0] += 1
        stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        if stamp:
            ages.setdefault(stamp, 1e-6 * (now - stamp))

    def on_velocity(message: Any) -> None:
        targets[0] += 1
        velocity[:] = message.linear.x, message.linear.y, message.angular.z

    def on_status(message: Any) -> None:
        if message.data != last[0]:
            last[0] = message.data
            tell(status=message.data)

    kinds = {"joint_state": JointState, "joint_trajectory": JointTrajectory}
    if args.output in kinds:
        node.create_subscription(kinds[args.output], "/joint_targets", on_targets, QoSProfile(depth=100))
    else:
        node.create_subscription(Twist, "/cmd_vel", on_velocity, QoSProfile(depth=100))
    kept = QoSProfile(depth=10, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
    node.create_subscription(String, "/robot/status", on_status, kept)
    told, count = time.monotonic(), 0
    while going():
        rclpy.spin_once(node, timeout_sec=PAUSE)
        if time.monotonic() - told >= PAUSE:
            if targets[0] != count:
                tell(targets=targets[0], velocity=velocity)
            told, count = time.monotonic(), targets[0]
    tell(targets=targets[0], age_ms=list(ages.values()))


if __name__ == "__main__":
    main()
