"""The control loop as a ROS 2 node: ``python -m humanoid_vla.runtime.ros2_node --ros-args -p bundle:=FOLDER``.

It needs an environment with rclpy, NumPy and ONNX Runtime, and neither torch nor Isaac Lab.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from humanoid_vla.runtime.bundle import Bundle, load_bundle
from humanoid_vla.runtime.engine import ENGINE_KINDS, make_engine
from humanoid_vla.runtime.loop import ControlLoop
from humanoid_vla.runtime.loop_settings import LoopSettings
from humanoid_vla.runtime.ros_topics import Topics

NAME = "humanoid_vla"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node until a signal, or a fault without a way back, ends it.

    Args:
        arguments: As ``ros2 run`` gives them, the process's own where nothing is said.

    Returns:
        0, or 2 where parameters, bundle or libraries do not allow a start.
    """
    try:
        import rclpy  # pyright: ignore[reportMissingImports]
        from rclpy.signals import SignalHandlerOptions  # pyright: ignore[reportMissingImports]
    except ImportError:
        print("error: rclpy is not here: source ROS 2's setup.bash, or run 'make ros'", file=sys.stderr)
        return 2
    # Signals are the loop's: it stops the robot before it ends
    rclpy.init(args=None if arguments is None else list(arguments), signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node(NAME)
    try:
        return run(node)
    except (ValueError, ImportError, rclpy.exceptions.ParameterException) as error:
        node.get_logger().fatal(" ".join(str(error).split()))
        return 2
    finally:
        node.destroy_node()
        rclpy.shutdown()


def run(node: Any) -> int:
    """Read the node's parameters, and run the loop."""
    from humanoid_vla.runtime.ros2_robot import Ros2Robot

    path = parameter(node, "bundle", "")
    if not path:
        raise ValueError("no bundle is given: set the parameter 'bundle' to a folder that scripts/export.py wrote")
    names: dict[str, Any] = {
        field.name: parameter(node, f"topics.{field.name}", field.default) for field in fields(Topics)
    }
    names["images"] = tuple(names["images"])
    topics = Topics(**names)
    rate, instruction = parameter(node, "rate", 100.0), parameter(node, "instruction", "")
    report, engine = parameter(node, "report", ""), parameter(node, "engine", ENGINE_KINDS[0])
    if report and not Path(report).resolve().parent.is_dir():
        raise ValueError(f"cannot write the report '{report}': its folder does not exist; make it first")
    bundle = limit_speed(load_bundle(path), parameter(node, "max_speed", 0.0))
    seconds, settings = parameter(node, "seconds", 0.0), loop_settings(node)
    robot = Ros2Robot(node, bundle, topics, rate, settings.realtime)
    loop = ControlLoop(bundle, make_engine(bundle, engine), robot, rate, settings, ticker=robot.ticker)
    if values := loop.inbox.values:
        raise ValueError(f"the policy reads {', '.join(values)}, which no topic gives; use one that sees with a camera")
    if instruction:
        loop.inbox.instruction.put(instruction, 0.0)
    figures = loop.run(seconds or float("inf")).figures() | {"messages": robot.counts}
    node.get_logger().info(f"messages: {robot.counts}")
    if report:
        write_report(Path(report), figures)
    return 0


def parameter(node: Any, name: str, default: Any) -> Any:
    """Declare a parameter; its value, of the default's type."""
    return node.declare_parameter(name, default).value


def loop_settings(node: Any) -> LoopSettings:
    """The loop's settings, each a parameter of its name.

    After a stop that a fault caused, such as a camera that was restarted, the node begins again once all is well:
    elsewhere the loop would end there.
    """
    values = {}
    for field in fields(LoopSettings):
        if field.name == "core":
            core = parameter(node, "core", -1)
            values["core"] = core if core >= 0 else None
        else:
            values[field.name] = parameter(node, field.name, True if field.name == "reenter" else field.default)
    return LoopSettings(**values)


def limit_speed(bundle: Bundle, max_speed: float) -> Bundle:
    """The bundle with slower targets of joints that turn; 0 leaves the speeds as they are.

    Raises:
        ValueError: If the speed is greater than what the policy was trained with.
    """
    joints = bundle.joints
    turning = np.array([unit == "rad" for unit in joints.units])
    fastest = float(joints.max_speed[turning].max(initial=0.0))
    if not 0.0 <= max_speed <= fastest:
        raise ValueError(f"max_speed is {max_speed} rad/s; it may be up to {fastest}, which the policy learned with")
    slower = np.where(turning, np.minimum(joints.max_speed, max_speed or np.inf), joints.max_speed)
    return replace(bundle, joints=replace(joints, max_speed=slower))


def write_report(path: Path, figures: dict[str, Any]) -> None:
    """Write figures as JSON, under a temporary name first."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
