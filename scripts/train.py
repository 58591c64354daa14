#!/usr/bin/env python3
"""Train an agent on a task through `isaaclab train`, then evaluate it, plot its learning curve and film it.

The same training as Isaac Lab's own command, with short names for agents, a progress bar and pictures at the end.
Everything after the known options goes to Isaac Lab: ``physics=ovphysx``, ``agent.algorithm.gamma=0.95`` ...
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from common import (
    InputError,
    Parser,
    add_task_arguments,
    check_checkpoint_file,
    check_json_argument,
    check_task_arguments,
    isaaclab_settings,
    load_configs,
    run_main,
    write_json,
)
from curves import read_curve, save_plot
from listening import prepare_sentences

HERE = Path(__file__).parent
EVALUATION_SEED = 1
"""No training uses it: their seeds start at 42."""


def main() -> None:
    parser = Parser(__doc__)
    add_task_arguments(parser)
    parser.add_argument("--max_iterations", type=int, help="iterations of the runner (default: the agent's)")
    parser.add_argument("--episodes", type=int, default=256, help="episodes to evaluate afterwards (default: 256)")
    parser.add_argument("--no_video", action="store_true", help="do not film the trained policy")
    parser.add_argument("--json", metavar="FILE", help="file for the figures")
    args, overrides = parser.parse_known_args()
    entry_point = check_task_arguments(args)
    for option in ("max_iterations", "episodes"):
        if (value := getattr(args, option)) is not None and value < 1:
            raise InputError(f"--{option} is {value}; it must be at least 1")
    check_json_argument(args.json)
    settings = isaaclab_settings(overrides)
    _, agent_cfg = load_configs(args, entry_point, settings)
    check_demonstrations(args.agent, agent_cfg)
    check_teacher(args.agent, agent_cfg)
    prepare_sentences(args.task)
    if args.seed is None:
        args.seed = agent_cfg.seed

    run_dir = train(args, entry_point, overrides, args.max_iterations or agent_cfg.max_iterations)
    curve = read_curve(run_dir)
    save_plot(run_dir / "curve.png", {args.agent: curve}, title=f"{args.agent} on {args.task}, seed {args.seed}")
    common = ["--task", args.task, "--agent", args.agent, "--checkpoint", str(last_checkpoint(run_dir))]
    common += ["--device", args.device] if args.device else []
    common += settings  # the policy is judged in the world it was trained in, and has the networks it was given
    evaluation = run_dir / "evaluation.json"
    run_script(
        "evaluate.py",
        *common,
        "--episodes",
        str(args.episodes),
        "--seed",
        str(EVALUATION_SEED),
        "--json",
        str(evaluation),
    )
    print(f"training      {curve.wall_s[-1]:.0f} s, {curve.steps[-1]:,} environment steps")
    print(f"run           {run_dir}")
    print(f"curve         {run_dir / 'curve.png'}")
    if not args.no_video:
        run_script("play.py", *common, "--video", "--num_envs", "1", "--seed", str(EVALUATION_SEED))
    if args.json:
        figures = {"run_dir": str(run_dir), "wall_s": curve.wall_s[-1], "steps": curve.steps[-1]}
        write_json(args.json, figures | json.loads(evaluation.read_text(encoding="utf-8")))


def check_demonstrations(agent: str, agent_cfg: Any) -> None:
    """Refuse an agent that learns from demonstrations and was given none, or a file that cannot be used.

    Raises:
        InputError: One line that names the setting or the file.
    """
    if not hasattr(agent_cfg.algorithm, "demonstrations"):
        return
    file = agent_cfg.algorithm.demonstrations
    if file is None:
        raise InputError(
            f"agent '{agent}' learns from demonstrations: record them with scripts/record_demos.py and add"
            " agent.algorithm.demonstrations=FILE.hdf5"
        )
    from humanoid_vla.demos.reader import DemoFile

    try:
        DemoFile(file)
    except ValueError as error:
        raise InputError(str(error)) from None


def check_teacher(agent: str, agent_cfg: Any) -> None:
    """Refuse an agent that learns from a teacher and was given none, or a checkpoint that cannot be one.

    Raises:
        InputError: One line that names the setting or the file.
    """
    if not hasattr(agent_cfg.algorithm, "teacher"):
        return
    if agent_cfg.algorithm.teacher is None:
        raise InputError(
            f"agent '{agent}' learns from a teacher: train SAC on VLA-Reach-Command-G1 and add"
            " agent.algorithm.teacher=logs/.../model_399.pt"
        )
    if agent_cfg.algorithm.teacher != "scripted":
        check_checkpoint_file(existing_file(agent_cfg.algorithm.teacher), "SAC")
    if agent_cfg.algorithm.clone is not None:
        check_checkpoint_file(existing_file(agent_cfg.algorithm.clone), "BC")


def existing_file(path: str) -> Path:
    """Raise :class:`InputError` where there is no such file."""
    if not Path(path).is_file():
        raise InputError(f"checkpoint '{path}' does not exist; give a model_*.pt file")
    return Path(path)


def train(args: argparse.Namespace, entry_point: str, overrides: list[str], iterations: int) -> Path:
    """Run ``isaaclab train`` behind a progress bar; its output goes to ``train.log`` in the run's folder.

    Returns:
        The run's folder.
    """
    command = [sys.executable, "-u", "-m", "isaaclab", "train", "--rl_library", "rsl_rl"]
    command += ["--task", args.task, "--agent", entry_point, "--seed", str(args.seed)]
    for option in ("num_envs", "device", "max_iterations"):
        if (value := getattr(args, option)) is not None:
            command += [f"--{option}", str(value)]
    output: list[str] = []
    figures = {"success": "", "reward": ""}
    # isaaclab prints what it does in lines of "name: value" an iteration
    patterns = {
        "success": re.compile(r"Episode_Termination/success: (\S+)"),
        "reward": re.compile(r"Mean reward: (\S+)"),
    }
    bar = tqdm(total=iterations, unit="it", desc=f"{args.agent} on {args.task}", dynamic_ncols=True)
    # The networks are small: one thread does an update in 5.4 ms, two that wait for each other in 4.2 ms on an idle
    # machine and in many times that beside any other program.
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    with subprocess.Popen(
        command + overrides,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                output.append(line)
                for name, pattern in patterns.items():
                    if match := pattern.search(line):
                        figures[name] = match[1]
                if "Learning iteration" in line:
                    bar.set_postfix(figures, refresh=False)
                    bar.update()
        except KeyboardInterrupt:
            process.wait()  # Isaac Lab stops at the end of the iteration and saves
    bar.close()
    log = "".join(output)
    if process.returncode:
        raise SystemExit(f"isaaclab train failed with exit code {process.returncode}:\n{''.join(output[-25:])}")
    folder = re.search(r"Logging experiment in directory: (.+)", log)
    name = re.search(r"Exact experiment name requested from command line: (\S+)", log)
    assert folder is not None
    assert name is not None
    runs = [path for path in Path(folder[1].strip()).iterdir() if path.name.startswith(name[1])]
    run_dir = max(runs, key=lambda path: path.stat().st_mtime)
    (run_dir / "train.log").write_text(log, encoding="utf-8")
    return run_dir


def last_checkpoint(run_dir: Path) -> Path:
    """The checkpoint of the last iteration."""
    return max(run_dir.glob("model_*.pt"), key=lambda path: int(path.stem.removeprefix("model_")))


def run_script(name: str, *arguments: str) -> None:
    """Run another script of this folder; a failure ends this one."""
    if code := subprocess.run([sys.executable, str(HERE / name), *arguments]).returncode:
        raise SystemExit(code)


if __name__ == "__main__":
    run_main(main)
