#!/usr/bin/env python3
"""Measure speed: of the environment's step, of the learner's gradient updates, of trainings; returns; instructions."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmark_camera import run_camera
from benchmark_constrained import LEARNERS, run_constrained
from benchmark_env import run_env
from benchmark_export import run_export
from benchmark_idle import run_idle
from benchmark_imitation import OURS, THEIRS, run_imitation
from benchmark_inference import run_inference
from benchmark_language import run_language
from benchmark_learner import run_learner
from benchmark_learning import run_learning
from benchmark_loop import run_loop
from benchmark_mujoco import add_mujoco_arguments, run_mujoco
from benchmark_ros import run_ros
from benchmark_safety import run_safety
from benchmark_sb3 import IMPLEMENTATIONS, SETTINGS, run_sb3
from benchmark_vla import run_vla
from common import InputError, run_main, write_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    env = commands.add_parser("env", help="environment steps a second, and what a step costs beside its physics")
    env.add_argument("--task", default="VLA-Reach-G1", help="registered task (default: VLA-Reach-G1)")
    env.add_argument("--num_envs", type=int, default=256, help="environments side by side (default: 256)")
    env.add_argument("--steps", type=int, default=200, help="timed steps of all environments (default: 200)")
    env.set_defaults(run=run_env)
    idle = commands.add_parser("idle", help="how a task's episodes end with zero actions: the default posture, held")
    idle.add_argument("--task", default="VLA-Balance-G1", help="registered task (default: VLA-Balance-G1)")
    idle.add_argument("--num_envs", type=int, default=256, help="environments side by side (default: 256)")
    idle.add_argument("--episodes", type=int, default=256, help="episodes to run (default: 256)")
    idle.add_argument("--seed", type=int, default=1, help="random seed (default: 1)")
    idle.set_defaults(run=run_idle)
    learner = commands.add_parser("learner", help="gradient updates a second of SAC, ours and Stable-Baselines3's")
    learner.add_argument("--device", default="cpu", help="cpu, or cuda: compiled beside eager (default: cpu)")
    learner.add_argument("--compile", action="store_true", help="compile ours on the CPU too")
    learner.add_argument("--rounds", type=int, default=20, help="timed rounds of each, taken in turns (default: 20)")
    learner.add_argument("--seconds", type=float, default=0.4, help="length of a round [s] (default: 0.4)")
    learner.set_defaults(run=run_learner)
    learning = commands.add_parser("learning", help="time and steps that training runs needed to reach a success rate")
    learning.add_argument("runs", nargs="+", metavar="NAME=RUN_DIR", help="finished runs, e.g. sac=logs/rsl_rl/...")
    learning.add_argument("--success", type=float, default=0.9, help="success rate to reach (default: 0.9)")
    learning.add_argument("--plot", type=Path, metavar="PNG", help="draw all curves into this file")
    learning.set_defaults(run=run_learning)
    sb3 = commands.add_parser("sb3", help="learning curves on Gymnasium's tasks, ours and Stable-Baselines3's")
    sb3.add_argument("--env", default="HalfCheetah-v5", help="Gymnasium's environment (default: HalfCheetah-v5)")
    sb3.add_argument("--algo", choices=sorted(SETTINGS), default="sac", help="algorithm (default: sac)")
    sb3.add_argument("--steps", type=int, default=300_000, help="environment steps of each run (default: 300000)")
    sb3.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="one run for each (default: 0 1 2)")
    sb3.add_argument("--only", choices=IMPLEMENTATIONS, nargs="+", default=IMPLEMENTATIONS, help="leave out the other")
    sb3.add_argument("--every", type=int, default=10_000, help="steps between evaluations (default: 10000)")
    sb3.add_argument("--learning_starts", type=int, default=10_000, help="random steps at first (default: 10000)")
    sb3.add_argument("--update_every", type=int, default=1, help="steps a gradient update (default: 1)")
    sb3.add_argument("--plot", type=Path, metavar="PNG", help="draw the curves into this file")
    sb3.set_defaults(run=run_sb3)
    constrained = commands.add_parser(
        "constrained", help="return and cost of constrained learning on Gymnasium's tasks"
    )
    constrained.add_argument("--env", default="HalfCheetah-v5", help="that moves forward (default: HalfCheetah-v5)")
    constrained.add_argument("--threshold", type=float, default=3.2096, help="free of cost [m/s] (default: 3.2096)")
    constrained.add_argument("--limit", type=float, default=25.0, help="cost an episode (default: 25)")
    constrained.add_argument("--steps", type=int, default=200_000, help="environment steps of a run (default: 200000)")
    constrained.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="one run for each (default: 0 1 2)"
    )
    constrained.add_argument("--learners", choices=LEARNERS, nargs="+", default=LEARNERS, help="what to train")
    constrained.add_argument("--every", type=int, default=10_000, help="steps between evaluations (default: 10000)")
    constrained.add_argument(
        "--learning_starts", type=int, default=10_000, help="random steps at first (default: 10000)"
    )
    constrained.add_argument("--update_every", type=int, default=4, help="steps a gradient update (default: 4)")
    constrained.add_argument("--plot", type=Path, metavar="PNG", help="draw the curves into this file")
    constrained.set_defaults(run=run_constrained)
    imitation = commands.add_parser("imitation", help="BC and GAIL from one expert, ours and the `imitation` library's")
    imitation.add_argument("--env", default="Pendulum-v1", help="Gymnasium's environment (default: Pendulum-v1)")
    imitation.add_argument("--steps", type=int, default=20_480, help="environment steps of GAIL (default: 20480)")
    imitation.add_argument(
        "--update_every", type=int, default=2, help="of these, a gradient update of SAC (default: 2)"
    )
    imitation.add_argument("--learning_rate", type=float, default=3e-4, help="step size of GAIL's SAC (default: 3e-4)")
    imitation.add_argument("--tau", type=float, default=0.005, help="how fast its targets follow (default: 0.005)")
    imitation.add_argument("--expert_steps", type=int, default=15_000, help="of our SAC, the expert (default: 15000)")
    imitation.add_argument("--episodes", type=int, default=10, help="demonstrations (default: 10)")
    imitation.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="one run for each (default: 0 1 2)")
    imitation.add_argument("--learners", choices=OURS + THEIRS, nargs="+", default=OURS + THEIRS, help="what to train")
    imitation.add_argument("--imitation_python", type=Path, metavar="PYTHON", help="of the library's own environment")
    imitation.set_defaults(run=run_imitation)
    language = commands.add_parser("language", help="how well embeddings tell the goals of instructions apart")
    language.add_argument("--encoder", type=Path, metavar="DIR", help="the sentence encoder's folder")
    language.set_defaults(run=run_language)
    camera = commands.add_parser("camera", help="pictures a second of a task with a camera, and what it sees")
    camera.add_argument("--task", default="VLA-Reach-Camera-G1", help="registered task (default: VLA-Reach-Camera-G1)")
    camera.add_argument("--num_envs", type=int, default=64, help="environments side by side (default: 64)")
    camera.add_argument("--rounds", type=int, default=10, help="rounds, of which the fastest counts (default: 10)")
    camera.add_argument("--steps", type=int, default=20, help="steps of a round (default: 20)")
    camera.add_argument("--sheet", type=Path, metavar="PNG", help="write 4 x 8 pictures into this file")
    camera.set_defaults(run=run_camera)
    vla = commands.add_parser("vla", help="how fast the vision-language-action policy acts and learns")
    vla.add_argument("--calls", type=int, default=500, help="timed actions (default: 500)")
    vla.add_argument("--seconds", type=float, default=5.0, help="of training for each row [s] (default: 5)")
    vla.set_defaults(run=run_vla)
    export = commands.add_parser("export", help="does every agent's policy become a bundle that acts as it does?")
    export.add_argument("--tasks", nargs="+", default=None, help="registered tasks (default: every one)")
    export.add_argument("--num_envs", type=int, default=64, help="environments side by side (default: 64)")
    export.add_argument("--iterations", type=int, default=2, help="of training each agent (default: 2)")
    export.add_argument("--steps", type=int, default=16, help="of observations to compare on (default: 16)")
    export.add_argument("--seed", type=int, default=1, help="random seed (default: 1)")
    export.set_defaults(run=run_export)
    inference = commands.add_parser("inference", help="how long a policy takes for one observation, by engine")
    inference.add_argument("--bundle", type=Path, metavar="DIR", help="an exported one (default: Reach's, untrained)")
    inference.add_argument("--device", default="cpu", help="of torch: cpu or cuda (default: cpu)")
    inference.add_argument("--rounds", type=int, default=15, help="rounds of all engines in turns (default: 15)")
    inference.add_argument("--calls", type=int, default=200, help="timed calls of a round (default: 200)")
    inference.add_argument("--realtime", action="store_true", help="as a real-time thread, where that is permitted")
    inference.set_defaults(run=run_inference)
    safety = commands.add_parser("safety", help="the action filter under attack, and how long one of its steps takes")
    safety.add_argument("--num_envs", type=int, default=256, help="robots side by side (default: 256)")
    safety.add_argument("--steps", type=int, default=3907, help="steps of each (default: 3907: a million in all)")
    safety.add_argument("--unfiltered_steps", type=int, default=200, help="likewise without the filter (default: 200)")
    safety.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    safety.add_argument("--seed", type=int, default=0, help="of the adversary (default: 0)")
    safety.add_argument("--set", nargs="*", default=[], metavar="NAME=NUMBER", help="settings of the filter")
    safety.set_defaults(run=run_safety)
    loop = commands.add_parser("loop", help="how well the control loop keeps time, beside a process that burns a core")
    loop.add_argument("--bundle", type=Path, metavar="DIR", help="an exported one (default: Reach's VLA, untrained)")
    loop.add_argument("--seconds", type=float, default=60.0, help="of each loop [s] (default: 60)")
    loop.add_argument("--rate", type=float, default=100.0, help="ticks a second [Hz] (default: 100)")
    loop.add_argument("--plot", type=Path, metavar="PNG", help="draw the jitter into this file")
    loop.set_defaults(run=run_loop)
    mujoco = commands.add_parser("mujoco", help="a Reach policy in plain MuJoCo, on somebody else's G1")
    add_mujoco_arguments(mujoco)
    mujoco.set_defaults(run=run_mujoco)
    ros = commands.add_parser("ros", help="the ROS 2 node between a publisher and a listener: latency, lost messages")
    ros.add_argument("--bundle", type=Path, metavar="DIR", help="an exported one (default: Reach's VLA, untrained)")
    ros.add_argument("--seconds", type=float, default=60.0, help="of traffic [s] (default: 60)")
    ros.add_argument("--reliable", action="store_true", help="pictures with reliable delivery (default: best effort)")
    ros.set_defaults(run=run_ros)
    for command in commands.choices.values():
        command.add_argument("--json", type=Path, metavar="OUT", help="file for the figures")
    args, overrides = parser.parse_known_args()
    if overrides and args.command not in ("env", "idle", "camera"):
        raise InputError(f"unknown argument '{overrides[0]}'; see benchmark.py {args.command} --help")
    if args.json is not None and not args.json.resolve().parent.is_dir():
        raise InputError(f"cannot write '{args.json}': its folder does not exist; make it first")
    args.overrides = overrides
    figures = args.run(args)
    if args.json is not None:
        write_json(args.json, figures)


if __name__ == "__main__":
    run_main(main)
