"""Bad input to ``record_demos.py``: one line, exit code 2, nothing written."""

import runpy
import sys
from pathlib import Path

import pytest
import torch

TASK = ("--task", "VLA-Reach-G1")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((*TASK, "--out", "demos.hdf5", "--episodes", "0"), ["--episodes is 0", "at least 1"]),
        ((*TASK,), ["--out", "--help"]),
        ((*TASK, "--out", "nope/demos.hdf5"), ["'nope/demos.hdf5'", "make it first"]),
        ((*TASK, "--out", "there.hdf5"), ["'there.hdf5' exists", "--out"]),
        ((*TASK, "--out", "."), ["'.'", "give a file"]),
        ((*TASK, "--out", "demos.hdf5", "--json", "nope/figures.json"), ["'nope/figures.json'", "make it first"]),
        ((*TASK, "--out", "demos.hdf5", "--num_envs", "0"), ["--num_envs is 0"]),
        ((*TASK, "--out", "demos.hdf5", "--checkpoint", "nope.pt"), ["'nope.pt' does not exist"]),
        ((*TASK, "--out", "demos.hdf5", "--checkpoint", "ppo.pt"), ["was written by PPO", "--agent"]),
        (("--task", "VLA-Nope", "--out", "demos.hdf5"), ["'VLA-Nope'", "VLA-Reach-G1"]),
    ],
)
def test_bad_input(
    arguments: tuple[str, ...],
    expected: list[str],
    tmp_path: Path,
    scripts: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.hdf5").touch()
    torch.save({"actor_state_dict": {}, "iter": 1}, "ppo.pt")
    monkeypatch.setattr(sys, "argv", ["record_demos.py", *arguments])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(scripts / "record_demos.py"), run_name="__main__")
    assert end.value.code == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("record_demos.py: error: ")
    assert all(part in said for part in expected), said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ppo.pt", "there.hdf5"]
