"""``scripts/deploy.py`` and ``benchmark.py mujoco``, with a policy that learned nothing, on the figures' G1 as MJCF."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runtime"))

from bundles import make_bundle  # pyright: ignore[reportMissingImports]
from mjcf_files import write_g1  # pyright: ignore[reportMissingImports]

from benchmark_mujoco import add_mujoco_arguments, run_mujoco
from common import InputError, Parser
from humanoid_vla.export.writer import write_bundle
from humanoid_vla.runtime.bundle import Bundle, load_bundle
from humanoid_vla.runtime.engine import make_engine
from humanoid_vla.runtime.mujoco_robot import MujocoWorld
from lockstep import LockStep
from mujoco_variations import vary
from reach_scene import OBJECTS, TOUCH_DISTANCE, Goal, Judge, draw_goal, hands, open_reach, told_goal
from sim_robot import SimRobot

LEFT_CUBE = "touch the red cube with your left hand"
Refused = Callable[..., str]


def of_reach(bundle: Bundle) -> Bundle:
    """The bundle again, of a task that the scene in MuJoCo belongs to."""
    return write_bundle(replace(bundle, task="VLA-Reach-G1"), {"policy.onnx": bundle.read("policy.onnx")})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With bundles, "silent" without sentences and "blind" of another task, and the G1."""
    folder = tmp_path_factory.mktemp("deploy")
    of_reach(make_bundle(folder / "bundle", language=True, objects=True))
    of_reach(make_bundle(folder / "silent", objects=True, action=0.0))
    make_bundle(folder / "blind")
    write_g1(folder / "g1.xml")
    (folder / "no_elbow.xml").write_text((folder / "g1.xml").read_text().replace("left_elbow_joint", "left_knee"))
    return folder


@pytest.fixture
def refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], scripts: Path, folder: Path
) -> Refused:
    """Run deploy.py in this process; what it says against its input."""
    monkeypatch.chdir(folder)

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [str(scripts / "deploy.py"), *arguments])
        before = sorted(folder.iterdir())
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(scripts / "deploy.py"), run_name="__main__")
        assert end.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("deploy.py: error: ")
        assert sorted(folder.iterdir()) == before
        return line

    return run


MUJOCO = ("--bundle", "bundle", "--robot", "mujoco", "--mjcf", "g1.xml")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["--bundle", "--help"]),
        (("--bundle", "bundle"), ["--robot", "--help"]),
        ((*MUJOCO[:3], "toaster"), ["'toaster'", "sim", "mujoco", "ros2"]),
        (("--bundle", "nowhere", "--robot", "mujoco"), ["nowhere"]),
        ((*MUJOCO, "--rate", "0"), ["--rate is 0.0", "positive"]),
        ((*MUJOCO, "--seconds", "nan"), ["--seconds is nan", "positive"]),
        ((*MUJOCO, "--seconds", "long"), ["--seconds", "'long'"]),
        ((*MUJOCO, "--json", "gone/figures.json"), ["gone/figures.json", "make it first"]),
        ((*MUJOCO, "--engine", "steam"), ["'steam'", "onnxruntime"]),
        ((*MUJOCO[:4],), ["--mjcf FILE"]),
        ((*MUJOCO[:5], "gone.xml"), ["'gone.xml'", "--mjcf"]),
        ((*MUJOCO[:5], "no_elbow.xml"), ["no_elbow.xml", "['left_elbow_joint']"]),
        ((*MUJOCO, "--instruction", "\x07"), ["--instruction", "no words"]),
        ((*MUJOCO, "--instruction", "x" * 5000), ["--instruction", "5000 characters"]),
        (("--bundle", "silent", *MUJOCO[2:], "--instruction", LEFT_CUBE), ["--instruction", "reads no sentence"]),
        (("--bundle", "blind", *MUJOCO[2:]), ["VLA-Test-G1", "--robot sim"]),
        (("--bundle", "blind", "--robot", "sim"), ["'VLA-Test-G1'", "VLA-Reach-G1"]),
    ],
)
def test_bad_input(refused: Refused, arguments: tuple[str, ...], expected: list[str]) -> None:
    line = refused(*arguments)
    for part in expected:
        assert part in line


def test_ros2_needs_an_environment_of_its_own(refused: Refused) -> None:
    assert "make ros" in refused("--bundle", "bundle", "--robot", "ros2")


