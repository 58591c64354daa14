#!/usr/bin/env python3
"""Convert a demonstration file to a LeRobot dataset (version 3), or such a dataset to a file (docs/demos.md).

``--dataset`` tells the direction: a folder is a dataset of LeRobot's, a file is a demonstration file of ours. Pictures
become videos without loss. It needs pyarrow.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from common import InputError, Parser, check_json_argument, run_main


def main() -> None:
    args = parse_arguments()
    source, out = Path(args.dataset), Path(args.out)
    try:
        convert(args, source, out)
    except (ValueError, FileExistsError) as error:
        raise InputError(str(error)) from None


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("--dataset", required=True, metavar="PATH", help="demonstration file, or LeRobot's folder")
    parser.add_argument("--out", required=True, metavar="PATH", help="folder, or demonstration file, to make")
    parser.add_argument("--obs_groups", nargs="+", metavar="GROUP", help="observations to convert (default: all)")
    parser.add_argument("--fps", type=int, help="control steps a second, of a file that does not say")
    parser.add_argument("--scale_actions", action="store_true", help="of a dataset: map each action's range to [-1, 1]")
    args = parser.parse_args()
    if args.fps is not None and args.fps < 1:
        raise InputError(f"--fps is {args.fps}; it must be at least 1")
    if not Path(args.dataset).exists():
        raise InputError(f"--dataset '{args.dataset}' does not exist; give a demonstration file or a LeRobot dataset")
    if Path(args.out).exists():
        raise InputError(f"'{args.out}' exists; name another with --out, or remove it")
    check_json_argument(args.out)
    return args


def convert(args: argparse.Namespace, source: Path, out: Path) -> None:
    """Convert in the direction that the source tells.

    Raises:
        InputError: pyarrow is not installed, or an option is for the other direction.
        ValueError: The source cannot be converted.
    """
    from tqdm import tqdm

    from humanoid_vla.demos.reader import DemoFile

    try:
        from humanoid_vla.demos.lerobot_reader import read_lerobot
        from humanoid_vla.demos.lerobot_writer import write_lerobot
    except ModuleNotFoundError as error:
        raise InputError(f"{error}; install what converting needs: pip install 'humanoid_vla[lerobot]'") from None

    def progress(numbers: Iterable[int]) -> Iterable[int]:
        return tqdm(numbers, unit="ep", desc="convert", dynamic_ncols=True)

    if source.is_dir():
        if args.fps is not None:
            raise InputError("--fps is for demonstration files; a LeRobot dataset says its own")
        read_lerobot(source, out, args.obs_groups, args.scale_actions, progress)
        file = DemoFile(out)
        print(f"demonstrations {out}: {len(file.episodes)} episodes of {file.task}, {file.num_transitions()} steps")
        print(
            "                next_obs of an episode's last step is its obs: LeRobot holds nothing after the last action"
        )
    else:
        if args.scale_actions:
            raise InputError("--scale_actions is for LeRobot datasets; actions of demonstration files are in [-1, 1]")
        file = DemoFile(source)
        write_lerobot(file, out, args.obs_groups or list(file.obs_shapes), args.fps, progress)
        print(f"LeRobot dataset {out}: {len(file.episodes)} episodes of {file.task}, {file.num_transitions()} steps")


if __name__ == "__main__":
    run_main(main)
