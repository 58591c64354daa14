"""A training by epochs that stops when held-out episodes get no better, can be resumed, and draws its losses."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import InputError


@dataclass
class Training:
    """What a training was like so far."""

    losses: list[float] = field(default_factory=list)
    """Mean over the training episodes of each epoch."""
    held_out_losses: list[float] = field(default_factory=list)
    """Of the held-out episodes after each epoch."""
    held_out_wording_losses: list[float] = field(default_factory=list)
    """Of the same episodes, told in held-out wordings; empty where none are known."""
    wall_s: float = 0.0

    @property
    def best_epoch(self) -> int:
        """The epoch with the lowest held-out loss, counted from 0; -1 before there is one."""
        finite = [epoch for epoch, loss in enumerate(self.held_out_losses) if math.isfinite(loss)]
        return min(finite, key=self.held_out_losses.__getitem__, default=-1)


def train(
    update: Callable[[], dict[str, float]],
    epochs: int,
    patience: int,
    save: Callable[[int], None],
    resumed: Training | None = None,
    after_epoch: Callable[[Training], None] = lambda training: None,
) -> Training:
    """Learn until the held-out loss has not fallen for ``patience`` epochs, and save whenever it is at its lowest.

    Args:
        update: Makes an epoch; gives its ``loss``, then the ``held_out_loss``, and maybe a ``held_out_wording_loss``.
        epochs: Epochs at most, those of the resumed training included.
        patience: Epochs to go on without a new best one.
        save: Called with the epoch, counted from 0, when it is the best so far.
        resumed: A training to go on with.
        after_epoch: Called with what the training was like so far.

    Raises:
        InputError: The loss is not finite from the start.
    """
    from tqdm import tqdm

    training = resumed or Training()
    start = time.perf_counter() - training.wall_s
    first = len(training.losses)
    bar = tqdm(range(first, epochs), initial=first, total=epochs, unit="epoch", desc="clone", dynamic_ncols=True)
    for epoch in bar:
        if epoch and epoch - 1 - training.best_epoch >= patience:
            break
        figures = update()
        training.losses.append(figures["loss"])
        training.held_out_losses.append(figures["held_out_loss"])
        if "held_out_wording_loss" in figures:
            training.held_out_wording_losses.append(figures["held_out_wording_loss"])
        training.wall_s = time.perf_counter() - start
        if training.best_epoch == epoch:
            save(epoch)
        after_epoch(training)
        losses: dict[str, Any] = {name: f"{loss:.4f}" for name, loss in figures.items()}
        bar.set_postfix({**losses, "best": training.best_epoch}, refresh=False)
    bar.close()
    if training.best_epoch < 0:
        raise InputError("the loss is not finite from the first epoch on; try a smaller --learning_rate")
    return training


def write_checkpoint(path: Path, state: dict[str, Any], epoch: int) -> None:
    """Write what RSL-RL's runner reads, to a file that is never half-written."""
    import torch

    temporary = path.with_name(f".{path.name}.tmp")
    torch.save({**state, "iter": epoch, "infos": None}, temporary)
    temporary.replace(path)


def save_plot(path: Path, training: Training, loss: str, title: str) -> None:
    """Draw the losses over the epochs, and where the checkpoint is from."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    axis.plot(training.losses, label="training episodes")
    axis.plot(training.held_out_losses, label="held-out episodes")
    if training.held_out_wording_losses:
        axis.plot(training.held_out_wording_losses, label="held-out episodes and wordings")
    axis.axvline(training.best_epoch, color="grey", linestyle="--", label="checkpoint")
    axis.set_xlabel("epoch")
    axis.set_ylabel({"mse": "mean squared error of an action", "nll": "-log pi(a|s) [nat]"}[loss])
    axis.set_yscale("log" if loss == "mse" else "linear")
    axis.grid(alpha=0.3)
    axis.margins(x=0)
    axis.legend()
    axis.set_title(title)
    temporary = path.with_name(f".{path.name}.tmp")
    figure.savefig(temporary, dpi=120, format="png")
    plt.close(figure)
    temporary.replace(path)
