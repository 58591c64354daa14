"""Our BC and GAIL beside those of the `imitation` library: one expert file, the same steps, the same evaluation."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloning import train as train_until_best
from common import InputError, check_json_argument, write_json
from comparison import check_env, load_runs, standard_error
from imitation_expert import (
    EVALUATION_EPISODES,
    EVALUATION_SEED,
    OBS_GROUPS,
    make_expert,
    mean_return,
    random_policy,
    record_episodes,
    sac_settings,
)

if TYPE_CHECKING:
    import torch

    from humanoid_vla.agents.gym_vec_env import GymVecEnv

OURS = ("ours_bc", "ours_gail")
THEIRS = ("bc_tuned", "bc_long", "gail_tutorial", "gail_ppo", "gail_sac")
"""Settings of the library, see imitation_baseline.py."""
BASELINE = Path(__file__).with_name("imitation_baseline.py")
EVALUATIONS = 10
SAME_VERSIONS = ("gymnasium", "mujoco")
"""Both sides train and evaluate in the same environments; `imitation` asks for an older Gymnasium, without the -v5."""
GAIL_SETTINGS = ("update_every", "learning_rate", "tau")
"""Of the SAC under GAIL, ours and the library's."""
Training = tuple[Callable[[], None], Any, Iterable[int]]
"""Goes on until the next evaluation; the policy; and the environment steps done at each."""


def run_imitation(args: argparse.Namespace) -> dict[str, Any]:
    """Train what ``args.json`` does not hold yet; every finished run goes there at once."""
    import torch

    check_arguments(args)
    torch.set_num_threads(1)
    load(args)
    prepare_expert(args)
    for seed in args.seeds:
        for learner in args.learners:
            if (learner, seed) in {(run["learner"], run["seed"]) for run in load(args)["runs"]}:
                continue
            run = train_ours(args, learner, seed) if learner in OURS else train_theirs(args, learner, seed)
            # read again: a process with other seeds may have added its own meanwhile
            figures = load(args)
            figures["runs"].append({"learner": learner, "seed": seed, **run})
            figures["runs"].sort(key=lambda run: (run["learner"], run["seed"]))
            figures["summary"] = summarize(figures)
            write_json(args.json, figures)
    figures = load(args)
    print(f"expert {figures['expert_return']:.1f}, uniformly random actions {figures['random_return']:.1f}")
    for name, row in figures["summary"].items():
        error = "" if row["standard_error"] is None else f" +- {row['standard_error']:.3f}"
        print(f"{name:14} {row['normalized']:6.3f}{error} ({row['seeds']} seeds), return {row['mean_return']:.1f}")
    return figures


def check_arguments(args: argparse.Namespace) -> None:
    """Raise :class:`InputError` for what cannot be trained."""
    check_env(args.env)
    if args.json is None:
        raise InputError("give a file with --json: each finished run is kept there, and the expert beside it")
    check_json_argument(args.json)
    for name, least in (("expert_steps", 2), ("episodes", 2), ("update_every", 1)):
        if getattr(args, name) < least:
            raise InputError(f"--{name} is {getattr(args, name)}; it must be at least {least}")
    for name in ("learning_rate", "tau"):
        if not 0.0 < getattr(args, name) <= 1.0:
            raise InputError(f"--{name} is {getattr(args, name)}; it must be above 0 and at most 1")
    if args.steps < EVALUATIONS or args.steps % EVALUATIONS:
        raise InputError(f"--steps is {args.steps}; it must be a multiple of {EVALUATIONS}, the evaluations of a run")
    if set(args.learners) & set(THEIRS):
        if args.imitation_python is None:
            raise InputError(
                f"the `imitation` library needs an environment of its own, whose python is --imitation_python; make it:"
                f" {install_command()}; or train ours alone: --learners {' '.join(OURS)}"
            )
        check_imitation(args.imitation_python)


def install_command() -> str:
    """What makes an environment for `imitation`, with our versions of what the environments are made of."""
    gymnasium, mujoco = (f"{name}=={version(name)}" for name in SAME_VERSIONS)
    pip = ".venv-imitation/bin/pip install"
    return (
        f"python -m venv .venv-imitation && {pip} imitation==1.0.1 h5py imageio {mujoco}"
        f" && {pip} --no-deps {gymnasium} stable-baselines3==2.9.2"
    )


def check_imitation(python: Path) -> None:
    """Raise :class:`InputError` where that Python has no `imitation`, or other versions than we have."""
    imports = "import gymnasium.envs.mujoco, h5py, imitation; from importlib.metadata import version"
    code = f"{imports}; print([version(name) for name in {SAME_VERSIONS}])"
    wanted = str([version(name) for name in SAME_VERSIONS])
    try:
        found = subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    except OSError as error:
        found = str(error.strerror)
    except subprocess.CalledProcessError as error:
        found = " ".join(error.stderr.strip().splitlines()[-1:]) or f"exit code {error.returncode}"
    if found != wanted:
        raise InputError(
            f"--imitation_python '{python}': {found}, where {' and '.join(SAME_VERSIONS)} should be {wanted}; make it:"
            f" {install_command()}"
        )


def load(args: argparse.Namespace) -> dict[str, Any]:
    """The figures so far, see :func:`.comparison.load_runs`."""
    return load_runs(args, ("env", "steps", *GAIL_SETTINGS, "expert_steps", "episodes"))


