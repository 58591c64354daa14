"""``vla.py``: five stages in order, each of which is done once."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import vla
from common import InputError

FIGURES: dict[str, dict[str, Any]] = {
    "train.py": {
        "run_dir": "run",
        "checkpoint": "run/model_1.pt",
        "steps": 1234,
        "episodes": 8,
        "success_rate": 0.75,
        "held_out_success_rate": 0.5,
        "swap_success_rate": 0.0,
        "swap_told_rate": 0.875,
    },
    "record_demos.py": {"episodes": 6, "file_bytes": 2_000_000},
    "train_bc.py": {"checkpoint": "clone/model_best.pt", "parameters": 840_000, "samples_per_s": 1390.0},
    "evaluate.py": {"success_rate": 0.125},
}


class Scripts:
    """Stands in for the scripts: remembers the calls and writes their figures."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.broken: str | None = None

    def __call__(self, name: str, *arguments: str) -> None:
        self.calls.append([name, *arguments])
        if name == self.broken:
            raise SystemExit(1)
        if name == "play.py":
            Path("run").mkdir(exist_ok=True)
            Path("run/play.mp4").write_bytes(b"film")
        else:
            Path(arguments[arguments.index("--json") + 1]).write_text(json.dumps(FIGURES[name]))

    def names(self) -> list[str]:
        return [call[0] for call in self.calls]


@pytest.fixture
def scripts_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scripts:
    stand_in = Scripts()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(vla, "run_script", stand_in)
    monkeypatch.setattr(sys, "argv", ["vla.py", "--demonstrations", "6", "--episodes", "8", "--out", "out"])
    return stand_in


ALL = ["train.py", "record_demos.py", "train_bc.py", "train.py", "evaluate.py", "evaluate.py", "play.py"]


def test_each_stage_gets_what_the_one_before_made(scripts_run: Scripts, capsys: pytest.CaptureFixture[str]) -> None:
    vla.main()
    teacher, recording, clone, lessons, blank, shuffled, play = scripts_run.calls
    assert scripts_run.names() == ALL
    assert teacher[teacher.index("--task") + 1] == "VLA-Reach-Command-G1"
    assert recording[recording.index("--checkpoint") + 1] == "run/model_1.pt"
    assert recording[recording.index("--episodes") + 1] == "6"
    assert clone[clone.index("--dataset") + 1] == str(Path("out/demos.hdf5"))
    assert "agent.algorithm.teacher=run/model_1.pt" in lessons
    assert "agent.algorithm.clone=clone/model_best.pt" in lessons
    assert [call[call.index("--ablation") + 1] for call in (blank, shuffled)] == ["blank_image", "shuffle_language"]
    assert vla.VIDEO_INSTRUCTION in play
    assert Path("out/play.mp4").read_bytes() == b"film"
    table = Path("out/summary.md").read_text()
    assert table in capsys.readouterr().out
    for figure in ("0.750", "0.500", "0.000, and 0.875", "0.84 million", "1,390 images/s", "1,234 steps", "2 MB"):
        assert figure in table
    assert table.count("0.125") == 2


def test_a_stage_that_is_done_is_not_run_again(scripts_run: Scripts) -> None:
    scripts_run.broken = "train_bc.py"
    with pytest.raises(SystemExit):
        vla.main()
    assert scripts_run.names() == ALL[:3]
    Path("out/clone").mkdir()
    Path("out/clone/model_last.pt").touch()  # it was under way
    scripts_run.calls, scripts_run.broken = [], None
    vla.main()
    assert scripts_run.names() == ALL[2:]
    assert "--resume" in scripts_run.calls[0]
    scripts_run.calls = []
    vla.main()
    assert scripts_run.calls == []


def test_a_recording_that_was_broken_off_is_made_anew(scripts_run: Scripts) -> None:
    Path("out").mkdir()
    Path("out/demos.hdf5").write_bytes(b"half")
    vla.main()
    assert not Path("out/demos.hdf5").exists()  # the stand-in makes none


@pytest.mark.parametrize("option", ["demonstrations", "episodes"])
def test_bad_input(scripts_run: Scripts, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    monkeypatch.setattr(sys, "argv", ["vla.py", f"--{option}", "0"])
    with pytest.raises(InputError, match=f"--{option} is 0; it must be at least 1"):
        vla.main()
    assert scripts_run.calls == []
