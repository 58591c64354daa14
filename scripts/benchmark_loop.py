"""How well the control loop keeps time with a vision-language-action policy, beside a process that burns a core.

Each loop is a program of its own, ``loop_program.py``, without torch.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from common import InputError
from loop_program import TRACED

if TYPE_CHECKING:
    from humanoid_vla.runtime.bundle import Bundle

PROGRAM = Path(__file__).with_name("loop_program.py")
LOOPS = {"loop": "deadlines, real-time", "ordinary": "deadlines, ordinary thread", "naive": "sleep, ordinary thread"}
"""Loops that are compared, the first of them ours as it is."""


def run_loop(args: argparse.Namespace) -> dict[str, Any]:
    """Run the loop, the same without the real-time scheduler, and a naive one; then the loop under tracemalloc."""
    if args.seconds < 1.0 or not 1.0 <= args.rate <= 1000.0:
        raise InputError("--seconds must be at least 1, and --rate from 1 to 1000 Hz")
    with tempfile.TemporaryDirectory() as folder:
        place = args.bundle or make_bundle(Path(folder) / "bundle").path
        figures: dict[str, Any] = {"bundle": str(args.bundle or "untrained"), "rate": args.rate}
        burner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        lateness: dict[str, np.ndarray] = {}
        try:
            for name in LOOPS:
                figures[name] = run_program(name, place, args, Path(folder) / f"{name}.npy")
                lateness[LOOPS[name]] = np.load(Path(folder) / f"{name}.npy")
            traced = argparse.Namespace(rate=args.rate, seconds=(TRACED[1] + 50) / args.rate + 1.0)
            memory = run_program("traced", place, traced, Path(folder) / "traced.npy")
        finally:
            burner.kill()
            burner.wait()
    figures |= figures.pop("loop") | {"bytes_per_tick": memory["bytes_per_tick"]}
    show(figures)
    if args.plot is not None:
        from humanoid_vla.runtime.jitter import draw_jitter

        draw_jitter(lateness, args.plot)
    return figures


def show(figures: dict[str, Any]) -> None:
    """Print the figures."""
    print(f"{'':<28} {'period':>9} {'drift':>9} {'p99 late':>9} {'max late':>9} {'overruns':>9}   (ms)")
    for name, title in LOOPS.items():
        row = figures.get(name, figures)
        print(f"{title:<28} {row['mean_period_ms']:>9.4f} {row['drift_ms']:>9.3f} {row['p99_late_ms']:>9.3f}"
              f" {row['max_late_ms']:>9.3f} {row['overruns']:>9}")  # fmt: skip
    for name, stage in figures["stages"].items():
        print(f"{name:<28} p50 {stage['p50_ms']:.3f} ms, p99 {stage['p99_ms']:.3f} ms, max {stage['max_ms']:.3f} ms")
    infer = figures["policy"]["infer"]
    print(f"{'policy, beside it':<28} p50 {infer['p50_ms']:.3f} ms, p99 {infer['p99_ms']:.3f} ms", end="")
    print(f", {figures['policy']['rate_hz']} times a second")
    print(f"{'memory that a tick keeps':<28} {figures['bytes_per_tick']:.1f} B")
    print(f"scheduler: {figures['threads']['scheduler']}; load {figures['load']}")


def run_program(name: str, place: Path, args: argparse.Namespace, lateness: Path) -> dict[str, Any]:
    """One loop in a process of its own."""
    print(f"{LOOPS.get(name, 'memory')}: {args.seconds:.0f} s", flush=True)
    command = [sys.executable, str(PROGRAM), name, str(place), str(args.rate), str(args.seconds), str(lateness)]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if result.returncode:
        raise InputError(f"the loop '{name}' with the bundle '{place}' ended with exit code {result.returncode}")
    return json.loads(result.stdout)


def make_bundle(place: Path) -> Bundle:
    """A bundle of VLA-Reach-Camera-G1's policy with random weights: they take as long as any."""
    from benchmark_vla import NUM_ACTIONS, SHAPES, make_learner
    from humanoid_vla.assets.g1 import UPPER_BODY_JOINTS
    from humanoid_vla.assets.g1_figures import load_figures
    from humanoid_vla.export.graph import Affine, PolicyGraph, make_onnx
    from humanoid_vla.export.writer import write_bundle
    from humanoid_vla.runtime.bundle import Bundle, CameraSpec, Input, Joints, Language, Term

    known = {joint.name: joint for joint in load_figures().joints}
    chosen = [known[name] for name in UPPER_BODY_JOINTS]
    columns = {name: np.array([getattr(joint, name) for joint in chosen])
               for name in ("lower", "upper", "velocity_limit", "effort_limit")}  # fmt: skip
    spare = 0.025 * (columns["upper"] - columns["lower"])
    stiffness = np.array(
        [300.0 if "waist" in name else 40.0 if "wrist" in name else 80.0 for name in UPPER_BODY_JOINTS]
    )
    joints = Joints(
        names=tuple(UPPER_BODY_JOINTS),
        units=("rad",) * NUM_ACTIONS,
        follows=np.arange(NUM_ACTIONS),
        default=np.array([0.4 if "pitch" in name and "shoulder" in name else 0.0 for name in UPPER_BODY_JOINTS]),
        scale=np.full(NUM_ACTIONS, 0.8),
        max_speed=np.full(NUM_ACTIONS, 1.2),
        max_lead=np.full(NUM_ACTIONS, 0.15),
        **columns,
        soft_lower=columns["lower"] + spare,
        soft_upper=columns["upper"] - spare,
        stiffness=stiffness,
        damping=stiffness / 30.0,
    )
    kinds = ("joint_pos_rel", "joint_vel_rel", "joint_target_rel", "last_action")
    proprio = tuple(Term(kind, kind, NUM_ACTIONS * i, NUM_ACTIONS * (i + 1), "", {}) for i, kind in enumerate(kinds))
    height, width, channels = SHAPES["camera"]
    seen = Term("image", "camera_rgb", 0, channels, "", {"sensor_name": "head"})
    told = Term("instruction", "instruction", 0, SHAPES["language"][0], "", {})
    terms = {"proprio": proprio, "language": (told,), "camera": (seen,)}
    inputs = [
        Input(name, "uint8" if name == "camera" else "float32", shape, 1, terms[name]) for name, shape in SHAPES.items()
    ]
    scaling = Affine(joints.default.tolist(), joints.scale.tolist())
    graph = PolicyGraph(make_learner(autocast=False).actor.eval(), scaling, SHAPES)
    embedding = np.random.default_rng(0).normal(size=(1, SHAPES["language"][0])).astype(np.float32)
    bundle = Bundle(
        path=place,
        task="VLA-Reach-Camera-G1",
        agent="untrained",
        policy="VlaPolicy",
        policy_dt=1.0 / 30.0,
        inputs=tuple(inputs),
        states=(),
        action_kind="joint_position",
        commands={},
        walks_with={},
        chunk_size=1,
        joints=joints,
        fixed_base=True,
        filter_settings={},
        keep_out={},
        cameras=(
            CameraSpec(
                "head", width, height, 40.0, 40.0, width / 2, height / 2, "torso_link",
                np.array([0.06, 0.0, 0.45]), np.array([1.0, 0.0, 0.0, 0.0]),
            ),
        ),
        language=Language("untrained", "0" * 64, embedding.shape[1], ("touch something",), embedding),
        provenance={},
    )  # fmt: skip
    return write_bundle(bundle, {"policy.onnx": make_onnx(graph, inputs).content})
