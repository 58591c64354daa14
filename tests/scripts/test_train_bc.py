"""``train_bc.py``: from a demonstration file to a policy that plays, without a simulator."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import train_bc
from common import InputError
from humanoid_vla.agents.bc import BC
from humanoid_vla.demos.writer import DemoWriter

REACH = {"proprio": 68, "language": 384, "state": 26}


def write_demonstrations(path: Path, groups: dict[str, int], num_actions: int, episodes: int = 10) -> Path:
    """Episodes of 30 steps whose actions are the first entries of the first group."""
    rng = np.random.default_rng(0)
    writer = DemoWriter(path, {"env_name": "VLA-Reach-G1", "type": 2, "env_kwargs": {}})
    last = np.zeros(30, np.uint8)
    last[-1] = 1
    for _ in range(episodes):
        obs = {group: rng.uniform(-0.8, 0.8, (31, size)).astype(np.float32) for group, size in groups.items()}
        writer.add(
            {
                "obs": {group: value[:-1] for group, value in obs.items()},
                "next_obs": {group: value[1:] for group, value in obs.items()},
                "actions": next(iter(obs.values()))[:-1, :num_actions],
                "rewards": last,
                "dones": last,
                "terminated": last,
            },
            {},
        )
    writer.close()
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """The script's main function in this process."""
    monkeypatch.setattr(sys, "argv", ["train_bc.py", *arguments])
    train_bc.main()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demonstrations(tmp_path_factory.mktemp("demos") / "demos.hdf5", {"state": 2, "noise": 3}, 2)


