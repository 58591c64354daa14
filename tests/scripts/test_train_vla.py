"""``train_bc.py --policy vla``: from pictures and sentences to a policy, without a simulator."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import train_bc
from humanoid_vla.agents.bc import BC
from humanoid_vla.demos.writer import DemoWriter
from humanoid_vla.language.instructions import InstructionSet
from humanoid_vla.tasks.mdp import instructions

SIDES = InstructionSet(
    goals=("bright", "dark"),
    seen=(("the bright side", "go to the light"), ("the dark side", "go to the shadow")),
    held_out=(("to where the sun shines",), ("to where it does not",)),
)
EMBEDDINGS = {
    sentence: np.array([goal + 0.1 * number, 1.0 - goal, 0.3 * number], np.float32)
    for goal in range(2)
    for number, sentence in enumerate((*SIDES.seen[goal], *SIDES.held_out[goal]))
}


@pytest.fixture(autouse=True)
def known_embeddings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three numbers in place of the encoder's 384."""

    def embed(sentences: Sequence[str], encoder_path: Path | None = None) -> torch.Tensor:
        return torch.tensor(np.array([EMBEDDINGS[text] for text in sentences]))

    monkeypatch.setattr(instructions, "embed", embed)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Who is told of the bright side goes there, 0.8 or -0.8; one half of the picture is bright."""
    path = tmp_path_factory.mktemp("vla") / "demos.hdf5"
    rng = np.random.default_rng(0)
    writer = DemoWriter(path, {"env_name": "Sides", "type": 2, "env_kwargs": {}})
    last = np.array([0, 0, 0, 0, 0, 1], np.uint8)
    for episode in range(40):
        goal, right = episode % 2, rng.random() < 0.5
        image = np.zeros((7, 16, 16, 3), np.uint8)
        image[:, :, 8:] = 255 if right else 0
        image[:, :, :8] = 0 if right else 255
        sentence = SIDES.seen[goal][episode // 2 % 2]
        obs = {
            "proprio": rng.uniform(-1, 1, (7, 2)).astype(np.float32),
            "language": np.repeat(EMBEDDINGS[sentence][None], 7, axis=0),
            "camera": image,
            "state": np.zeros((7, 1), np.float32),
        }
        action = 0.8 * (1 if right else -1) * (1 if goal == 0 else -1)
        arrays = {
            "obs": {group: value[:-1] for group, value in obs.items()},
            "next_obs": {group: value[1:] for group, value in obs.items()},
            "actions": np.full((6, 1), action, np.float32),
            "rewards": last, "dones": last, "terminated": last,
        }  # fmt: skip
        writer.add(arrays, {})
    writer.close()
    return path


def run(monkeypatch: pytest.MonkeyPatch, dataset: Path, out: Path, *arguments: str) -> dict[str, Any]:
    figures = out.with_suffix(".json")
    options = ["--dataset", str(dataset), "--policy", "vla", "--out", str(out), "--json", str(figures), *arguments]
    monkeypatch.setattr(sys, "argv", ["train_bc.py", *options])
    train_bc.main()
    return json.loads(figures.read_text())


def test_it_learns_to_look_and_to_listen_in_words_it_never_heard(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = run(monkeypatch, dataset, tmp_path / "run", "--instructions", f"{__name__}:SIDES", "--epochs", "40")
    assert figures["held_out_losses"][figures["best_epoch"]] < 0.05
    assert figures["held_out_wording_losses"][figures["best_epoch"]] < 0.05
    assert figures["parameters"] > 100_000
    saved = torch.load(tmp_path / "run" / "model_best.pt", weights_only=True)
    camera = torch.zeros(2, 16, 16, 3, dtype=torch.uint8)
    camera[:, :, 8:] = 255
    told = torch.tensor(np.array([EMBEDDINGS["to where the sun shines"], EMBEDDINGS["to where it does not"]]))
    obs = {"proprio": torch.zeros(2, 2), "language": told, "camera": camera, "state": torch.zeros(2, 1)}
    bc = BC(obs, ["proprio"], 1, policy={})
    bc.load(saved)
    assert bc.actor.obs_groups == ["proprio", "language", "camera"]  # not the state, which only the simulator knows
    assert bc.actor(obs)[:, 0].sign().tolist() == [1.0, -1.0]


def test_it_resumes(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(monkeypatch, dataset, tmp_path / "run", "--epochs", "2", "--chunk_size", "3")
    second = run(monkeypatch, dataset, tmp_path / "run", "--epochs", "4", "--chunk_size", "3", "--resume")
    assert second["losses"][:2] == first["losses"]
    assert len(second["losses"]) == 4
    saved = torch.load(tmp_path / "run" / "model_last.pt", weights_only=True)
    assert saved["num_updates"] == 4 * 4  # batches of 64 from 36 episodes of 6 steps
    assert saved["policy"]["chunk_size"] == 3
