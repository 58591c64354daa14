"""scripts/export.py: from a training's checkpoint to a bundle, and what it refuses."""

import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from humanoid_vla.runtime.bundle import load_bundle

TASK = ("--task", "VLA-Reach-G1")


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], scripts: Path) -> Any:
    """Run a script in this process; what it says against its input."""

    def run(name: str, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [str(scripts / name), *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(scripts / name), run_name="__main__")
        assert end.value.code == 2
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 1
        assert said[0].startswith(f"{name}: error: ")
        return said[0]

    return run


def test_places_and_numbers_are_looked_at_before_the_work(refused: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").touch()
    for arguments, said in (
        ((), "--out"),
        (("--out", str(tmp_path / "home")), "home' exists and is no bundle"),
        (("--out", str(tmp_path / "file")), "file' exists and is no bundle"),
        (("--out", str(tmp_path / "file" / "bundle")), "file' is a file"),
        (("--out", str(tmp_path / "b"), "--steps", "0"), "--steps is 0"),
        (("--out", str(tmp_path / "b"), "--checkpoint", "nope.pt"), "'nope.pt' does not exist"),
        (("--out", str(tmp_path / "b"), "--json", str(tmp_path / "no" / "f.json")), "make it first"),
    ):
        assert said in refused("export.py", *TASK, *arguments)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "home"]


def test_an_evaluation_refuses_what_is_no_bundle_of_the_task(refused: Any, tmp_path: Path) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runtime"))
    from bundles import make_bundle  # type: ignore  (beside the tests of runtime)

    bundle = make_bundle(tmp_path / "bundle")
    place = str(bundle.path)
    assert "there is no bundle" in refused("evaluate.py", *TASK, "--bundle", str(tmp_path / "nope"))
    assert "is of VLA-Test-G1, but --task is VLA-Reach-G1" in refused("evaluate.py", *TASK, "--bundle", place)
    two = ("--bundle", place, "--checkpoint", "model_1.pt")
    assert "name two policies" in refused("evaluate.py", *TASK, *two)
    other = ("--task", "VLA-Test-G1", "--bundle", place, "--agent", "ddpg")
    assert "is of agent 'test', but --agent is 'ddpg'" in refused("evaluate.py", *other)
    policy = bundle.path / "policy.onnx"
    content = bytearray(policy.read_bytes())
    content[100] ^= 1
    policy.write_bytes(content)
    assert "policy.onnx was changed after it was written" in refused("evaluate.py", *TASK, "--bundle", place)


@pytest.mark.slow
def test_from_a_checkpoint_to_an_evaluation(scripts: Path, checkpoint: Path, tmp_path: Path) -> None:
    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(scripts / name), *TASK, "--seed", "1", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)

    files = ("--checkpoint", str(checkpoint), "--out", "reach", "--json", "export.json")
    exported = run("export.py", *files, "--num_envs", "4", "--steps", "4")
    assert exported.returncode == 0, exported.stderr[-3000:]
    figures = json.loads((tmp_path / "export.json").read_text())
    assert figures["max_abs_error"] <= 1e-5
    assert figures["cosine"] >= 0.9999
    bundle = load_bundle(tmp_path / "reach")
    assert bundle.provenance["checkpoint"].endswith(checkpoint.name)
    assert (bundle.task, bundle.agent, bundle.chunk_size) == ("VLA-Reach-G1", "sac", 1)

    short = ("--episodes", "4", "--num_envs", "4", "env.episode_length_s=0.5")
    ours = run("evaluate.py", "--bundle", "reach", "--json", "bundle.json", *short)
    assert ours.returncode == 0, ours.stderr[-3000:]
    theirs = run("evaluate.py", "--checkpoint", str(checkpoint), "--json", "checkpoint.json", *short)
    assert theirs.returncode == 0, theirs.stderr[-3000:]
    of_bundle, of_checkpoint = (
        json.loads((tmp_path / name).read_text()) for name in ("bundle.json", "checkpoint.json")
    )
    assert of_bundle["bundle"] == "reach"
    for name in ("success_rate", "mean_length", "terminations"):  # the same episodes
        assert of_bundle[name] == of_checkpoint[name]
    assert of_bundle["mean_return"] == pytest.approx(of_checkpoint["mean_return"], abs=0.05)

    other = run("evaluate.py", "--bundle", "reach", *short, "env.actions.joint_pos.max_speed=0.6")
    assert other.returncode == 2
    assert "joints.max_speed.0 is 1.2 in the bundle, 0.6 here" in other.stderr.splitlines()[-1]
    shutil.rmtree(tmp_path / "reach")