def test_a_loop_moves_the_robot_in_mujoco(folder: Path, scripts: Path) -> None:
    """The whole program, for a moment, and without torch: that is not needed on a robot."""
    (folder / "torch.py").write_text("raise ImportError('torch was imported')")
    command = [sys.executable, str(scripts / "deploy.py"), *MUJOCO, "--seconds", "1.5", "--json", "figures.json"]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    command += ["--instruction", LEFT_CUBE, "--jitter", "jitter.png"]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    (folder / "torch.py").unlink()
    assert result.returncode == 0, result.stdout + result.stderr
    assert LEFT_CUBE in result.stdout
    figures = json.loads((folder / "figures.json").read_text())
    assert [change["state"] for change in figures["states"]][-2:] == ["stopping", "stopped"]
    assert "active" in [change["state"] for change in figures["states"]]
    assert figures["commands"] > 20
    assert (figures["goal"], figures["robot"], figures["task"]) == ("cube_left", "mujoco", "VLA-Reach-G1")
    assert "trouble" not in figures
    assert (folder / "jitter.png").stat().st_size > 1000


def test_sentences_of_the_task_tell_its_goals() -> None:
    assert told_goal(f" {LEFT_CUBE.capitalize()} ") == Goal(0, 0, f" {LEFT_CUBE.capitalize()} ")
    assert told_goal("dance") is None


def test_goals_are_drawn_with_sentences_that_the_policy_knows(folder: Path) -> None:
    bundle, rng = load_bundle(folder / "silent"), np.random.default_rng(0)
    goals = [draw_goal(rng, bundle) for _ in range(200)]
    assert len({goal.name for goal in goals}) == 8
    assert all(told_goal(goal.sentence) == goal for goal in goals)
    with pytest.raises(ValueError, match="has no sentence for"):
        [draw_goal(rng, load_bundle(folder / "bundle")) for _ in range(50)]


@pytest.fixture
def world(folder: Path) -> MujocoWorld:
    return open_reach(load_bundle(folder / "silent"), folder / "g1.xml")


def beside_hand(world: MujocoWorld, hand: int, gap: float) -> np.ndarray:
    """Where an object is beside the middle of a hand, but for a gap, in the world [m]."""
    shapes = hands()
    pos, matrix = world.body_pose(shapes.bodies[hand])
    start, end = shapes.ends[hand]
    sideways = np.cross(end - start, [0.0, 0.0, 1.0])
    sideways *= (shapes.radius + shapes.object_radius + gap) / np.linalg.norm(sideways)
    outwards = sideways if (sideways[1] > 0.0) == (hand == 0) else -sideways
    return world.base_pos + pos + matrix @ ((start + end) / 2 + outwards)


@pytest.mark.parametrize(
    ("hand", "touched", "failures"),
    [(0, 1, set()), (0, 2, {"wrong_touch"}), (1, 1, {"wrong_touch"})],
)
def test_the_judge_knows_hands_and_objects(
    folder: Path, world: MujocoWorld, hand: int, touched: int, failures: set[str]
) -> None:
    bundle = load_bundle(folder / "silent")
    judge = Judge(bundle, world, Goal(1, 0, "touch the green ball with your left hand"))
    for _ in range(20):
        world.place(OBJECTS[touched].name, beside_hand(world, hand, 0.5 * TOUCH_DISTANCE))
        world.step(bundle.joints.default, 5)
        judge.look(bundle.joints.default)
    assert set(judge.failures) == failures
    assert judge.held == pytest.approx(0.2 if not failures else 0.0)
    assert not judge.succeeded
    for _ in range(10):
        world.place(OBJECTS[touched].name, beside_hand(world, hand, 0.5 * TOUCH_DISTANCE))
        world.step(bundle.joints.default, 5)
        judge.look(bundle.joints.default)
    assert judge.succeeded == (not failures)
    world.place(OBJECTS[touched].name, beside_hand(world, hand, 2.0 * TOUCH_DISTANCE))
    world.step(bundle.joints.default, 5)
    judge.look(bundle.joints.default)
    assert judge.held == 0.0


def test_the_judge_sees_joints_and_contacts(folder: Path, world: MujocoWorld) -> None:
    bundle = load_bundle(folder / "silent")
    judge, joints = Judge(bundle, world, Goal(1, 0, "")), bundle.joints
    judge.look(joints.default)
    assert not judge.failures
    world.data.qvel[:] = 0.6 * joints.velocity_limit
    world.peak_forces[0], world.peak_forces[-1] = 51.0, 141.0
    judge.look(joints.default)
    assert {"joint_vel_limit", "self_collision", "hard_impact"} <= set(judge.failures)
    assert "joint_pos_limit" not in judge.failures
    world.data.qvel[:] = 0.0
    posture = joints.default.copy()
    posture[3] = joints.upper[3] + 0.1
    world.reset(posture)
    judge.look(joints.default)
    assert {"joint_pos_limit", "joint_effort_limit"} <= set(judge.failures)


