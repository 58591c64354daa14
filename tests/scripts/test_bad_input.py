"""Bad input gives one line that names the value and a remedy, exit code 2, and leaves no trace."""

import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import isaaclab.utils.warp  # noqa: F401  (pytest shows its deprecation, which no script's user sees)
import pytest
import torch

from humanoid_vla.assets import g1

TASK = ("--task", "VLA-Reach-G1")
Run = Callable[..., str]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, scripts: Path) -> Run:
    """Run a script in this process, in an empty folder; what it says against its input."""
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def run(name: str, *arguments: str, quiet: bool = True) -> str:
        monkeypatch.setattr(sys, "argv", [str(scripts / name), *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(scripts / name), run_name="__main__")
        assert end.value.code == 2
        said = capsys.readouterr().err
        assert "Traceback" not in said
        *before, last = said.splitlines()
        assert before == [] or not quiet
        assert last.startswith(f"{name}: error: ")
        assert list(folder.iterdir()) == []
        return last

    return run


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--task", "VLA-Nope"), ["'VLA-Nope'", "VLA-Reach-G1"]),
        ((*TASK, "--agent", "nope"), ["'nope'", "ppo, sac"]),
        ((*TASK, "--num_envs", "0"), ["--num_envs is 0", "at least 1"]),
        ((*TASK, "--num_envs", "-3"), ["--num_envs is -3", "at least 1"]),
        ((*TASK, "--num_envs", "many"), ["--num_envs", "'many'", "--help"]),
        ((*TASK, "--device", "cuda:77"), ["'cuda:77'", "use cpu or cuda:N"]),
        ((*TASK, "--device", "nonsense"), ["'nonsense'", "use cpu or cuda:N"]),
        ((*TASK, "--device", "mps"), ["'mps'", "use cpu or cuda:N"]),
        ((), ["--task", "--help"]),
    ],
)
@pytest.mark.parametrize("script", ["train.py", "play.py", "evaluate.py"])
def test_of_any_script(refused: Run, script: str, arguments: tuple[str, ...], expected: list[str]) -> None:
    said = refused(script, *arguments)
    assert all(part in said for part in expected), said


@pytest.mark.parametrize("script", ["train.py", "play.py", "evaluate.py"])
@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("env.nope=1", ["'env.nope=1'", "'nope'"]),
        ("env.scene.num_env=4", ["'env.scene.num_env=4'", "did you mean: num_envs?"]),
        ("agent.algorithm.gama=0.9", ["did you mean: gamma?"]),
        ("env.scene.num_envs.nope=4", ["sets nothing"]),
        ("agent.actor.hidden_dims=nope", ["'nope' is not a list in brackets", "[128, 128]"]),
        ("agent.algorithm.gamma=nope", ["'nope' is not a number", "0.95"]),
        ("agent.actor.obs_normalization=2", ["'2' is not true or false"]),
        ("env.scene.robot.spawn.usd_path=/nope.usda", ["'/nope.usda'", "'robot'", "python -m humanoid_vla.assets"]),
        ("physics=nope", ["nope", "newton_mjwarp", "ovphysx"]),
        ("nope=1", ["'nope=1'", "env.NAME=VALUE"]),
    ],
)
def test_of_a_setting(refused: Run, checkpoint: Path, script: str, setting: str, expected: list[str]) -> None:
    chosen = () if script == "train.py" else ("--checkpoint", str(checkpoint))
    said = refused(script, *TASK, *chosen, setting)
    assert all(part in said for part in expected), said


@pytest.mark.parametrize(
    ("script", "arguments", "expected"),
    [
        ("train.py", ("--max_iterations", "0"), ["--max_iterations is 0"]),
        ("train.py", ("--episodes", "0"), ["--episodes is 0"]),
        ("train.py", ("--json", "nope/figures.json"), ["'nope/figures.json'", "make it first"]),
        ("train.py", ("env.scene.num_envs=-3",), ["env.scene.num_envs is -3"]),
        ("evaluate.py", ("--episodes", "0"), ["--episodes is 0"]),
        ("evaluate.py", ("--episodes", "-1"), ["--episodes is -1"]),
        ("evaluate.py", ("--json", "nope/figures.json"), ["'nope/figures.json'", "make it first"]),
        ("evaluate.py", ("--json", "."), ["'.'", "give a file"]),
        ("evaluate.py", ("--nope",), ["'--nope'", "--help"]),
        ("evaluate.py", ("--instructions", "nope.yaml"), ["'nope.yaml'", "No such file"]),
        ("play.py", ("--instruction", " "), ["--instruction is empty", "touch the red cube"]),
        ("evaluate.py", ("nope",), ["'nope'", "--help"]),
    ],
)
def test_of_one_script(
    refused: Run, checkpoint: Path, script: str, arguments: tuple[str, ...], expected: list[str]
) -> None:
    chosen = () if script == "train.py" else ("--checkpoint", str(checkpoint))
    said = refused(script, *TASK, *chosen, *arguments)
    assert all(part in said for part in expected), said


def truncated(checkpoint: Path, path: Path) -> None:
    content = checkpoint.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def empty(checkpoint: Path, path: Path) -> None:
    path.touch()


def some_text(checkpoint: Path, path: Path) -> None:
    path.write_text("a checkpoint, honestly\n")


