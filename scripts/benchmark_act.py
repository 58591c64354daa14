#!/usr/bin/env python3
"""Train LeRobot's ACT on our demonstrations, in an environment of its own, and count its successes in our simulator.

Compare with the figures of ``scripts/evaluate.py`` for our policy, trained for as long on the same file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import (
    InputError,
    Parser,
    add_task_arguments,
    check_json_argument,
    check_task_arguments,
    load_configs,
    run_main,
    write_json,
)
from listening import prepare_sentences

if TYPE_CHECKING:
    from humanoid_vla.policies.chunking import TemporalEnsemble

GROUPS = ("proprio", "language", "camera")
"""What ACT reads: our own policy's observations."""
BASELINE = Path(__file__).with_name("act_baseline.py")
INSTALL = (
    "uv venv --python 3.12 .venv-lerobot && uv pip install --python .venv-lerobot 'lerobot[dataset]==0.6.1' einops"
)


def main() -> None:
    parser = Parser(__doc__)
    add_task_arguments(parser)
    parser.add_argument("--dataset", required=True, metavar="FILE.hdf5", help="demonstrations with camera and language")
    parser.add_argument("--lerobot_python", required=True, type=Path, metavar="PYTHON", help="of LeRobot's environment")
    parser.add_argument("--cpu_s", type=float, required=True, help="time of the training, on one thread [s]")
    parser.add_argument("--chunk_size", type=int, default=10, help="actions predicted at once (default: 10)")
    parser.add_argument("--batch_size", type=int, default=32, help="steps an update (default: 32)")
    parser.add_argument("--learning_rate", type=float, default=1e-4, help="step size (default: 1e-4)")
    parser.add_argument("--dim_model", type=int, default=512, help="of ACT's transformer (default: 512, LeRobot's)")
    parser.add_argument("--episodes", type=int, default=256, help="episodes of the evaluation (default: 256)")
    parser.add_argument("--json", required=True, metavar="FILE", help="file for the figures; the policy goes beside it")
    args, overrides = parser.parse_known_args()
    entry_point = check_task_arguments(args)
    check_json_argument(args.json)
    if min(args.cpu_s, args.chunk_size, args.batch_size, args.learning_rate, args.dim_model, args.episodes) <= 0:
        raise InputError(
            "--cpu_s, --chunk_size, --batch_size, --learning_rate, --dim_model, --episodes: more than 0 each"
        )
    args.num_envs = min(args.num_envs or 64, args.episodes)
    env_cfg, agent_cfg = load_configs(args, entry_point, overrides)
    prepare_sentences(args.task)

    figures = train(args, agent_cfg.seed)
    write_json(args.json, figures)  # an evaluation that breaks off takes no training along
    figures |= evaluate_act(args, env_cfg)
    write_json(args.json, figures)
    print(f"ACT           {figures['parameters'] / 1e6:.1f} million parameters, {figures['epochs']:.1f} epochs,")
    print(f"              {figures['samples_per_s']:.0f} samples/s in {figures['cpu_s']:.0f} s of CPU time")
    print(f"success rate  {figures['success_rate']:.3f} ({args.episodes} episodes), by the first action alone")
    print(f"              {figures['ensemble']['success_rate']:.3f} with temporal ensembling")


def policy_path(args: argparse.Namespace) -> Path:
    """The exported policy, beside the figures."""
    return Path(args.json).with_suffix(".pt")


def train(args: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Convert the demonstrations and let LeRobot's environment train.

    Returns:
        The figures of ``act_baseline.py``.

    Raises:
        InputError: The demonstrations cannot be used, or the training failed; the last line it said.
    """
    from humanoid_vla.demos.lerobot_writer import write_lerobot
    from humanoid_vla.demos.reader import DemoFile

    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name) / "dataset", Path(name) / "figures.json"
        try:
            write_lerobot(DemoFile(args.dataset, args.task), folder, GROUPS)
        except ValueError as error:
            raise InputError(str(error)) from None
        command = [str(args.lerobot_python), str(BASELINE), "--dataset", str(folder), "--json", str(out)]
        command += ["--out", str(policy_path(args)), "--seed", str(seed)]
        for option in ("cpu_s", "chunk_size", "batch_size", "learning_rate", "dim_model", "num_envs"):
            command += [f"--{option}", str(getattr(args, option))]
        try:
            # its libraries look for updates unless told to be offline
            result = subprocess.run(
                command, stderr=subprocess.PIPE, text=True, env=os.environ | {"HF_HUB_OFFLINE": "1"}
            )
        except OSError as error:
            raise InputError(
                f"--lerobot_python '{args.lerobot_python}': {error.strerror}; make it: {INSTALL}"
            ) from None
        if result.returncode:
            said = " ".join(result.stderr.strip().splitlines()[-1:])
            raise InputError(f"ACT failed with '{args.lerobot_python}': {said}; make it anew: {INSTALL}")
        return json.loads(out.read_text(encoding="utf-8"))


class ActPolicy:
    """The exported ACT as a policy of our scripts.

    Args:
        path: TorchScript: (proprio, language, camera) -> the next actions, (num_envs, chunk_size, num_actions).
        ensemble: Averages the chunks of the last steps; with None, the newest one's first action is taken.
    """

    def __init__(self, path: Path, ensemble: TemporalEnsemble | None) -> None:
        import torch

        self._chunks, self._ensemble = torch.jit.load(str(path)), ensemble

    def __call__(self, obs: Any) -> Any:
        chunks = self._chunks(*(obs[group] for group in GROUPS))
        return chunks[:, 0] if self._ensemble is None else self._ensemble(chunks)

    def reset(self, dones: Any = None) -> None:
        """Forget the chunks of the episodes that ended."""
        if self._ensemble is not None:
            self._ensemble.reset(dones)


def evaluate_act(args: argparse.Namespace, env_cfg: Any) -> dict[str, Any]:
    """Count its successes; under ``ensemble`` those with temporal ensembling, as ACT's authors act."""
    from evaluate import evaluate
    from humanoid_vla.policies.chunking import TemporalEnsemble
    from simulation import make_env

    with make_env(args.task, env_cfg) as env:
        figures = evaluate(env, ActPolicy(policy_path(args), None), args.episodes)
        ensemble = ActPolicy(policy_path(args), TemporalEnsemble(args.chunk_size, env.num_actions))
        return figures | {"ensemble": evaluate(env, ensemble, args.episodes)}


if __name__ == "__main__":
    run_main(main)
