"""Trainings by epochs: when they stop, what they keep, and how they go on."""

from pathlib import Path
from typing import Any

import pytest
import torch

from cloning import Training, save_plot, train, write_checkpoint
from common import InputError


def test_it_stops_early_and_keeps_the_best() -> None:
    held_out = iter([5.0, 3.0, 4.0, 2.0, 2.0, 6.0, 3.0, 1.0])
    saved: list[int] = []
    training = train(lambda: {"loss": 0.5, "held_out_loss": next(held_out)}, 100, 3, saved.append)
    assert saved == [0, 1, 3]
    assert training.best_epoch == 3
    assert training.held_out_losses == [5.0, 3.0, 4.0, 2.0, 2.0, 6.0, 3.0]
    assert train(lambda: {"loss": 0.0, "held_out_loss": 1.0}, 2, 3, saved.append).losses == [0.0, 0.0]


def test_a_resumed_training_goes_on_where_it_was() -> None:
    saved: list[int] = []
    so_far: list[int] = []
    resumed = Training(losses=[3.0, 2.0], held_out_losses=[3.0, 1.0], wall_s=100.0)
    held_out = iter([2.0, 0.5, 4.0])
    training = train(
        lambda: {"loss": 1.0, "held_out_loss": next(held_out), "held_out_wording_loss": 7.0},
        5, 3, saved.append, resumed, lambda training: so_far.append(len(training.losses)),
    )  # fmt: skip
    assert training.losses == [3.0, 2.0, 1.0, 1.0, 1.0]
    assert training.held_out_wording_losses == [7.0] * 3
    assert saved == [3]
    assert so_far == [3, 4, 5]
    assert 100.0 < training.wall_s < 101.0
    patient = Training(losses=[1.0] * 4, held_out_losses=[1.0, 2.0, 2.0, 2.0])
    assert len(train(lambda: {}, 100, 3, saved.append, patient).losses) == 4  # it had stopped already


def test_a_loss_that_is_not_finite_is_an_error() -> None:
    nan = {"loss": float("nan"), "held_out_loss": float("nan")}
    with pytest.raises(InputError, match="learning_rate"):
        train(lambda: nan, 10, 2, lambda epoch: None)


def test_a_checkpoint_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model_best.pt"
    write_checkpoint(path, {"number": 1}, 4)

    def dies(content: Any, path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", dies)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(path, {"number": 2}, 5)
    assert torch.load(path, weights_only=True) == {"number": 1, "iter": 4, "infos": None}


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    training = Training([2.0, 1.0], [3.0, 2.0], [4.0, 3.0])
    save_plot(tmp_path / "curve.png", training, "mse", "two epochs")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["curve.png"]
