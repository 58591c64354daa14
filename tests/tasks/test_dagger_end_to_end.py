"""What a user does to get a vision-language-action policy, on the real simulator."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SMALL = ["--num_envs", "4", "--device", "cpu"]


def run(folder: Path, *command: str) -> str:
    result = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-3000:]
    return result.stdout


@pytest.mark.slow
def test_teacher_lessons_evaluation_and_video(tmp_path: Path, scripts: Path) -> None:
    train = str(scripts / "train.py")
    short = ["--max_iterations", "2", "--episodes", "4", "--no_video", *SMALL]
    settings = ["agent.algorithm.learning_starts=16", "env.episode_length_s=0.5"]
    run(tmp_path, train, "--task", "VLA-Reach-Command-G1", *short, "--json", "teacher.json", *settings)
    teacher = json.loads((tmp_path / "teacher.json").read_text())["checkpoint"]
    camera = ["--task", "VLA-Reach-Camera-G1", "--agent", "dagger"]
    settings = [f"agent.algorithm.teacher={teacher}", "agent.algorithm.batch_size=8", "env.episode_length_s=0.5"]
    run(tmp_path, train, *camera, *short, "--json", "lessons.json", *settings)
    lessons = json.loads((tmp_path / "lessons.json").read_text())
    assert lessons["steps"] == 2 * 8 * 4
    assert {"held_out_success_rate", "swap_told_rate"} < lessons.keys()
    play = [str(scripts / "play.py"), *camera, "--checkpoint", lessons["checkpoint"], "--video", "--num_envs", "1"]
    run(tmp_path, *play, "--instruction", "would you mind getting your right palm onto the lemon cone?")
    video = Path(lessons["checkpoint"]).parent / "play.mp4"
    assert (tmp_path / video).stat().st_size > 10_000


@pytest.mark.slow
def test_lessons_of_a_script_need_no_checkpoint(tmp_path: Path, scripts: Path) -> None:
    lessons = ["--task", "VLA-Lift-G1", "--agent", "dagger", "--max_iterations", "2", "--episodes", "4", "--no_video"]
    settings = ["agent.algorithm.batch_size=8", "env.episode_length_s=0.5"]
    run(tmp_path, str(scripts / "train.py"), *lessons, *SMALL, "--json", "lessons.json", *settings)
    assert json.loads((tmp_path / "lessons.json").read_text())["steps"] == 2 * 8 * 4
