"""The node with the real rclpy: publisher, node and listener as processes."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
from bundles import make_bundle  # pyright: ignore[reportMissingImports]
from ros_processes import REPOSITORY, Process, Processes

pytestmark = pytest.mark.ros

PARAMETERS = REPOSITORY / "ros2_ws" / "src" / "humanoid_vla_ros" / "config" / "params.yaml"
SENTENCE = "instruction:='touch the red cube with your left hand'"


def start_all(processes: Processes, bundle: Path, *parameters: str) -> tuple[Process, Process, Process]:
    """Publisher, node and listener, with the policy at work."""
    publisher = processes.traffic("publish", "--bundle", str(bundle))
    listener = processes.traffic("listen")
    node = processes.node(f"bundle:={bundle}", "topics.output:=joint_state", SENTENCE, *parameters)
    wait_until_active(listener)
    return publisher, node, listener


def wait_until_active(listener: Process, since: int = 0) -> int:
    """Wait for the status and for targets."""
    return listener.wait_for('"targets"', listener.wait_for('"active: ', since))


def test_targets_come_and_the_status_tells_why(processes: Processes, bundle: Path, tmp_path: Path) -> None:
    listener = processes.traffic("listen")
    node = processes.node(f"bundle:={bundle}", "topics.output:=joint_state", f"report:={tmp_path / 'report.json'}")
    waiting = listener.wait_for('"waiting: there are no joint states yet')
    publisher = processes.traffic("publish", "--bundle", str(bundle))
    listener.wait_for('"waiting: there is no instruction yet', waiting)
    processes.traffic("say", "  Touch the BLUE ball\twith your right hand ")
    wait_until_active(listener, waiting)
    assert node.end(signal.SIGINT) == 0
    listener.wait_for('"stopped: SIGINT"')
    assert listener.end() == 0
    assert publisher.end() == 0
    report = json.loads((tmp_path / "report.json").read_text())
    received, sent, heard = report["messages"], publisher.result(), listener.result()
    assert received["commands"] == report["commands"] == heard["targets"]
    assert 0 < len(heard["age_ms"]) <= heard["targets"]
    assert 0 < received["joint_states"] <= sent["joint_states"]
    assert 0 < received["images"] <= sent["images"]
    assert received["refused"] == 0
    assert [state["state"] for state in report["states"]][-3:] == ["active", "stopping", "stopped"]


def test_each_process_may_die_and_come_back(processes: Processes, bundle: Path) -> None:
    publisher, node, listener = start_all(processes, bundle)

    publisher.end(signal.SIGKILL)
    seen = listener.wait_for(r'"holding: the (joint states|pictures).* old')
    seen = listener.wait_for(r'"stopped: the (joint states|pictures).* old', seen)
    publisher = processes.traffic("publish", "--bundle", str(bundle))
    seen = wait_until_active(listener, seen)

    node.end(signal.SIGKILL)
    node = processes.node(f"bundle:={bundle}", "topics.output:=joint_state", SENTENCE)
    seen = wait_until_active(listener, listener.wait_for('"waiting: ', seen))

    listener.end(signal.SIGKILL)
    listener = processes.traffic("listen")
    wait_until_active(listener)  # told at once, though nothing changed meanwhile


@pytest.mark.parametrize("process", ["publisher", "node"])
def test_a_process_that_was_stopped_for_a_moment(processes: Processes, bundle: Path, process: str) -> None:
    publisher, node, listener = start_all(processes, bundle)
    seen = len(listener.lines)
    stopped = publisher if process == "publisher" else node
    stopped.send(signal.SIGSTOP)
    time.sleep(0.3)
    stopped.send(signal.SIGCONT)
    wait_until_active(listener, listener.wait_for('"(holding|stopped): the ', seen))


def test_nonsense_is_refused_and_the_robot_held(processes: Processes, bundle: Path) -> None:
    _, node, listener = start_all(processes, bundle)
    nonsense = ["", "\x07\x1b\x01", "\u202e\u200f", "x" * 10_000, "\U0001f916", "sing a song"]
    texts = [text for each in nonsense for text in (each, "touch the blue ball with your right hand")]
    speaker = processes.traffic("say", *texts)
    seen = 0
    for _ in nonsense:
        seen = listener.wait_for('"holding: the instruction was refused: ', seen)
        seen = wait_until_active(listener, seen)
    assert speaker.wait() == 0
    assert node.end(signal.SIGINT) == 0


def test_a_renamed_joint_is_named(processes: Processes, bundle: Path) -> None:
    listener = processes.traffic("listen")
    renamed = "left_elbow_joint=left_ellbow_joint"
    publisher = processes.traffic("publish", "--bundle", str(bundle), "--rename", renamed)
    node = processes.node(f"bundle:={bundle}", "topics.output:=joint_state", SENTENCE)
    missing = r"joints are missing or not finite in the joint states: left_elbow_joint"
    seen = listener.wait_for(f'"waiting: {missing}')
    node.wait_for(r"/joint_states lacks joints: left_elbow_joint")
    publisher.end()
    publisher = processes.traffic("publish", "--bundle", str(bundle))
    seen = wait_until_active(listener, seen)
    processes.traffic("publish", "--bundle", str(bundle), "--rename", renamed)
    seen = listener.wait_for(rf'"holding: {missing}', seen)
    publisher.end()
    listener.wait_for(r'"stopped: .* \(/joint_states lacks joints: left_elbow_joint\)', seen)


def test_the_file_of_parameters_fits_the_node(processes: Processes, bundle: Path) -> None:
    listener = processes.traffic("listen")
    arguments = ["--ros-args", "--params-file", str(PARAMETERS), "-p", f"bundle:={bundle}"]
    processes.start("-m", "humanoid_vla.runtime.ros2_node", *arguments)
    listener.wait_for('"waiting: there are no joint states yet')


def test_trajectories(processes: Processes, bundle: Path) -> None:
    listener = processes.traffic("listen", "--output", "joint_trajectory")
    processes.traffic("publish", "--bundle", str(bundle))
    processes.node(f"bundle:={bundle}", SENTENCE)
    wait_until_active(listener)


def test_velocities_until_the_pictures_stop(processes: Processes, tmp_path: Path) -> None:
    walking = make_bundle(tmp_path / "walking", camera=True, velocities=(0.25, 0.0, -0.5)).path
    listener = processes.traffic("listen", "--output", "twist")
    publisher = processes.traffic("publish", "--bundle", str(walking))
    node = processes.node(f"bundle:={walking}", "reenter:=false")
    seen = listener.wait_for(r'"velocity": \[0.25, 0.0, -0.5\d*\]', listener.wait_for('"active: '))
    publisher.end(signal.SIGKILL)
    listener.wait_for(r'"velocity": \[0.0, 0.0, 0.0\]', seen)
    assert node.wait() == 0
    listener.wait_for(r'"stopped: the (joint states|pictures)', seen)


def test_what_cannot_be_used_is_told(processes: Processes, bundle: Path) -> None:
    listener = processes.traffic("listen")
    processes.traffic("publish", "--bundle", str(bundle), "--encoding", "mono8")
    processes.node(f"bundle:={bundle}", SENTENCE)
    listener.wait_for(r"waiting: there are no pictures .*the image is encoded as 'mono8'; publish rgb8 or bgr8")


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ([], "no bundle is given"),
        (["bundle:=nowhere"], "there is no bundle 'nowhere'"),
        (["max_speed:=9.0"], "max_speed is 9.0 rad/s; it may be up to 1.2"),
        (["blend:=-1.0"], "blend must be a positive number"),
        (["rate:=0.0"], "rate must be a positive number"),
        (["rate:=fast"], "rate"),
        (["topics.output:=smoke"], "topics.output is 'smoke'"),
        (["topics.images:=[/left, /right]"], "give 1 topics"),
        (["report:=nowhere/report.json"], "cannot write the report 'nowhere/report.json'"),
        (["engine:=steam"], "unknown engine 'steam'"),
    ],
)
def test_bad_parameters_end_it_with_one_line(
    processes: Processes, bundle: Path, parameters: list[str], named: str
) -> None:
    if parameters and not parameters[0].startswith("bundle"):
        parameters = [f"bundle:={bundle}", *parameters]
    node = processes.node(*parameters)
    assert node.wait() == 2
    (line,) = node.lines
    assert named in line


def test_a_policy_that_reads_what_no_topic_gives_is_refused(processes: Processes, tmp_path: Path) -> None:
    privileged = make_bundle(tmp_path / "privileged", objects=True).path
    node = processes.node(f"bundle:={privileged}")
    assert node.wait() == 2
    (line,) = node.lines
    assert "the policy reads object_positions, which no topic gives" in line


def test_it_needs_neither_torch_nor_the_simulator(processes: Processes) -> None:
    modules = "humanoid_vla.runtime.ros2_node, humanoid_vla.runtime.ros2_robot, humanoid_vla.runtime.sentence_encoder"
    heavy = "[name for name in sys.modules if name.split('.')[0] in ('torch', 'isaaclab', 'humanoid_vla.tasks')]"
    process = processes.start("-c", f"import sys, {modules}; assert not {heavy}, {heavy}")
    assert process.wait() == 0, process.lines
