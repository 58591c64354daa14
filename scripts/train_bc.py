#!/usr/bin/env python3
"""Clone a demonstration file into a policy, offline: no simulator is needed or started (docs/demos.md, docs/agents.md).

It stops when the held-out episodes have not got better for a while. The run's folder gets ``model_best.pt``, the policy
of the best epoch, to be played with ``--agent bc``, ``model_last.pt`` to ``--resume`` from, and ``curve.png``.

``--policy vla`` makes the vision-language-action network, from files with images. It comes with its recipe: pictures
shifted and in other light, gradients clipped, step sizes that grow and then shrink along a cosine, products in
bfloat16. ``--instructions`` tells every goal in other words in every batch, and measures held-out wordings too.
"""

from __future__ import annotations

import argparse
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloning import Training, save_plot, train, write_checkpoint
from common import InputError, Parser, check_json_argument, run_main, write_json

if TYPE_CHECKING:
    from humanoid_vla.agents.bc import BC, ChangeObs
    from humanoid_vla.demos.reader import DemoFile

CHECKPOINT, LAST_CHECKPOINT = "model_best.pt", "model_last.pt"
VLA_RECIPE: dict[str, Any] = {"max_grad_norm": 1.0, "warmup_updates": 100, "autocast": True}
DEFAULTS = {"mlp": {"epochs": 500, "patience": 50}, "vla": {"epochs": 20, "patience": 10}}


def main() -> None:
    args = parse_arguments()
    out, device = check_out_argument(args.out, args.resume), check_device(args.device)
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
    parser.add_argument("--policy", choices=["mlp", "vla"], default="mlp", help="kind of network (default: mlp)")
    parser.add_argument("--out", required=True, metavar="RUN_DIR", help="folder for the checkpoint and the curve")
    parser.add_argument("--task", help="task that the demonstrations must be of (default: the file's)")
    parser.add_argument("--loss", choices=["mse", "nll"], default="mse", help="squared error, or likelihood (mse)")
    parser.add_argument(
        "--obs_groups",
        nargs="+",
        metavar="GROUP",
        help="what the policy reads (default: all; vla: images, language, proprio)",
    )
    parser.add_argument("--hidden_dims", nargs="+", type=int, default=[256, 256], help="mlp: layers (256 256)")
    parser.add_argument("--chunk_size", type=int, default=1, help="vla: actions to predict at once (default: 1)")
    parser.add_argument("--instructions", metavar="MODULE:NAME", help="vla: the task's InstructionSet (default: none)")
    parser.add_argument("--epochs", type=int, help="at most (default: 500; vla: 20)")
    parser.add_argument("--patience", type=int, help="epochs to go on without a new best (default: 50; vla: 10)")
    parser.add_argument("--batch_size", type=int, default=64, help="transitions an update (default: 64)")
    parser.add_argument("--learning_rate", type=float, default=1e-3, help="step size (default: 1e-3)")
    parser.add_argument("--weight_decay", type=float, default=1e-2, help="of AdamW (default: 1e-2)")
    parser.add_argument("--held_out", type=float, default=0.1, help="fraction of the episodes (default: 0.1)")
    parser.add_argument("--symmetry", metavar="MODULE:FUNCTION", help="mirror images to learn beside (default: none)")
    parser.add_argument("--resume", action="store_true", help=f"go on with the {LAST_CHECKPOINT} in RUN_DIR")
    parser.add_argument("--seed", type=int, default=42, help="random seed (default: 42)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda:N (default: cpu)")
    parser.add_argument("--json", metavar="FILE", help="file for the figures")
    args = parser.parse_args()
    for option, value in DEFAULTS[args.policy].items():
        if getattr(args, option) is None:
            setattr(args, option, value)
    for option in ("epochs", "patience", "batch_size", "learning_rate", "chunk_size"):
        if getattr(args, option) <= 0:
            raise InputError(f"--{option} is {getattr(args, option)}; it must be more than 0")
    if min(args.hidden_dims) < 1:
        raise InputError(f"--hidden_dims is {args.hidden_dims}; each layer needs at least 1 unit")
    if args.policy == "mlp" and (args.chunk_size > 1 or args.instructions):
        raise InputError("--chunk_size and --instructions are for --policy vla; leave them out")
    if args.policy == "vla" and args.loss != "mse":
        raise InputError(f"--loss is {args.loss}; --policy vla learns with mse only")
    return args