def test_in_a_process_of_its_own_without_isaac_lab(dataset: Path, tmp_path: Path, scripts: Path) -> None:
    program = (
        "import runpy, sys\n"
        "sys.argv[:2] = sys.argv[1:2]\n"
        "sys.path.insert(0, sys.argv[0].rpartition('/')[0])\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert not {name.split('.')[0] for name in sys.modules} & {'isaaclab', 'isaaclab_rl', 'pxr', 'warp'}\n"
    )
    arguments = ["--dataset", str(dataset), "--policy", "mlp", "--out", "run", "--epochs", "40", "--json", "bc.json"]
    result = subprocess.run(
        [sys.executable, "-c", program, str(scripts / "train_bc.py"), *arguments],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "GFLOP/s" in result.stdout
    assert "run/model_best.pt" in result.stdout
    files = ["curve.png", "model_best.pt", "model_last.pt"]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == files
    assert (tmp_path / "run" / "curve.png").read_bytes().startswith(b"\x89PNG")
    figures = json.loads((tmp_path / "bc.json").read_text())
    assert figures["task"] == "VLA-Reach-G1"
    assert figures["episodes"] == 10
    assert figures["held_out"] == 1
    assert figures["transitions"] == 9 * 30
    assert len(figures["losses"]) == len(figures["held_out_losses"]) == 40
    assert figures["held_out_losses"][figures["best_epoch"]] == min(figures["held_out_losses"])
    assert 0 < figures["gflops"] < figures["peak_gflops"]


@pytest.mark.parametrize("loss", ["mse", "nll"])
def test_the_checkpoint_plays_what_was_shown(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loss: str
) -> None:
    out = tmp_path / "run"
    arguments = ("--obs_groups", "state", "--hidden_dims", "64", "64", "--learning_rate", "3e-3", "--batch_size", "64")
    run(monkeypatch, "--dataset", str(dataset), "--out", str(out), "--loss", loss, *arguments)
    saved = torch.load(out / "model_best.pt", weights_only=True)
    obs = {"noise": torch.randn(50, 3), "state": 1.6 * torch.rand(50, 2) - 0.8}
    bc = BC(obs, ["noise", "state"], 2, policy={})
    assert bc.load(saved)
    assert bc.actor.obs_groups == ["state"]
    assert (bc.actor(obs) - obs["state"]).abs().mean() < 0.05
    with pytest.raises(ValueError, match="written by SAC, but the agent is BC"):
        bc.load(saved | {"algorithm": "SAC"})


def test_one_seed_gives_equal_losses(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def losses(name: str, seed: int) -> list[float]:
        out, figures = tmp_path / name, tmp_path / f"{name}.json"
        arguments = ("--epochs", "3", "--seed", str(seed), "--json", str(figures))
        run(monkeypatch, "--dataset", str(dataset), "--out", str(out), *arguments)
        content = json.loads(figures.read_text())
        return content["losses"] + content["held_out_losses"]

    first = losses("first", 1)
    torch.rand(5)
    assert losses("second", 1) == first
    assert losses("third", 2) != first


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--dataset", "nope.hdf5"), ["'nope.hdf5' do not exist", "record_demos.py"]),
        (("--dataset", "text.hdf5"), ["'text.hdf5'", "no HDF5 file"]),
        (("--dataset", "half.hdf5"), ["'half.hdf5'"]),
        (("--task", "VLA-Lift-G1"), ["are of the task VLA-Reach-G1, not VLA-Lift-G1"]),
        (("--obs_groups", "proprio", "state"), ["--obs_groups names proprio", "noise", "state"]),
        (("--policy", "nope"), ["--policy", "'nope'", "--help"]),
        (("--policy", "vla"), ["reads images and vectors", "[]"]),
        (("--policy", "vla", "--loss", "nll"), ["--loss is nll", "mse only"]),
        (("--policy", "vla", "--instructions", "nope:nope"), ["--instructions 'nope:nope'", "nope"]),
        (("--chunk_size", "4"), ["--chunk_size", "--policy vla"]),
        (("--policy", "vla", "--chunk_size", "0"), ["--chunk_size is 0"]),
        (("--resume",), ["'run' holds no model_last.pt"]),
        (("--loss", "nope"), ["--loss", "'nope'", "--help"]),
        (("--epochs", "0"), ["--epochs is 0", "more than 0"]),
        (("--patience", "-1"), ["--patience is -1"]),
        (("--batch_size", "0"), ["--batch_size is 0"]),
        (("--learning_rate", "0"), ["--learning_rate is 0"]),
        (("--hidden_dims", "64", "0"), ["--hidden_dims is [64, 0]"]),
        (("--held_out", "0"), ["held-out fraction is 0.0"]),
        (("--held_out", "1.5"), ["held-out fraction is 1.5"]),
        (("--held_out", "0.99"), ["'demos.hdf5'", "0.99 held out"]),
        (("--symmetry", "nope:nope"), ["--symmetry 'nope:nope'", "nope"]),
        (("--device", "cuda:77"), ["'cuda:77'", "cpu or cuda:N"]),
        (("--device", "nonsense"), ["'nonsense'", "cpu or cuda:N"]),
        (("--out", "nope/run"), ["'nope/run'", "make it first"]),
        (("--out", "text.hdf5"), ["'text.hdf5' is a file"]),
        (("--out", "full"), ["'full' holds a model_best.pt"]),
        (("--json", "nope/figures.json"), ["'nope/figures.json'", "make it first"]),
        (("--nope",), ["--nope", "--help"]),
    ],
)
def test_bad_input(
    arguments: tuple[str, ...],
    expected: list[str],
    dataset: Path,
    tmp_path: Path,
    scripts: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    content = dataset.read_bytes()
    Path("demos.hdf5").write_bytes(content)
    Path("half.hdf5").write_bytes(content[: len(content) // 2])
    Path("text.hdf5").write_text("demonstrations, honestly\n")
    Path("full").mkdir()
    Path("full/model_best.pt").touch()
    before = sorted(tmp_path.rglob("*"))
    command = ["train_bc.py", "--dataset", "demos.hdf5", "--out", "run", *arguments]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(scripts / "train_bc.py"), run_name="__main__")
    assert end.value.code == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("train_bc.py: error: ")
    assert all(part in said for part in expected), said
    assert sorted(tmp_path.rglob("*")) == before


def test_a_broken_checkpoint_is_not_resumed(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model_last.pt").write_bytes(b"half")
    with pytest.raises(InputError, match=r"cannot go on with '.*model_last\.pt'"):
        run(monkeypatch, "--dataset", str(dataset), "--out", str(tmp_path), "--resume")


@pytest.mark.slow
def test_the_checkpoint_is_evaluated_in_the_simulator(
    tmp_path: Path, scripts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demos = write_demonstrations(tmp_path / "reach.hdf5", REACH, 17)
    run(monkeypatch, "--dataset", str(demos), "--out", str(tmp_path / "run"), "--epochs", "2")
    command = [sys.executable, str(scripts / "evaluate.py"), "--task", "VLA-Reach-G1", "--agent", "bc"]
    command += ["--checkpoint", str(tmp_path / "run" / "model_best.pt"), "--episodes", "2", "--json", "figures.json"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    assert json.loads((tmp_path / "figures.json").read_text())["episodes"] == 2
