"""LeRobot's ACT beside our policy: its training is a stand-in here."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest
import torch
from lerobot_files import TASK, write_file

from benchmark_act import ActPolicy, train
from common import InputError
from humanoid_vla.policies.chunking import TemporalEnsemble

HEAD = "import json, pathlib, sys\nasked = dict(zip(sys.argv[2::2], sys.argv[3::2]))\n"
WRITE = """
info = json.loads((pathlib.Path(asked['--dataset']) / 'meta/info.json').read_text())
pathlib.Path(asked['--json']).write_text(json.dumps({'asked': asked, 'features': list(info['features'])}))
"""


def arguments(folder: Path, code: str) -> argparse.Namespace:
    """For a program that is called like a Python with a script."""
    python = folder / "python"
    python.write_text(f"#!{sys.executable}\n{HEAD}{code}\n", encoding="utf-8")
    python.chmod(0o755)
    options = {"cpu_s": 5.0, "chunk_size": 3, "batch_size": 4, "learning_rate": 1e-4, "dim_model": 64, "num_envs": 2}
    paths = {"dataset": write_file(folder / "demos.hdf5"), "lerobot_python": python, "json": folder / "act.json"}
    return argparse.Namespace(task=TASK, **options, **paths)


def test_it_trains_on_what_our_policy_sees(tmp_path: Path) -> None:
    figures = train(arguments(tmp_path, WRITE), seed=3)
    observations = {name for name in figures["features"] if name.startswith("observation")}
    names = ("state", "environment_state", "images.camera")
    assert observations == {f"observation.{name}" for name in names}
    asked = {"--cpu_s": "5.0", "--chunk_size": "3", "--seed": "3", "--out": str(tmp_path / "act.pt")}
    assert asked.items() <= figures["asked"].items()
    assert not Path(figures["asked"]["--dataset"]).exists()


@pytest.mark.parametrize("code", ["sys.exit('no module named lerobot')", "raise OSError('no module named lerobot')"])
def test_what_it_stumbles_over_is_said(tmp_path: Path, code: str) -> None:
    with pytest.raises(InputError, match=r"ACT failed with .*no module named lerobot; make it anew: uv venv"):
        train(arguments(tmp_path, code), seed=0)


def test_no_python_there(tmp_path: Path) -> None:
    args = arguments(tmp_path, "")
    args.lerobot_python = tmp_path / "nowhere"
    with pytest.raises(InputError, match="nowhere': No such file"):
        train(args, seed=0)


class Counting(torch.nn.Module):
    """Chunks of three steps that say the state, and 10 and 20 more."""

    def forward(self, state: torch.Tensor, sentence: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        return state[:, :1].unsqueeze(1) + torch.tensor([[0.0], [10.0], [20.0]])


def observe(*states: float) -> dict[str, torch.Tensor]:
    num_envs = len(states)
    sentence, images = torch.zeros(num_envs, 6), torch.zeros(num_envs, 4, 4, 3, dtype=torch.uint8)
    return {"proprio": torch.tensor(states).view(-1, 1), "language": sentence, "camera": images}


def test_the_exported_policy_acts(tmp_path: Path) -> None:
    path = tmp_path / "act.pt"
    torch.jit.script(Counting()).save(str(path))
    first, averaging = ActPolicy(path, None), ActPolicy(path, TemporalEnsemble(3, 1))
    for policy, second, third in ((first, [4.0, 5.0], [0.0, 7.0]), (averaging, [7.5175, 8.5175], [0.0, 14.7167])):
        assert policy(observe(1.0, 2.0)).flatten().tolist() == [1.0, 2.0]
        # the older chunk says 11 (12), the newer one 4 (5), with exp(-0.01) of its weight
        assert policy(observe(4.0, 5.0)).flatten().tolist() == pytest.approx(second, abs=1e-3)
        policy.reset(torch.tensor([1, 0]))
        # of the second environment 22, 15 and 7
        assert policy(observe(0.0, 7.0)).flatten().tolist() == pytest.approx(third, abs=1e-3)
