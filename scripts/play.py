#!/usr/bin/env python3
"""Play a trained policy through `isaaclab play`: in a browser (``--viz viser``), a window or a video (``--video``).

The browser's page has a field to type instructions in while the robot moves.

Everything after the known options goes to Isaac Lab, for instance ``physics=ovphysx`` or ``--video_length 100``.
"""

from __future__ import annotations

import shutil

from common import (
    InputError,
    Parser,
    add_checkpoint_argument,
    add_task_arguments,
    check_task_arguments,
    find_checkpoint,
    isaaclab_settings,
    load_configs,
    no_early_traceback,
    run_main,
)
from listening import language_command_cfg, prepare_sentences


def main() -> None:
    parser = Parser(__doc__)
    add_task_arguments(parser)
    add_checkpoint_argument(parser)
    parser.add_argument("--video", action="store_true", help="write play.mp4 beside the checkpoint and stop")
    parser.add_argument(
        "--viz",
        choices=["viser", "newton", "rerun", "kit"],
        help="watch it there in real time, until Ctrl+C; smooth with few robots (--num_envs 1)",
    )
    parser.add_argument("--instruction", metavar="TEXT", help="tell the robot this, in words of your own")
    args, overrides = parser.parse_known_args()
    entry_point = check_task_arguments(args)
    if args.instruction is not None:
        overrides.append(instruction_setting(args.task, args.instruction))
    checkpoint = find_checkpoint(args, entry_point)
    load_configs(args, entry_point, isaaclab_settings(overrides), play=True)
    prepare_sentences(args.task)

    from isaaclab_rl.entrypoints import run_play_cli

    command = ["--rl_library", "rsl_rl", "--task", args.task, "--agent", entry_point, "--checkpoint", str(checkpoint)]
    for option in ("num_envs", "seed", "device", "viz"):
        if (value := getattr(args, option)) is not None:
            command += [f"--{option}", str(value)]
    if args.viz:
        command.append("--real-time")
    try:
        with no_early_traceback():
            status = run_play_cli([*command, *(["--video"] if args.video else []), *overrides])
    except ValueError as error:
        raise InputError(f"cannot play '{checkpoint}': {' '.join(str(error).split())}") from None
    if args.video and not status:
        clips = (checkpoint.parent / "videos" / "play").glob("*.mp4")
        video = checkpoint.parent / "play.mp4"
        shutil.copyfile(max(clips, key=lambda clip: clip.stat().st_mtime), video)
        print(f"video         {video}")
    raise SystemExit(status)


def instruction_setting(task: str, text: str) -> str:
    """Isaac Lab's setting that has a sentence told in every episode.

    Raises:
        InputError: The task tells no sentences, or this is none.
    """
    if not text.strip():
        raise InputError("--instruction is empty; say what to do, as in --instruction 'touch the red cube'")
    from humanoid_vla.tasks.free_sentences import check_sentence

    try:
        text = check_sentence(text)
    except ValueError as error:
        raise InputError(f"--instruction: {error}") from None
    name, _ = language_command_cfg(task, "--instruction")
    return f"env.commands.{name}.instruction={text!r}"


if __name__ == "__main__":
    run_main(main)