def check_out_argument(path: str, resume: bool) -> Path:
    """The run's folder.

    Raises:
        InputError: It cannot be made there, or holds a checkpoint: trainings are not overwritten; or holds none to
            resume from.
    """
    out = Path(path)
    if resume:
        if not (out / LAST_CHECKPOINT).is_file():
            raise InputError(f"'{out}' holds no {LAST_CHECKPOINT} to go on with; leave out --resume")
        return out
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
    from humanoid_vla.demos.reader import DemoFile

    file = DemoFile(args.dataset, args.task)
    torch.manual_seed(args.seed)
    reworded = None if args.instructions is None else load_rewording(args.instructions, device)
    bc = make_learner(args, file, device, reworded)
    bc.learn_from(file, args.seed, args.batch_size, args.held_out)
    train_batches, held_out_batches = bc.train_batches, bc.held_out_batches
    assert train_batches is not None
    assert held_out_batches is not None
    if args.policy == "vla":
        bc.decay_updates = args.epochs * len(train_batches)

    def update() -> dict[str, float]:
        figures = bc.update()
        if reworded is not None:
            figures["held_out_wording_loss"] = bc.mean_loss(held_out_batches, reworded["held_out"]).item()
        return figures

    def save_last(training: Training) -> None:
        state = bc.save() | {"training": vars(training)}
        write_checkpoint(out / LAST_CHECKPOINT, state, len(training.losses) - 1)

    resumed = resume(bc, out / LAST_CHECKPOINT) if args.resume else None
    out.mkdir(exist_ok=True)
    path = out / CHECKPOINT
    training = train(
        update, args.epochs, args.patience, lambda epoch: write_checkpoint(path, bc.save(), epoch), resumed, save_last
    )
    title = f"Clone of {Path(args.dataset).name}, seed {args.seed}"
    save_plot(out / "curve.png", training, args.loss, title)

    copies = 1 if bc.symmetry is None else 2
    samples_per_s = copies * train_batches.num_transitions * len(training.losses) / training.wall_s
    return {
        "dataset": str(args.dataset),
        "task": file.task,
        "checkpoint": str(path),
        "seed": args.seed,
        "episodes": len(file.episodes),
        "held_out": len(held_out_batches.episodes),
        "transitions": train_batches.num_transitions,
        **vars(training),
        "best_epoch": training.best_epoch,
        "parameters": sum(weight.numel() for weight in bc.actor.parameters()),
        "samples_per_s": samples_per_s,
        "gflops": samples_per_s * flops_per_sample(bc, file, args.batch_size) / 1e9,
        "peak_gflops": measure_peak_gflops(torch.device(device).type, torch.float32),
    }


def make_learner(args: argparse.Namespace, file: DemoFile, device: str, reworded: dict[str, ChangeObs] | None) -> BC:
    """The learner that the arguments ask for.

    Raises:
        InputError: They name groups that the file does not have, or what cannot be imported.
    """
    from humanoid_vla.agents.bc import BC
    from humanoid_vla.agents.image_augmentation import augment_images
    from humanoid_vla.agents.symmetry import SymmetryAugmentation

    images = [group for group, shape in file.obs_shapes.items() if len(shape) == 3]
    groups = args.obs_groups or list(file.obs_shapes)
    if args.policy == "vla" and not args.obs_groups:
        groups = [group for group in ("proprio", "language") if group in file.obs_shapes] + images
    if unknown := sorted(set(groups) - file.obs_shapes.keys()):
        raise InputError(f"--obs_groups names {', '.join(unknown)}; the file has {', '.join(file.obs_shapes)}")
    symmetry = None
    if args.symmetry:
        try:
            symmetry = SymmetryAugmentation(None, args.symmetry, use_data_augmentation=True)  # type: ignore[arg-type]
        except (ImportError, AttributeError, ValueError) as error:
            raise InputError(f"--symmetry '{args.symmetry}' cannot be imported: {error}") from None
    settings: dict[str, Any] = {"policy": {"hidden_dims": args.hidden_dims}}
    if args.policy == "vla":
        settings = VLA_RECIPE | {"policy": {"chunk_size": args.chunk_size}}
        settings["augmentations"] = [augment_images, *([] if reworded is None else [reworded["seen"]])]
    return BC(
        example(file, 1, device),
        groups,
        file.action_dim,
        network=args.policy,
        loss=args.loss,
        learning_rate=args.learning_rate,
        weight_decay=args.weight_decay,
        symmetry=symmetry,
        device=device,
        **settings,
    )


def load_rewording(name: str, device: str) -> dict[str, ChangeObs]:
    """What tells the goals of a batch in other words: in "seen" and in "held_out" ones.

    Raises:
        InputError: There is no such instruction set, or no encoder.
    """
    from humanoid_vla.language.encoder import EncoderError
    from humanoid_vla.tasks.mdp.instructions import Instructions, rephrase

    try:
        instruction_set = pkgutil.resolve_name(name)
        seen, held_out = (Instructions(texts, device) for texts in (instruction_set.seen, instruction_set.held_out))
    except (ImportError, AttributeError, ValueError, EncoderError, OSError) as error:
        raise InputError(f"--instructions '{name}' cannot be used: {error}") from None
    return {
        wording: lambda obs, told=told: obs | {"language": rephrase(obs["language"], seen, told)}
        for wording, told in (("seen", seen), ("held_out", held_out))
    }


def resume(bc: BC, path: Path) -> Training:
    """Restore a learner, and what its training was like.

    Raises:
        InputError: The file is no checkpoint of such a learner.
    """
    import torch

    try:
        loaded = torch.load(path, map_location=bc.device, weights_only=True)
        bc.load(loaded)
        return Training(**loaded["training"])
    except Exception as error:
        raise InputError(f"cannot go on with '{path}': {' '.join(str(error).split())}") from None


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
        chunk = getattr(bc.actor, "chunk_size", 1)
        actions = torch.zeros(batch_size, chunk, file.action_dim, device=device).squeeze(1)
        bc.loss(bc.learner, example(file, batch_size, device), actions).backward()
    return counter.get_total_flops() / batch_size


if __name__ == "__main__":
    run_main(main)
