#!/usr/bin/env python3
"""From nothing to a policy that follows instructions it never saw, from pixels: what ``make vla`` runs.

Five stages, each a script of this folder: a teacher that is given the goal (SAC), its demonstrations, their clone, the
clone's lessons with the teacher (DAgger), and the examination with a video. A stage whose figures are in the
folder is not run again: stop it whenever you like, and start it again. At the end, a table.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import InputError, Parser, run_main, write_json
from train import EVALUATION_SEED, run_script

TASK, TEACHER_TASK = "VLA-Reach-Camera-G1", "VLA-Reach-Command-G1"
INSTRUCTIONS = "humanoid_vla.language.reach:REACH_INSTRUCTIONS"
VIDEO_INSTRUCTION = "would you mind getting your right palm onto the lemon cone?"
"""Of the held-out wordings."""


def main() -> None:
    parser = Parser(__doc__)
    parser.add_argument("--out", default="logs/vla", metavar="DIR", help="folder of all results (default: logs/vla)")
    parser.add_argument("--seed", type=int, default=42, help="random seed (default: 42)")
    parser.add_argument("--demonstrations", type=int, default=400, help="episodes to clone (default: 400)")
    parser.add_argument("--episodes", type=int, default=512, help="episodes of each examination (default: 512)")
    args = parser.parse_args()
    for option in ("demonstrations", "episodes"):
        if getattr(args, option) < 1:
            raise InputError(f"--{option} is {getattr(args, option)}; it must be at least 1")
    # Threads that wait for each other beside another program cost far more than two of them gain on a quiet machine.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    pipeline = Pipeline(out, args.seed, args.demonstrations, args.episodes)
    figures = {stage.__name__: pipeline.run(stage) for stage in pipeline.stages}
    table = summary(figures)
    (out / "summary.md").write_text(table, encoding="utf-8")
    print(f"\n{table}\nvideo  {out / 'play.mp4'}\ntable  {out / 'summary.md'}")
    policy = figures["lessons"]["checkpoint"]
    print(f"try it  scripts/play.py --task {TASK} --agent dagger --checkpoint {policy} --viz viser")


class Pipeline:
    """The stages, and where their results go.

    Args:
        out: Folder of all results.
        seed: Of every training.
        demonstrations: Episodes to clone.
        episodes: Episodes of each examination.
    """

    def __init__(self, out: Path, seed: int, demonstrations: int, episodes: int) -> None:
        self.out, self.seed, self.demonstrations, self.episodes = out, seed, demonstrations, episodes
        self.stages: list[Callable[[], dict[str, Any]]] = [
            self.teacher,
            self.recording,
            self.clone,
            self.lessons,
            self.examination,
        ]

    def run(self, stage: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The figures of a stage, which is run unless they are there."""
        number, name = self.stages.index(stage) + 1, stage.__name__
        file = self.figures_file(name)
        print(f"\n[{number}/{len(self.stages)}] {name}" + (f": done before, see {file}" if file.exists() else ""))
        if file.exists():
            return json.loads(file.read_text(encoding="utf-8"))
        start = time.perf_counter()
        figures = stage()
        figures["stage_s"] = time.perf_counter() - start
        write_json(file, figures)
        return figures

    def figures_file(self, stage: str) -> Path:
        """Where the figures of a stage are once it is done."""
        return self.out / f"{stage}.json"

    def figures(self, stage: str) -> dict[str, Any]:
        """The figures of an earlier stage."""
        return json.loads(self.figures_file(stage).read_text(encoding="utf-8"))

    def teacher(self) -> dict[str, Any]:
        """SAC that is given the goal itself, and the geometry that only the simulator knows."""
        return self.train(TEACHER_TASK, "sac", "--max_iterations", "250", "--episodes", "128")

    def recording(self) -> dict[str, Any]:
        """The teacher's successes, with pictures and sentences."""
        file = self.out / "demos.hdf5"
        file.unlink(missing_ok=True)  # of a recording that was broken off
        teacher = ["--task", TASK, "--agent", "teacher", "--checkpoint", self.figures("teacher")["checkpoint"]]
        options = ["--episodes", str(self.demonstrations), "--seed", str(self.seed), "--out", str(file)]
        return self.script("record_demos.py", *teacher, *options)

    def clone(self) -> dict[str, Any]:
        """The vision-language-action policy, from the demonstrations alone."""
        out = self.out / "clone"
        data = ["--dataset", str(self.out / "demos.hdf5"), "--instructions", INSTRUCTIONS]
        resume = ["--resume"] if (out / "model_last.pt").exists() else []
        return self.script(
            "train_bc.py", "--policy", "vla", *data, "--seed", str(self.seed), "--out", str(out), *resume
        )

    def lessons(self) -> dict[str, Any]:
        """The policy acts, and the teacher says what it should have done."""
        teacher, clone = (self.figures(stage)["checkpoint"] for stage in ("teacher", "clone"))
        settings = [f"agent.algorithm.teacher={teacher}", f"agent.algorithm.clone={clone}"]
        return self.train(TASK, "dagger", "--episodes", str(self.episodes), *settings)

    def examination(self) -> dict[str, Any]:
        """The last policy as it is, without eyes and with another's sentence; and a video."""
        lessons = self.figures("lessons")
        policy = ["--task", TASK, "--agent", "dagger", "--checkpoint", lessons["checkpoint"]]
        policy += ["--seed", str(EVALUATION_SEED)]
        figures = {key: value for key, value in lessons.items() if key != "stage_s"}
        for ablation in ("blank_image", "shuffle_language"):
            options = ["--episodes", str(self.episodes), "--ablation", ablation]
            figures[ablation] = self.script("evaluate.py", *policy, *options)["success_rate"]
        run_script("play.py", *policy, "--video", "--num_envs", "1", "--instruction", VIDEO_INSTRUCTION)
        shutil.copyfile(Path(lessons["checkpoint"]).parent / "play.mp4", self.out / "play.mp4")
        return figures

    def train(self, task: str, agent: str, *arguments: str) -> dict[str, Any]:
        """Run ``train.py``; its figures, those of the evaluation included."""
        common = ["--task", task, "--agent", agent, "--seed", str(self.seed), "--no_video"]
        return self.script("train.py", *common, *arguments)

    def script(self, name: str, *arguments: str) -> dict[str, Any]:
        """Run a script of this folder; its figures."""
        file = self.out / ".figures.tmp.json"
        run_script(name, *arguments, "--json", str(file))
        figures = json.loads(file.read_text(encoding="utf-8"))
        file.unlink()
        return figures