def something_else(checkpoint: Path, path: Path) -> None:
    torch.save({"weights": torch.zeros(3)}, path)


def written_by_ppo(checkpoint: Path, path: Path) -> None:
    ppo = ("actor_state_dict", "critic_state_dict", "optimizer_state_dict", "infos")
    torch.save({**{key: {} for key in ppo}, "iter": 1}, path)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (truncated, "no readable checkpoint"),
        (empty, "no readable checkpoint"),
        (some_text, "no readable checkpoint"),
        (something_else, "not a training checkpoint"),
        (written_by_ppo, "was written by PPO, but the agent is SAC; name the other with --agent"),
    ],
)
@pytest.mark.parametrize("script", ["play.py", "evaluate.py"])
def test_of_a_file_that_is_no_checkpoint(
    refused: Run, checkpoint: Path, tmp_path: Path, script: str, make: Callable[[Path, Path], None], expected: str
) -> None:
    path = tmp_path / "model_7.pt"
    make(checkpoint, path)
    said = refused(script, *TASK, "--checkpoint", str(path))
    assert f"'{path}'" in said
    assert expected in said


class _Trap:
    """Unpickled, it would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("script", ["play.py", "evaluate.py"])
def test_code_in_a_checkpoint_never_runs(refused: Run, tmp_path: Path, script: str) -> None:
    sprung = tmp_path / "sprung"
    path = tmp_path / "model_7.pt"
    torch.save({"actor_state_dict": _Trap(sprung), "iter": 1}, path)
    assert "no readable checkpoint" in refused(script, *TASK, "--checkpoint", str(path))
    assert not sprung.exists()
    torch.load(path, weights_only=False)
    assert sprung.exists()  # the trap works


@pytest.mark.parametrize("script", ["play.py", "evaluate.py"])
def test_of_a_checkpoint_that_is_not_there(refused: Run, script: str) -> None:
    assert "'nope/model_1.pt' does not exist" in refused(script, *TASK, "--checkpoint", "nope/model_1.pt")
    said = refused(script, *TASK)  # the latest, where nothing was trained
    assert "no run of agent 'sac' on VLA-Reach-G1" in said
    assert "scripts/train.py --task VLA-Reach-G1 --agent sac" in said


def test_of_an_agent_that_did_not_write_the_checkpoint(refused: Run, checkpoint: Path) -> None:
    said = refused("evaluate.py", *TASK, "--checkpoint", str(checkpoint), "--agent", "ppo")
    assert "was written by SAC, but the agent is PPO" in said


@pytest.mark.parametrize("script", ["play.py", "evaluate.py"])
def test_of_a_checkpoint_of_another_task(refused: Run, checkpoint: Path, tmp_path: Path, script: str) -> None:
    content = torch.load(checkpoint, weights_only=True)
    content["policy_shape"]["actor observation size"] = 7
    path = tmp_path / "other" / "model_7.pt"
    path.parent.mkdir()
    torch.save(content, path)
    # only the simulator knows what the task observes, and it has things to say
    said = refused(script, *TASK, "--checkpoint", str(path), "--num_envs", "1", quiet=False)
    assert f"cannot play '{path}'" in said
    assert "another task or policy: actor observation size is 7 in the checkpoint and" in said
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_of_a_checkpoint_of_other_networks(refused: Run, checkpoint: Path) -> None:
    arguments = ("--checkpoint", str(checkpoint), "--num_envs", "1", "agent.actor.hidden_dims=[7]")
    said = refused("evaluate.py", *TASK, *arguments, quiet=False)
    assert "actor has another architecture; these tensors differ: mlp.0.weight" in said


def test_of_a_package_without_its_robot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(g1, "DATA_DIR", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"g1\.usda is missing; write it with: python -m humanoid_vla\.assets"):
        g1.usd_path("g1.usda")


def test_in_a_process_of_its_own(tmp_path: Path, scripts: Path) -> None:
    result = subprocess.run(
        [sys.executable, str(scripts / "evaluate.py"), *TASK, "--checkpoint", "nope.pt"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == (
        "evaluate.py: error: checkpoint 'nope.pt' does not exist; give a model_*.pt file or 'latest'\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("agent", ["bc", "gail"])
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ((), ["learns from demonstrations", "agent.algorithm.demonstrations=FILE"]),
        (("agent.algorithm.demonstrations=nope.hdf5",), ["nope.hdf5", "record_demos.py"]),
        ((f"agent.algorithm.demonstrations={__file__}",), [Path(__file__).name, "no HDF5 file"]),
    ],
)
def test_of_demonstrations(refused: Run, agent: str, settings: tuple[str, ...], expected: list[str]) -> None:
    said = refused("train.py", *TASK, "--agent", agent, *settings, quiet=False)
    for text in expected:
        assert text in said


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ((), ["learns from a teacher", "VLA-Reach-Command-G1", "agent.algorithm.teacher="]),
        (("agent.algorithm.teacher=nope.pt",), ["'nope.pt' does not exist"]),
        ((f"agent.algorithm.teacher={__file__}",), [Path(__file__).name, "no readable checkpoint"]),
    ],
)
def test_of_teachers(refused: Run, settings: tuple[str, ...], expected: list[str]) -> None:
    said = refused("train.py", "--task", "VLA-Reach-Camera-G1", "--agent", "dagger", *settings, quiet=False)
    for text in expected:
        assert text in said
