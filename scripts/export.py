#!/usr/bin/env python3
"""Export a trained policy as a bundle: a folder with its network as ONNX and all that a robot must know of its task.

The policy acts in its environment for a moment; on what it saw, the exported network must do what the policy does.

Everything after the known options goes to Isaac Lab, for instance ``physics=ovphysx``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from common import (
    InputError,
    Parser,
    add_checkpoint_argument,
    add_task_arguments,
    check_json_argument,
    check_task_arguments,
    find_checkpoint,
    load_configs,
    run_main,
    write_json,
)
from listening import language_command_cfg, prepare_sentences


def main() -> None:
    parser = Parser(__doc__)
    add_task_arguments(parser)
    add_checkpoint_argument(parser)
    parser.add_argument(
        "--out", metavar="DIR", required=True, help="folder to write; a bundle that is there is replaced"
    )
    parser.add_argument("--encoder", action="store_true", help="put the sentence encoder in, for any sentence (90 MB)")
    parser.add_argument("--tensorrt", choices=["fp32", "fp16"], help="also build TensorRT's engine, and compare it")
    parser.add_argument("--steps", type=int, default=32, help="steps to record observations for (default: 32)")
    parser.add_argument("--json", metavar="FILE", help="file for the figures")
    args, overrides = parser.parse_known_args()
    entry_point = check_task_arguments(args)
    if args.steps < 1:
        raise InputError(f"--steps is {args.steps}; it must be at least 1")
    check_json_argument(args.json)
    check_out_argument(Path(args.out))
    if args.num_envs is None:
        args.num_envs = 64
    checkpoint = find_checkpoint(args, entry_point)
    env_cfg, agent_cfg = load_configs(args, entry_point, overrides)
    drop_startup_events(env_cfg)
    prepare_sentences(args.task)
    more_files = encoder_files_of(args.task) if args.encoder else {}

    from humanoid_vla.export.bundling import export_bundle, record_observations
    from humanoid_vla.export.describe import describe
    from humanoid_vla.export.graph import ExportError
    from humanoid_vla.export.provenance import provenance
    from humanoid_vla.tasks.mdp.figures import term_figures
    from simulation import load_policy, make_env

    place = Path(args.out)
    try:
        with make_env(args.task, env_cfg) as env:
            policy = load_policy(env, agent_cfg, checkpoint)
            description = describe(env.unwrapped, policy.obs_groups, term_figures)
            print(f"recording     {args.steps} steps of {env.num_envs} robots")
            recording = record_observations(env, policy, policy.obs_groups, args.steps)
        print("exporting     to ONNX, then playing the recording to both")
        origin = provenance(checkpoint, checkpoint_iteration(checkpoint), args.steps * args.num_envs)
        bundle, parity = export_bundle(place, policy, description, recording, args.task, args.agent, origin, more_files)
    except (ExportError, FileExistsError) as error:
        raise InputError(f"cannot export '{checkpoint}': {error}") from None
    except PermissionError as error:
        raise InputError(f"cannot write '{place}': {error.strerror}") from None
    sizes = {name: (place / name).stat().st_size for name in bundle.files}
    print(f"bundle        {place} ({bundle.policy}, {', '.join(f'{k} {v:,} B' for k, v in sizes.items())})")
    figures: dict[str, Any] = {"task": args.task, "agent": args.agent, "policy": bundle.policy, "bundle": str(place)}
    figures |= {"checkpoint": str(checkpoint), "sizes": sizes, "parity": parity}
    figures |= report_agreement("parity", parity["batches"])
    if args.tensorrt:
        figures["tensorrt"] = compare_tensorrt(bundle, args.tensorrt, policy, description.scaling, recording)
    if args.json:
        write_json(args.json, figures)


def report_agreement(name: str, batches: dict[str, Any]) -> dict[str, float]:
    """Print and return the worst of what :func:`humanoid_vla.export.parity.as_figures` returned."""
    from humanoid_vla.export.parity import worst

    error, cosine = worst(batches)
    print(f"{name:13} max abs error {error:.2e}, cosine {cosine:.8f} (batches {', '.join(batches)})")
    return {"max_abs_error": error, "cosine": cosine}


def compare_tensorrt(bundle: Any, precision: Any, policy: Any, scaling: Any, recording: Any) -> dict[str, Any]:
    """Build TensorRT's engine, which stays in the cache of engines, and play the recording to it and to the policy.

    Raises:
        InputError: TensorRT or its GPU is missing; the bundle is written all the same.
    """
    from humanoid_vla.export.parity import as_figures, play_both
    from humanoid_vla.runtime.engine import EngineError, make_engine

    try:
        engine = make_engine(bundle, "tensorrt", precision)
    except EngineError as error:
        raise InputError(f"the bundle is written, but there is no engine: {error}") from None
    batches = as_figures(play_both(policy.to("cpu"), scaling, engine.run, bundle.states, recording))
    return {"precision": precision, **report_agreement("tensorrt", batches), "batches": batches}


def encoder_files_of(task: str) -> dict[str, bytes]:
    """The sentence encoder as files of a bundle.

    Raises:
        InputError: The task tells no sentences, or there is no encoder.
    """
    from humanoid_vla.export.sentence_encoder import encoder_files
    from humanoid_vla.language.encoder import EncoderError, load_encoder

    language_command_cfg(task, "--encoder")
    try:
        return encoder_files(load_encoder())
    except EncoderError as error:
        raise InputError(str(error)) from None


def check_out_argument(place: Path) -> None:
    """Check where the bundle goes before the work.

    Raises:
        InputError: Something else is there, or there can be no folder.
    """
    from humanoid_vla.export.writer import check_place

    try:
        check_place(place)
    except FileExistsError as error:
        raise InputError(f"--out: {error}") from None
    parent = next(folder for folder in place.absolute().parents if folder.exists())
    if not parent.is_dir():
        raise InputError(f"--out '{place}' cannot be a folder: '{parent}' is a file")


def drop_startup_events(env_cfg: Any) -> None:
    """Let robots be as they are configured: what differs from robot to robot is no part of a policy."""
    for name, event in vars(env_cfg.events).items():
        if getattr(event, "mode", None) == "startup":
            setattr(env_cfg.events, name, None)


def checkpoint_iteration(checkpoint: Path) -> int:
    """The training's iteration that wrote a checkpoint."""
    import torch

    return int(torch.load(checkpoint, map_location="cpu", weights_only=True)["iter"])


if __name__ == "__main__":
    run_main(main)