def summary(figures: dict[str, dict[str, Any]]) -> str:
    """One table of all stages, Markdown."""
    teacher, recording, clone, lessons, exam = figures.values()
    results = {
        "teacher": f"{teacher['success_rate']:.3f} success, given the goal and the geometry",
        "recording": f"{recording['episodes']} demonstrations, {recording['file_bytes'] / 1e6:.0f} MB",
        "clone": f"{clone['parameters'] / 1e6:.2f} million parameters, {clone['samples_per_s']:,.0f} images/s",
        "lessons": f"{lessons['steps']:,} steps of {TASK}",
        "examination": f"{exam['success_rate']:.3f} success with wordings it knows ({exam['episodes']} episodes)",
    }
    questions = {
        "held-out wordings": f"{exam['held_out_success_rate']:.3f}",
        "told of another object": f"{exam['swap_success_rate']:.3f}, and {exam['swap_told_rate']:.3f} at the told one",
        "image blanked": f"{exam['blank_image']:.3f}",
        "language shuffled": f"{exam['shuffle_language']:.3f}",
    }
    rows = [f"| {name} | {figures[name]['stage_s'] / 60:.1f} | {text} |" for name, text in results.items()]
    rows += [f"| - {name} | | {text} |" for name, text in questions.items()]
    total = sum(stage["stage_s"] for stage in figures.values())
    return "\n".join(["| stage | minutes | result |", "|---|---|---|", *rows, f"| all | {total / 60:.1f} | |"]) + "\n"


if __name__ == "__main__":
    run_main(main)
