"""Does every agent's policy become a bundle that acts as it does? A short training of each, exported and compared."""

from __future__ import annotations

import argparse
import contextlib
import io
import tempfile
import time
from pathlib import Path
from typing import Any

from common import InputError, agent_name, check_task_arguments, load_configs

QUICK = {
    "learning_starts": 64,
    "updates_per_step": 1.0,
    "batch_size": 64,
    "buffer_size": 8192,
    "compile": False,
}
"""Settings of off-policy algorithms, for gradient updates from the first iteration on."""
CHUNK_SIZE = 4
"""Steps that cloned vision-language-action policies plan here."""


def run_export(args: argparse.Namespace) -> list[dict[str, Any]]:
    """One row a task and agent: ``policy``, ``trained``, ``max_abs_error``, ``cosine``, ``seconds``."""
    for name in ("iterations", "steps", "num_envs"):
        if getattr(args, name) < 1:
            raise InputError(f"--{name} is {getattr(args, name)}; it must be at least 1")
    import gymnasium as gym

    import humanoid_vla.tasks  # noqa: F401  (registers them)

    rows = []
    print(f"{'task':22} {'agent':16} {'policy':24} {'trained':8} {'max abs error':14} {'cosine':11} seconds")
    for task in args.tasks or sorted(name for name in gym.registry if name.startswith("VLA-")):
        for row in export_agents(task, args):
            rows.append(row)
            print(
                f"{row['task']:22} {row['agent']:16} {row['policy']:24} {'yes' if row['trained'] else 'no':8}"
                f" {row['max_abs_error']:<14.2e} {row['cosine']:.9f} {row['seconds']:.1f}",
                flush=True,
            )
    return rows


def export_agents(task: str, args: argparse.Namespace) -> Any:
    """Export the agents of a task one after the other, in one environment.

    Raises:
        InputError: If there is no such task, or a graph differs from its policy.
    """
    import gymnasium as gym

    from humanoid_vla.export.graph import ExportError
    from listening import prepare_sentences
    from simulation import make_env

    wanted = argparse.Namespace(task=task, agent="sac", num_envs=args.num_envs, seed=args.seed, device="cpu")
    entry_point = check_task_arguments(wanted)
    with contextlib.redirect_stdout(io.StringIO()):
        env_cfg, _ = load_configs(wanted, entry_point, [])
    prepare_sentences(task)
    keys = [key for key in gym.spec(task).kwargs if key.endswith("_cfg_entry_point") and key != "env_cfg_entry_point"]
    with make_env(task, env_cfg) as env:
        for key in keys:
            wanted.agent = agent_name(key)
            with contextlib.redirect_stdout(io.StringIO()):
                _, agent_cfg = load_configs(wanted, key, [])
            try:
                yield export_agent(env, agent_cfg, wanted, args)
            except ExportError as error:
                raise InputError(f"{task}, agent '{wanted.agent}': {error}") from None


def export_agent(env: Any, agent_cfg: Any, names: argparse.Namespace, args: argparse.Namespace) -> dict[str, Any]:
    """Train an agent a little, or where it needs a file fit its normaliser only; export it to a folder for a moment."""
    import torch
    from isaaclab_rl.rsl_rl import create_rsl_rl_runner

    from humanoid_vla.export.bundling import export_bundle, record_observations
    from humanoid_vla.export.describe import describe
    from humanoid_vla.export.parity import worst
    from humanoid_vla.tasks.mdp.figures import term_figures

    settings = agent_cfg.algorithm
    for name, value in QUICK.items():
        if hasattr(settings, name):
            setattr(settings, name, value)
    if hasattr(agent_cfg.actor, "pretrained"):
        agent_cfg.actor.pretrained = False  # no weights are fetched
        if names.agent == "bc":
            agent_cfg.actor.chunk_size = CHUNK_SIZE
    teachable = not any(hasattr(settings, name) for name in ("demonstrations", "teacher"))
    torch.manual_seed(args.seed)
    with contextlib.redirect_stdout(io.StringIO()):
        runner = create_rsl_rl_runner(env, agent_cfg)
        if teachable:
            runner.learn(args.iterations)
    policy: Any = runner.get_inference_policy(device=env.unwrapped.device)
    if not teachable:
        policy.update_normalization(env.get_observations())
    recording = record_observations(env, policy, policy.obs_groups, args.steps)
    description = describe(env.unwrapped, policy.obs_groups, term_figures)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "bundle"
        bundle, parity = export_bundle(place, policy, description, recording, names.task, names.agent, {})
    error, cosine = worst(parity["batches"])
    chunks = f", chunks of {bundle.chunk_size}" if bundle.chunk_size > 1 else ""
    return {
        "task": names.task,
        "agent": names.agent,
        "policy": bundle.policy + chunks,
        "trained": teachable,
        "max_abs_error": error,
        "cosine": cosine,
        "seconds": time.perf_counter() - start,
    }
