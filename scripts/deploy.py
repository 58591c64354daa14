#!/usr/bin/env python3
"""Move a robot by an exported policy: the control loop at a fixed rate, with the action filter last.

``sim`` is the policy's task in Isaac Lab, ``mujoco`` plain MuJoCo with somebody's G1 behind the table of Reach, both in
real time; ``ros2`` starts the ROS 2 node. Ctrl+C stops the robot first.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

from common import InputError, Parser, check_json_argument, run_main, write_json

if TYPE_CHECKING:
    import argparse

    import numpy as np

    from humanoid_vla.runtime.bundle import Bundle

ROS_PYTHON = Path(".venv-ros/bin/python")
"""The environment that `make ros` makes."""


def main() -> None:
    parser = Parser(__doc__)
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="folder that scripts/export.py wrote")
    parser.add_argument("--robot", choices=["sim", "mujoco", "ros2"], required=True, help="what is moved")
    parser.add_argument("--rate", type=float, default=100.0, help="ticks a second (default: 100)")
    parser.add_argument("--seconds", type=float, default=10.0, help="until the robot is stopped (default: 10)")
    parser.add_argument("--instruction", metavar="TEXT", help="what it is told (default: what the task draws)")
    parser.add_argument("--mjcf", type=Path, metavar="FILE", help="the G1 for --robot mujoco")
    parser.add_argument("--engine", default="onnxruntime", help="what runs the network (default: onnxruntime)")
    parser.add_argument("--seed", type=int, default=0, help="of simulated scenes (default: 0)")
    parser.add_argument("--jitter", type=Path, metavar="PNG", help="draw how late ticks were into this file")
    parser.add_argument("--json", metavar="FILE", help="file for the figures")
    args = parser.parse_args()
    for name in ("rate", "seconds"):
        if not 0.0 < getattr(args, name) < float("inf"):
            raise InputError(f"--{name} is {getattr(args, name)}; it must be a positive number")
    check_json_argument(args.json)
    check_json_argument(args.jitter)

    from humanoid_vla.runtime.bundle import BundleError, load_bundle
    from humanoid_vla.runtime.engine import EngineError, make_engine

    try:
        bundle = load_bundle(args.bundle)
    except BundleError as error:
        raise InputError(str(error)) from None
    if args.robot == "ros2":
        start_node(args)
    try:
        engine = make_engine(bundle, args.engine)
    except EngineError as error:
        raise InputError(str(error)) from None
    encode = check_instruction(bundle, args.instruction)
    with contextlib.ExitStack() as stack:
        try:
            robot = stack.enter_context(open_robot(args, bundle))
        except ValueError as error:  # the robot, or the file that describes it, does not fit the policy
            raise InputError(" ".join(str(error).split())) from None
        figures = run(args, bundle, engine, robot, encode)
    if args.json:
        write_json(args.json, figures)
    if figures["states"][-1]["reason"] not in ("the time is up", "SIGINT", "SIGTERM"):
        sys.exit(1)


def run(args: argparse.Namespace, bundle: Bundle, engine: Any, robot: Any, encode: Any) -> dict[str, Any]:
    """Run the control loop, and print what came of it; its figures and the robot's.

    Raises:
        InputError: The loop cannot run this policy.
    """
    from humanoid_vla.runtime.loop import ControlLoop
    from humanoid_vla.runtime.loop_settings import LoopSettings

    # Isaac Lab takes most of a core to simulate one robot in real time, and is late where it does not get it
    settings = LoopSettings(max_joint_age=0.4, max_value_age=0.4, max_image_age=0.5) if args.robot == "sim" else None
    try:
        loop = ControlLoop(bundle, engine, robot, args.rate, settings, encode=encode)
    except ValueError as error:
        raise InputError(f"cannot run '{args.bundle}': {error}") from None
    if robot.instruction is not None:
        print(f"instruction   {robot.instruction}")
        loop.inbox.instruction.put(robot.instruction, time.monotonic())
    report = loop.run(args.seconds)
    outcome = robot.outcome()
    for change in report.states:
        print(f"{change.at_s:9.2f} s   {change.state}: {change.reason}")
    print(f"loop          {report.ticks} ticks in {report.seconds:.1f} s, {report.overruns} overruns")
    print(f"lateness      p99 {report.p99_late_ms:.2f} ms, at most {report.max_late_ms:.2f} ms")
    print("robot         " + ", ".join(f"{name} {value}" for name, value in outcome.items() if name != "instruction"))
    if args.jitter is not None:
        report.draw(args.jitter)
    return {"task": bundle.task, "bundle": str(args.bundle), "robot": args.robot, **outcome, **report.figures()}


def check_instruction(bundle: Bundle, text: str | None) -> Callable[[str], np.ndarray] | None:
    """Encode a sentence before anything moves; what encodes those that come later.

    Raises:
        InputError: The policy cannot follow it.
    """
    from humanoid_vla.runtime.instruction import InstructionError, InstructionReader

    if bundle.language is None:
        if text is not None:
            raise InputError(f"--instruction: the policy of {bundle.task} reads no sentence; leave it out")
        return None

    def encode(sentence: str) -> np.ndarray:
        from humanoid_vla.language.embeddings import embed  # torch, for sentences that the bundle does not know

        return embed([sentence])[0].numpy()

    reader = InstructionReader(bundle, encode)
    if text is not None:
        try:
            reader.read(text)
        except (InstructionError, ImportError, RuntimeError, OSError) as error:  # no encoder, too
            raise InputError(f"--instruction: {error}") from None
    return reader.read


@contextlib.contextmanager
def open_robot(args: argparse.Namespace, bundle: Bundle) -> Iterator[Any]:
    """The simulated robot that is asked for.

    Raises:
        InputError: It cannot be had.
        ValueError: It does not fit the policy.
    """
    if args.robot == "mujoco":
        yield open_mujoco(args, bundle)
    else:
        with open_sim(args, bundle) as robot:
            yield robot


def open_mujoco(args: argparse.Namespace, bundle: Bundle) -> Any:
    """The G1 of ``--mjcf`` behind the table of Reach.

    Raises:
        InputError: No file is named, the task is another one, or MuJoCo is missing.
        ValueError: The file does not fit the policy.
    """
    if args.mjcf is None:
        raise InputError("--robot mujoco needs a G1: give its MJCF file, --mjcf FILE")
    if not bundle.task.startswith("VLA-Reach"):
        raise InputError(f"--robot mujoco has the scene of Reach, and the policy is of {bundle.task}; use --robot sim")
    try:
        from mujoco_reach import MujocoReach
    except ModuleNotFoundError as error:
        raise InputError(f"--robot mujoco needs {error.name}: pip install {error.name}") from None
    return MujocoReach(bundle, args.mjcf, args.instruction, args.seed)


@contextlib.contextmanager
def open_sim(args: argparse.Namespace, bundle: Bundle) -> Iterator[Any]:
    """The policy's task, with one robot that nothing is random about but where things are.

    Raises:
        InputError: There is no such task here, or it tells no sentences.
        ValueError: It has another robot.
    """
    from common import check_task_arguments, load_configs
    from export import drop_startup_events
    from listening import prepare_sentences
    from play import instruction_setting

    names = SimpleNamespace(task=bundle.task, agent=bundle.agent, num_envs=1, seed=args.seed, device=None)
    entry_point = check_task_arguments(names)  # type: ignore[arg-type]
    overrides = [] if args.instruction is None else [instruction_setting(bundle.task, args.instruction)]
    env_cfg, _ = load_configs(names, entry_point, overrides, play=True)  # type: ignore[arg-type]
    drop_startup_events(env_cfg)
    prepare_sentences(bundle.task)

    from sim_robot import SimRobot
    from simulation import make_env

    with make_env(bundle.task, env_cfg) as env:
        yield SimRobot(env.unwrapped, bundle)


def start_node(args: argparse.Namespace) -> NoReturn:
    """Become the ROS 2 node.

    Raises:
        InputError: There is no Python with rclpy.
    """
    python = Path(sys.executable) if find_spec("rclpy") is not None else ROS_PYTHON
    if not python.is_file():
        raise InputError("--robot ros2 needs rclpy: run 'make ros' here, or source ROS 2 and use its Python")
    command = [str(python), "-m", "humanoid_vla.runtime.ros2_node", "--ros-args"]
    command += ["-p", f"bundle:={args.bundle.resolve()}", "-p", f"rate:={args.rate}", "-p", f"engine:={args.engine}"]
    command += ["-p", f"seconds:={args.seconds}"]
    if args.instruction is not None:
        command += ["-p", f"instruction:={json.dumps(args.instruction)}"]  # which is YAML, too, whatever stands in it
    if args.json is not None:
        command += ["-p", f"report:={Path(args.json).resolve()}"]
    package = Path(__file__).resolve().parents[1] / "exts"
    path = os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])
    print("starting      " + shlex.join(command), flush=True)
    os.execve(python, command, os.environ | {"PYTHONPATH": path})


if __name__ == "__main__":
    run_main(main)