def prepare_expert(args: argparse.Namespace) -> None:
    """Train and record the expert, and measure it and random actions; what is there already is kept."""
    from humanoid_vla.demos.reader import DemoFile

    figures, path = load(args), demonstrations_path(args)
    if "expert_return" in figures and path.exists():
        return
    policy = make_expert(args.env, args.expert_steps, args.json.with_suffix(".expert.pt"))
    if not path.exists():
        record_episodes(args.env, policy, args.episodes, path)
    figures["expert_return"] = mean_return(args.env, policy)
    figures["random_return"] = mean_return(args.env, random_policy(DemoFile(path).action_dim))
    write_json(args.json, figures)


def demonstrations_path(args: argparse.Namespace) -> Path:
    """The expert's file, beside the figures."""
    return args.json.with_suffix(".hdf5")


def train_ours(args: argparse.Namespace, learner: str, seed: int) -> dict[str, Any]:
    """A training of ours: returns over the environment steps, and its time."""
    import torch

    from humanoid_vla.agents.gym_vec_env import make_gym_env

    torch.manual_seed(seed)
    env = make_gym_env(args.env, seed=seed)
    run: dict[str, Any] = {"steps": [], "returns": []}
    train, policy, rounds = (make_bc if learner == "ours_bc" else make_gail)(args, env, seed)
    cpu_s = 0.0
    for steps in rounds:
        start = time.process_time()  # of this process on its one thread: others on the machine do not count
        train()
        cpu_s += time.process_time() - start
        run["steps"].append(steps)
        run["returns"].append(round(mean_return(args.env, policy), 2))
        print(f"{learner} seed {seed}: {steps} steps, return {run['returns'][-1]:.1f}", file=sys.stderr)
    env.close()
    return {**run, "cpu_s": round(cpu_s, 1)}


def make_bc(args: argparse.Namespace, env: GymVecEnv, seed: int) -> Training:
    """Cloning with the settings of scripts/train_bc.py; no environment step."""
    from humanoid_vla.agents.bc import BC
    from humanoid_vla.demos.reader import DemoFile

    bc = BC(env.get_observations(), ["policy"], env.num_actions, policy={}, weight_decay=1e-2)
    bc.learn_from(DemoFile(demonstrations_path(args)), seed)
    best: dict[str, torch.Tensor] = {}

    def keep(epoch: int) -> None:
        best.update({name: value.clone() for name, value in bc.actor.state_dict().items()})

    def train() -> None:
        train_until_best(bc.update, epochs=500, patience=50, save=keep)
        bc.actor.load_state_dict(best)

    return train, bc.actor, [0]


def make_gail(args: argparse.Namespace, env: GymVecEnv, seed: int) -> Training:
    """GAIL with its defaults, on SAC with the settings of the library's."""
    from humanoid_vla.agents.gail import GAIL
    from humanoid_vla.agents.gym_vec_env import train

    algorithm = {**sac_settings(args.steps, args.update_every), "demonstrations": str(demonstrations_path(args))}
    algorithm |= {f"{part}_learning_rate": args.learning_rate for part in ("actor", "critic", "alpha")}
    algorithm["tau"] = args.tau
    cfg = {"algorithm": algorithm, "actor": {}, "critic": {}, "discriminator": {}, "obs_groups": OBS_GROUPS}
    gail = GAIL.construct_algorithm(env.get_observations(), env, cfg, "cpu")
    every = args.steps // EVALUATIONS
    return lambda: train(gail, env, every), gail.get_policy(), range(every, args.steps + 1, every)


def train_theirs(args: argparse.Namespace, learner: str, seed: int) -> dict[str, Any]:
    """A training of the library's, in its own environment.

    Raises:
        InputError: It failed there; the last line it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run.json"
        command = [str(args.imitation_python), str(BASELINE), "--env", args.env, "--learner", learner]
        command += ["--demonstrations", str(demonstrations_path(args)), "--out", str(out), "--seed", str(seed)]
        for name in GAIL_SETTINGS:
            command += [f"--{name}", str(getattr(args, name))]
        command += ["--steps", str(args.steps), "--every", str(args.steps // EVALUATIONS)]
        command += ["--episodes", str(EVALUATION_EPISODES), "--evaluation_seed", str(EVALUATION_SEED)]
        result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if result.returncode:
            said = result.stderr.strip().splitlines()[-1:]
            raise InputError(f"'{learner}' failed with {args.imitation_python}: {' '.join(said)}")
        return json.loads(out.read_text(encoding="utf-8"))


def summarize(figures: dict[str, Any]) -> dict[str, Any]:
    """(return - random) / (expert - random) of each learner's last policy: mean and standard error over the seeds."""
    expert, random = figures["expert_return"], figures["random_return"]
    summary: dict[str, Any] = {}
    for learner in (*OURS, *THEIRS):
        own = [run for run in figures["runs"] if run["learner"] == learner]
        if not own:
            continue
        final = [run["returns"][-1] for run in own]
        normalized = [(value - random) / (expert - random) for value in final]
        summary[learner] = {
            "normalized": round(statistics.fmean(normalized), 4),
            "standard_error": standard_error(normalized, digits=4),
            "mean_return": round(statistics.fmean(final), 1),
            "seeds": len(own),
        }
    return summary