@pytest.mark.parametrize("filtered", [True, False])
def test_lock_step_moves_targets_as_the_loop_does(folder: Path, filtered: bool) -> None:
    """Everything at zero asks for the default posture: targets go there no faster than the policy's speed."""
    bundle = load_bundle(folder / "silent")
    dt, joints = 0.01, bundle.joints
    policy = LockStep(bundle, make_engine(bundle), dt, filtered)
    start = np.clip(joints.default + 0.2, joints.soft_lower, joints.soft_upper)
    policy.begin(start)
    np.testing.assert_allclose(policy.targets, start, atol=0.15)
    values = {"object_positions": np.zeros((4, 3))}
    pos, last = start.copy(), policy.targets.copy()
    for _ in range(80):
        targets = policy.tick(pos, np.zeros_like(pos), None, {}, values)
        assert np.abs(targets - last).max() <= bundle.joints.max_speed.max() * dt + 1e-9
        pos, last = targets.copy(), targets.copy()
    np.testing.assert_allclose(last, joints.default, atol=0.02)


def benchmark(folder: Path, *arguments: str) -> dict[str, Any]:
    parser = Parser(None)
    add_mujoco_arguments(parser)
    given = [str(folder / part) if part.endswith(".xml") else part for part in arguments]
    return run_mujoco(parser.parse_args(["--bundle", str(folder / "silent"), *given]))


def test_the_benchmark_gives_the_same_figures_twice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reach_scene.EPISODE_LENGTH", 1.0)
    runs = [benchmark(folder, "--mjcf", "g1.xml", "--episodes", "2") for _ in range(2)]
    for figures in runs:
        assert figures.pop("wall_s") > 0.0
    assert json.dumps(runs[0]) == json.dumps(runs[1])
    assert (runs[0]["episodes"], runs[0]["filter"]["steps"]) == (2, 200)
    # a policy that goes to the default posture touches nothing
    assert runs[0]["success_rate"] == 0.0
    assert runs[0]["mean_length_s"] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--mjcf", "gone.xml"), "there is no model '.*gone.xml'"),
        (("--mjcf", "g1.xml", "--episodes", "0"), "--episodes is 0"),
        (("--mjcf", "g1.xml", "--rate", "130"), "no whole number of steps"),
        (("--mjcf", "g1.xml", "--rate", "-1"), "no whole number of steps"),
        (("--mjcf", "g1.xml", "--vary", "gains"), "--vary 'gains' is unknown; give gains=NUMBER"),
        (("--mjcf", "g1.xml", "--vary", "gains=-1"), "--vary 'gains=-1' is unknown"),
        (("--mjcf", "g1.xml", "--vary", "mood=1"), "--vary 'mood=1' is unknown"),
        (("--mjcf", "g1.xml", "--video", "gone/film.mp4"), "make it first"),
    ],
)
def test_bad_input_of_the_benchmark(folder: Path, arguments: tuple[str, ...], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        benchmark(folder, *arguments)


def test_models_are_varied(world: MujocoWorld) -> None:
    model = world.model
    before = {name: getattr(model, name).copy() for name in ("actuator_gainprm", "dof_armature", "body_mass")}
    vary(model, ["gains=0.5", "friction=2", "armature=3", "payload=0.4", "gravity=0", "collisions=0"])
    np.testing.assert_allclose(model.actuator_gainprm[:, 0], 0.5 * before["actuator_gainprm"][:, 0])
    np.testing.assert_allclose(model.dof_armature, 3.0 * before["dof_armature"])  # the file's are the figures'
    assert model.body_mass.sum() == pytest.approx(before["body_mass"].sum() + 0.8)
    assert not model.opt.gravity.any()
    assert not model.geom_contype.any()


@pytest.mark.slow
def test_a_loop_moves_the_robot_in_isaac_lab(scripts: Path, checkpoint: Path, tmp_path: Path) -> None:
    """From a checkpoint to a robot: exported, loaded, run beside the simulator that it learned in."""
    task = ["--task", "VLA-Reach-G1", "--device", "cpu"]
    export = [*task, "--checkpoint", str(checkpoint), "--out", "bundle", "--num_envs", "4", "--steps", "2"]
    deploy = ["--bundle", "bundle", "--robot", "sim", "--seconds", "4", "--json", "figures.json"]
    for name, arguments in (("export.py", export), ("deploy.py", deploy)):
        command = [sys.executable, str(scripts / name), *arguments]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900)
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert "active" in [change["state"] for change in figures["states"]]
    assert "trouble" not in figures
    assert told_goal(figures["instruction"]) is not None


def test_what_commands_velocities_moves_no_joints_of_a_simulation(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "walking", velocities=(0.3, 0.0, 0.0))
    with pytest.raises(ValueError, match="the policy of VLA-Test-G1 commands velocities"):
        SimRobot(None, bundle)
