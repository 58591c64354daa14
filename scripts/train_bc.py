#!/usr/bin/env python3
"""Clone a demonstration file into a policy, offline: no simulator is needed or started (docs/demos.md, docs/agents.md).

It stops when the held-out episodes have not got better for a while. The run's folder gets ``model_best.pt``, the policy
of the best epoch, to be played with ``--agent bc``, and ``curve.png``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from common import InputError, Parser, check_json_argument, run_main, write_json

if TYPE_CHECKING:
    from humanoid_vla.agents.bc import BC
    from humanoid_vla.demos.reader import DemoFile

CHECKPOINT = "model_best.pt"


class Training(NamedTuple):
    """What a training was like."""

    losses: list[float]
    """Mean over the training episodes of each epoch."""
    held_out_losses: list[float]
    """Of the held-out episodes after each epoch."""
    best_epoch: int
    """The epoch with the lowest held-out loss, counted from 0."""
    wall_s: float


def main() -> None:
    args = parse_arguments()
    out, device = check_out_argument(args.out), check_device(args.device)
    check_json_argument(args.json)
    try:
        figures = clone(args, out, device)
    except ValueError as error:
        raise InputError(str(error)) from None
    best, total = figures["best_epoch"], len(figures["losses"])
    print(f"demonstrations {figures['episodes']} episodes of {figures['task']}, {figures['held_out']} held out")
    print(f"held-out loss  {figures['held_out_losses'][best]:.4f} ({args.loss}) in epoch {best} of {total}")
    print(
        f"speed          {figures['samples_per_s']:,.0f} samples/s, {figures['gflops']:.1f} GFLOP/s,"
        f" {figures['gflops'] / figures['peak_gflops']:.0%} of the matrix product's {figures['peak_gflops']:.0f}"
    )
    print(f"checkpoint     {figures['checkpoint']}")
    if args.json:
        write_json(args.json, figures)


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("--dataset", required=True, metavar="FILE.hdf5", help="demonstrations to clone")
    parser.add_argument("--policy", choices=["mlp"], default="mlp", help="kind of network (default: mlp)")
    parser.add_argument("--out", required=True, metavar="RUN_DIR", help="folder for the checkpoint and the curve")
    parser.add_argument("--task", help="task that the demonstrations must be of (default: the file's)")
    parser.add_argument("--loss", choices=["mse", "nll"], default="mse", help="squared error, or likelihood (mse)")
    parser.add_argument("--obs_groups", nargs="+", metavar="GROUP", help="what the policy reads (default: all)")
    parser.add_argument("--hidden_dims", nargs="+", type=int, default=[256, 256], help="layers (default: 256 256)")
    parser.add_argument("--epochs", type=int, default=500, help="at most (default: 500)")
    parser.add_argument("--patience", type=int, default=50, help="epochs to go on without a new best (default: 50)")
    parser.add_argument("--batch_size", type=int, default=64, help="transitions an update (default: 64)")
    parser.add_argument("--learning_rate", type=float, default=1e-3, help="step size (default: 1e-3)")
    parser.add_argument("--weight_decay", type=float, default=1e-2, help="of AdamW (default: 1e-2)")
    parser.add_argument("--held_out", type=float, default=0.1, help="fraction of the episodes (default: 0.1)")
    parser.add_argument("--symmetry", metavar="MODULE:FUNCTION", help="mirror images to learn beside (default: none)")
    parser.add_argument("--seed", type=int, default=42, help="random seed (default: 42)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda:N (default: cpu)")
    parser.add_argument("--json", metavar="FILE", help="file for the figures")
    args = parser.parse_args()
    for option in ("epochs", "patience", "batch_size", "learning_rate"):
        if getattr(args, option) <= 0:
            raise InputError(f"--{option} is {getattr(args, option)}; it must be more than 0")
    if min(args.hidden_dims) < 1:
        raise InputError(f"--hidden_dims is {args.hidden_dims}; each layer needs at least 1 unit")
    return args


def check_out_argument(path: str) -> Path:
    """The run's folder.

    Raises:
        InputError: It cannot be made there, or holds a checkpoint: trainings are not overwritten.
    """
    out = Path(path)
    if not out.resolve().parent.is_dir():
        raise InputError(f"cannot make '{out}': its folder does not exist; make it first")
    if out.exists() and not out.is_dir():
        raise InputError(f"'{out}' is a file; name a folder with --out")
    if (out / CHECKPOINT).exists():
        raise InputError(f"'{out}' holds a {CHECKPOINT}; name another folder with --out, or remove it")
    return out


def check_device(name: str) -> str:
    """The device to train on.

    Raises:
        InputError: It is not on this machine.
    """
    import torch

    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError):
        raise InputError(f"--device '{name}' is not on this machine; use cpu or cuda:N") from None
    return name


def clone(args: argparse.Namespace, out: Path, device: str) -> dict[str, Any]:
    """Read, train and write.

    Returns:
        The figures for ``--json``.
    """
    import torch

    from benchmark_learner import measure_peak_gflops
    from humanoid_vla.agents.bc import BC
    from humanoid_vla.agents.symmetry import SymmetryAugmentation
    from humanoid_vla.demos.reader import DemoFile

    file = DemoFile(args.dataset, args.task)
    groups = args.obs_groups or list(file.obs_shapes)
    if unknown := sorted(set(groups) - file.obs_shapes.keys()):
        raise InputError(f"--obs_groups names {', '.join(unknown)}; the file has {', '.join(file.obs_shapes)}")
    symmetry = None
    if args.symmetry:
        try:
            symmetry = SymmetryAugmentation(None, args.symmetry, use_data_augmentation=True)  # type: ignore[arg-type]
        except (ImportError, AttributeError, ValueError) as error:
            raise InputError(f"--symmetry '{args.symmetry}' cannot be imported: {error}") from None
    torch.manual_seed(args.seed)
    bc = BC(
        example(file, 1, device),
        groups,
        file.action_dim,
        policy={"hidden_dims": args.hidden_dims},
        loss=args.loss,
        learning_rate=args.learning_rate,
        weight_decay=args.weight_decay,
        symmetry=symmetry,
        device=device,
    )
    bc.learn_from(file, args.seed, args.batch_size, args.held_out)
    assert bc.train_batches is not None
    assert bc.held_out_batches is not None

    out.mkdir(exist_ok=True)
    path = out / CHECKPOINT
    training = train(bc.update, args.epochs, args.patience, lambda epoch: write_checkpoint(path, bc.save(), epoch))
    title = f"Clone of {Path(args.dataset).name}, seed {args.seed}"
    save_plot(out / "curve.png", training, args.loss, title)

    copies = 1 if symmetry is None else 2
    samples_per_s = copies * bc.train_batches.num_transitions * len(training.losses) / training.wall_s
    return {
        "dataset": str(args.dataset),
        "task": file.task,
        "checkpoint": str(path),
        "seed": args.seed,
        "episodes": len(file.episodes),
        "held_out": len(bc.held_out_batches.episodes),
        "transitions": bc.train_batches.num_transitions,
        **training._asdict(),
        "samples_per_s": samples_per_s,
        "gflops": samples_per_s * flops_per_sample(bc, file, args.batch_size) / 1e9,
        "peak_gflops": measure_peak_gflops(torch.device(device).type, torch.float32),
    }


def train(update: Callable[[], dict[str, float]], epochs: int, patience: int, save: Callable[[int], None]) -> Training:
    """Learn until the held-out loss has not fallen for ``patience`` epochs, and save whenever it is at its lowest.

    Args:
        update: Makes an epoch; gives its ``loss`` and then the ``held_out_loss``.
        epochs: Epochs at most.
        patience: Epochs to go on without a new best one.
        save: Called with the epoch, counted from 0.

    Raises:
        InputError: The loss is not finite from the start.
    """
    from tqdm import tqdm

    losses: list[float] = []
    held_out_losses: list[float] = []
    best_epoch, best = -1, float("inf")
    start = time.perf_counter()
    bar = tqdm(range(epochs), unit="epoch", desc="clone", dynamic_ncols=True)
    for epoch in bar:
        figures = update()
        losses.append(figures["loss"])
        held_out_losses.append(figures["held_out_loss"])
        if held_out_losses[-1] < best:
            best_epoch, best = epoch, held_out_losses[-1]
            save(epoch)
        bar.set_postfix(loss=f"{losses[-1]:.4f}", held_out=f"{held_out_losses[-1]:.4f}", best=best_epoch, refresh=False)
        if epoch - best_epoch >= patience:
            break
    bar.close()
    if best_epoch < 0:
        raise InputError("the loss is not finite from the first epoch on; try a smaller --learning_rate")
    return Training(losses, held_out_losses, best_epoch, time.perf_counter() - start)


def write_checkpoint(path: Path, state: dict[str, Any], epoch: int) -> None:
    """Write what RSL-RL's runner reads, to a file that is never half-written."""
    import torch

    temporary = path.with_name(f".{path.name}.tmp")
    torch.save({**state, "iter": epoch, "infos": None}, temporary)
    temporary.replace(path)


def example(file: DemoFile, size: int, device: str) -> dict[str, Any]:
    """A batch of empty observations like the file's; images stay uint8, as in :class:`BC`."""
    import torch

    return {
        group: torch.zeros(size, *shape, dtype=torch.uint8 if len(shape) > 1 else torch.float32, device=device)
        for group, shape in file.obs_shapes.items()
    }


def flops_per_sample(bc: BC, file: DemoFile, batch_size: int) -> float:
    """Floating-point operations of loss and gradient, matrix products and convolutions only."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    device = str(bc.device)
    with FlopCounterMode(display=False) as counter:
        actions = torch.zeros(batch_size, file.action_dim, device=device)
        bc.loss(bc.learner, example(file, batch_size, device), actions).backward()
    return counter.get_total_flops() / batch_size


def save_plot(path: Path, training: Training, loss: str, title: str) -> None:
    """Draw both losses over the epochs, and where the checkpoint is from."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    axis.plot(training.losses, label="training episodes")
    axis.plot(training.held_out_losses, label="held-out episodes")
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


if __name__ == "__main__":
    run_main(main)
