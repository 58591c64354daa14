"""How old joint states are when the ROS 2 node's targets arrive, and what became of every message.

Publisher, node and listener are processes of their own, with the real rclpy of ``.venv-ros``.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmark_loop import make_bundle
from common import InputError

REPOSITORY = Path(__file__).resolve().parents[1]
PYTHON = REPOSITORY / ".venv-ros" / "bin" / "python"
TRAFFIC = REPOSITORY / "scripts" / "ros_traffic.py"
PROFILE = REPOSITORY / "ros2_ws" / "src" / "humanoid_vla_ros" / "config" / "fastdds.xml"
PATIENCE = 60.0
"""For processes to start and to end [s]."""


def run_ros(args: argparse.Namespace) -> dict[str, Any]:
    """Measure for ``args.seconds``."""
    if not PYTHON.is_file():
        raise InputError(f"there is no {PYTHON.relative_to(REPOSITORY)} with rclpy; run 'make ros'")
    if args.seconds < 1.0:
        raise InputError(f"--seconds is {args.seconds}; give at least 1")
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(args.bundle or make_bundle(Path(folder) / "bundle").path, Path(folder), args)
    figures["load"] = round(os.getloadavg()[0], 2)
    show(figures)
    return figures


def measure(bundle: Path, folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Start the three processes, the publisher last; it ends first."""
    from humanoid_vla.runtime.bundle import load_bundle

    language, report = load_bundle(bundle).language, folder / "report.json"
    parameters = [f"bundle:={bundle}", "topics.output:=joint_state", f"report:={report}"]
    if language is not None:
        parameters.append(f"instruction:='{language.sentences[0]}'")
    arguments = [part for parameter in parameters for part in ("-p", parameter)]
    listener = start(str(TRAFFIC), "listen")
    node = start("-m", "humanoid_vla.runtime.ros2_node", "--ros-args", *arguments)
    publish = ["publish", "--bundle", str(bundle), "--seconds", str(args.seconds)]
    publisher = start(str(TRAFFIC), *publish, *(["--reliable"] if args.reliable else []))
    processes = [publisher, node, listener]
    try:
        sent = last_line(publisher, args.seconds + PATIENCE)
        node.send_signal(signal.SIGINT)
        node.communicate(timeout=PATIENCE)
        listener.send_signal(signal.SIGTERM)
        heard = last_line(listener, PATIENCE)
    finally:
        for process in processes:
            process.kill()
    if node.returncode:
        raise InputError(f"the node with the bundle '{bundle}' ended with exit code {node.returncode}")
    loop = json.loads(report.read_text(encoding="utf-8"))
    ages = np.array(heard["age_ms"])
    if len(ages) == 0:
        raise InputError(f"no target came from the bundle '{bundle}'; its last state: {loop['states'][-1]}")
    return {
        "bundle": str(args.bundle or "untrained"),
        "seconds": sent["seconds"],
        "age_ms": {name: round(float(np.percentile(ages, share)), 3) for name, share in
                   (("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("max", 100.0))},
        "answered": len(ages),
        "sent": {name: sent[name] for name in ("joint_states", "images")},
        "received": {name: loop["messages"][name] for name in ("joint_states", "images")},
        "lost": loop["messages"]["lost"],
        "targets_sent": loop["messages"]["commands"],
        "targets_heard": heard["targets"],
        "mean_period_ms": loop["mean_period_ms"],
        "overruns": loop["overruns"],
        "stages": loop["stages"],
        "infer": loop["policy"]["infer"],
        "threads": loop["threads"],
    }  # fmt: skip


def start(*arguments: str) -> subprocess.Popen[str]:
    """A Python process that hears the others and nobody else."""
    environment = os.environ | {
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_DOMAIN_ID": str(1 + os.getpid() % 100),
        "FASTDDS_DEFAULT_PROFILES_FILE": str(PROFILE),
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.Popen([str(PYTHON), *arguments], env=environment, stdout=subprocess.PIPE, text=True)


def last_line(process: subprocess.Popen[str], timeout: float) -> dict[str, Any]:
    """What a process tells at its end."""
    output, _ = process.communicate(timeout=timeout)
    lines: Sequence[str] = output.splitlines()
    if process.returncode or not lines:
        raise InputError(f"{process.args} ended with exit code {process.returncode} and {len(lines)} lines")
    return json.loads(lines[-1])


def show(figures: dict[str, Any]) -> None:
    """Print the figures."""
    ages, sent, received = figures["age_ms"], figures["sent"], figures["received"]
    print(f"from a joint state's stamp to the target that answers it: p50 {ages['p50']:.2f} ms,"
          f" p90 {ages['p90']:.2f} ms, p99 {ages['p99']:.2f} ms, max {ages['max']:.2f} ms;"
          f" {figures['answered']} answered")  # fmt: skip
    for name, title in (("joint_states", "joint states"), ("images", "pictures")):
        print(f"{title}: {sent[name]} sent in {figures['seconds']:.1f} s, {received[name]} received")
    print(f"lost on the way, as far as the middleware knows: {figures['lost']}")
    print(f"targets: {figures['targets_sent']} sent, {figures['targets_heard']} received")
    print(f"loop: period {figures['mean_period_ms']:.4f} ms, {figures['overruns']} overruns;"
          f" tick p50 {figures['stages']['tick']['p50_ms']:.2f} ms, p99 {figures['stages']['tick']['p99_ms']:.2f} ms;"
          f" policy p50 {figures['infer']['p50_ms']:.2f} ms")  # fmt: skip
    print(f"scheduler: {figures['threads']['scheduler']}; load {figures['load']}")
