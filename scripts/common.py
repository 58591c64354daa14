"""What the scripts share: names of tasks and agents, checkpoints, and errors of one line with exit code 2."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from isaaclab.envs import ManagerBasedRLEnvCfg
    from isaaclab_rl.rsl_rl import RslRlBaseRunnerCfg

# A waiting thread sleeps instead of spinning: the simulator's thread wants the core. Before torch starts its threads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

LOG_ROOT = Path("logs/rsl_rl")
CHECKPOINT_PATTERN = r"model_\d+\.pt"


class InputError(Exception):
    """Bad input: its message is one line that names the thing, the value and the remedy."""


def run_main(main: Callable[[], None]) -> NoReturn:
    """Run a script's main function; bad input ends it with one line and exit code 2."""
    try:
        main()
    except InputError as error:
        print(f"{Path(sys.argv[0]).name}: error: {error}", file=sys.stderr)
        sys.exit(2)
    sys.exit(0)


class Parser(argparse.ArgumentParser):
    """A parser that raises :class:`InputError` instead of printing its usage."""

    def __init__(self, description: str | None) -> None:
        super().__init__(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see --help")


def add_task_arguments(parser: argparse.ArgumentParser) -> None:
    """``--task``, ``--agent``, ``--num_envs``, ``--seed`` and ``--device``, as Isaac Lab names them."""
    parser.add_argument("--task", required=True, help="registered task, e.g. VLA-Reach-G1 (all: isaaclab list_envs)")
    parser.add_argument("--agent", default="sac", help="agent registered for the task (default: sac)")
    parser.add_argument("--num_envs", type=int, help="environments to simulate side by side (default: the task's)")
    parser.add_argument("--seed", type=int, help="random seed (default: the agent's)")
    parser.add_argument("--device", help="cpu or cuda:N (default: the first GPU where there is one, else the CPU)")


def add_checkpoint_argument(parser: argparse.ArgumentParser) -> None:
    """``--checkpoint``."""
    parser.add_argument("--checkpoint", default="latest", help="a model_*.pt file or 'latest' (the default)")


def check_task_arguments(args: argparse.Namespace) -> str:
    """Check the arguments of :func:`add_task_arguments` before anything is started or written.

    Returns:
        The agent's entry point in the task's registration.

    Raises:
        InputError: Unknown task or agent, an impossible number of environments or device.
    """
    import gymnasium as gym
    import torch

    import humanoid_vla.tasks  # noqa: F401  (registers the tasks)

    tasks = sorted(name for name in gym.registry if name.startswith("VLA-"))
    if args.task not in tasks:
        raise InputError(f"unknown task '{args.task}'; the tasks are: {', '.join(tasks)}")
    kwargs = gym.spec(args.task).kwargs
    agents = {
        agent_name(key): key for key in kwargs if key.endswith("_cfg_entry_point") and key != "env_cfg_entry_point"
    }
    if args.agent not in agents:
        raise InputError(f"task {args.task} has no agent '{args.agent}'; it has: {', '.join(sorted(agents))}")
    if args.num_envs is not None and args.num_envs < 1:
        raise InputError(f"--num_envs is {args.num_envs}; it must be at least 1")
    if args.device is not None:
        try:
            device = torch.device(args.device)
        except RuntimeError:
            raise InputError(f"--device '{args.device}' is no device; use cpu or cuda:N") from None
        known = device.type in ("cpu", "cuda")
        if not known or (device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count()):
            found = torch.cuda.device_count()
            raise InputError(
                f"--device '{args.device}' is not on this machine ({found} CUDA devices); use cpu or cuda:N"
            )
    return agents[args.agent]


def agent_name(entry_point: str) -> str:
    """Short name of an agent's entry point: Isaac Lab's default ``rsl_rl_cfg_entry_point`` is SAC in this package."""
    name = entry_point.removesuffix("_cfg_entry_point")
    return "sac" if name == "rsl_rl" else name


def isaaclab_settings(arguments: list[str]) -> list[str]:
    """Those of Isaac Lab's arguments that set something in a configuration; the others are options of its commands."""
    return [arg for arg in arguments if "=" in arg and not arg.startswith("-")]


def load_configs(
    args: argparse.Namespace, entry_point: str, overrides: list[str], play: bool = False
) -> tuple[ManagerBasedRLEnvCfg, RslRlBaseRunnerCfg]:
    """Configurations of task and agent with the command line applied; ``overrides`` are Isaac Lab's (``physics=...``).

    Raises:
        InputError: An override names nothing that exists, or a file of the scene is missing.
    """
    from isaaclab_rl.rsl_rl import check_rsl_rl_version, handle_deprecated_rsl_rl_cfg
    from isaaclab_tasks.utils import resolve_task_config

    settings = [arg for arg in overrides if re.match(r"(env|agent)\.", arg)]
    presets = [arg for arg in overrides if re.match(r"(physics|renderer|presets)=", arg)]
    for arg in overrides:
        if arg not in settings + presets or "=" not in arg:
            raise InputError(
                f"unknown argument '{arg}'; see --help, or set env.NAME=VALUE, agent.NAME=VALUE, physics=NAME"
            )
    try:
        for arg in settings:
            check_setting(arg, *resolve_task_config(args.task, entry_point, overrides=presets))
        loaded: Any = resolve_task_config(args.task, entry_point, play_mode=play, overrides=overrides)
    except (ValueError, AttributeError, TypeError, FileNotFoundError) as error:
        raise InputError(" ".join(str(error).split())) from None
    env_cfg, agent_cfg = loaded
    if args.num_envs is not None:
        env_cfg.scene.num_envs = args.num_envs
    if args.device is not None:
        env_cfg.sim.device = agent_cfg.device = args.device
    if args.seed is not None:
        agent_cfg.seed = args.seed
    env_cfg.seed = agent_cfg.seed
    if env_cfg.scene.num_envs < 1:
        raise InputError(f"env.scene.num_envs is {env_cfg.scene.num_envs}; it must be at least 1")
    check_scene_files(env_cfg)
    return env_cfg, handle_deprecated_rsl_rl_cfg(agent_cfg, check_rsl_rl_version())


def check_setting(arg: str, env_cfg: Any, agent_cfg: Any) -> None:
    """Raise :class:`InputError` where ``env.x.y=value`` names no setting or is of another kind: Isaac Lab does not."""
    root, *names = arg.partition("=")[0].split(".")
    node = {"env": env_cfg, "agent": agent_cfg}[root]
    for name in names:
        known = node if isinstance(node, dict) else vars(node) if hasattr(node, "__dict__") else {}
        if name not in known:
            near = difflib.get_close_matches(name, map(str, known), n=1) or sorted(map(str, known))
            raise InputError(f"'{arg}' sets nothing: there is no '{name}'; did you mean: {', '.join(near) or root}?")
        node = known[name]
    if kind := _other_kind(node, value := arg.partition("=")[2]):
        raise InputError(f"'{arg}': '{value}' is not {kind}; the default is {node}")


def _other_kind(default: Any, value: str) -> str | None:
    """What a value should have been, to judge by the default; None where it is, or may be anything."""
    if value in ("null", "None"):
        return None
    if isinstance(default, bool):
        return None if value.lower() in ("true", "false") else "true or false"
    if isinstance(default, int | float):
        try:
            float(value)
        except ValueError:
            return "a number"
    if isinstance(default, list | tuple) and not (value[:1] in "[(" and value):
        return "a list in brackets"
    return None


def check_scene_files(env_cfg: Any) -> None:
    """Raise :class:`InputError` where a USD file of the scene is missing on this machine."""
    for name, asset in vars(env_cfg.scene).items():
        path = getattr(getattr(asset, "spawn", None), "usd_path", None)
        if path and "://" not in path and not Path(path).is_file():
            raise InputError(
                f"the USD file '{path}' of '{name}' does not exist; the package's own are written with:"
                " python -m humanoid_vla.assets.usd_writer"
            )


def find_checkpoint(args: argparse.Namespace, entry_point: str) -> Path:
    """The checkpoint file that ``--checkpoint`` names, known to be readable and to hold nothing but data.

    Raises:
        InputError: There is none, or it is not a checkpoint.
    """
    from isaaclab_rl.entrypoints.common import resolve_checkpoint_selector
    from isaaclab_tasks.utils import load_cfg_from_registry

    if args.checkpoint == "latest":
        try:
            found = max(
                (
                    resolve_checkpoint_selector(
                        str(root), "latest", library="rsl_rl", task=args.task,
                        checkpoint_pattern=CHECKPOINT_PATTERN, metadata={"agent": entry_point},
                    )
                    for root in _experiments_with(args.task, entry_point)
                ),
                key=os.path.getmtime,
            )  # fmt: skip
        except ValueError:
            raise InputError(
                f"no run of agent '{args.agent}' on {args.task} in {LOG_ROOT}; train one:"
                f" scripts/train.py --task {args.task} --agent {args.agent}"
            ) from None
        path = Path(found)
    else:
        path = Path(args.checkpoint)
    if not path.is_file():
        raise InputError(f"checkpoint '{path}' does not exist; give a model_*.pt file or 'latest'")
    agent_cfg: Any = load_cfg_from_registry(args.task, entry_point)
    check_checkpoint_file(path, agent_cfg.algorithm.class_name.rpartition(":")[2])
    return path


def check_checkpoint_file(path: Path, algorithm: str) -> None:
    """Check that a file loads without running code from it and is a checkpoint of an algorithm, such as ``"SAC"``.

    Raises:
        InputError: It is not.
    """
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:
        raise InputError(
            f"'{path}' is no readable checkpoint (truncated, or not made by training); train again"
        ) from None
    if not isinstance(content, dict) or "actor_state_dict" not in content or "iter" not in content:
        raise InputError(f"'{path}' is not a training checkpoint of an agent; give a model_*.pt file of a run")
    writer = content.get("algorithm", "PPO")  # RSL-RL's own algorithm does not sign its checkpoints
    if writer != algorithm:
        raise InputError(f"'{path}' was written by {writer}, but the agent is {algorithm}; name the other with --agent")


def _experiments_with(task: str, entry_point: str) -> Iterator[Path]:
    """Experiment folders that hold a run of this task and agent, by the manifests Isaac Lab writes."""
    for manifest in LOG_ROOT.glob("*/*/run.json"):
        with contextlib.suppress(json.JSONDecodeError, KeyError):
            run = json.loads(manifest.read_text(encoding="utf-8"))
            if (
                run["task"] == task
                and run["metadata"].get("agent") == entry_point
                and any(re.fullmatch(CHECKPOINT_PATTERN, file.name) for file in manifest.parent.iterdir())
            ):
                yield manifest.parent.parent


@contextlib.contextmanager
def no_early_traceback() -> Iterator[None]:
    """Isaac Lab prints the traceback of whatever ends a simulation, also of an error that is handled further up."""
    print_exc, traceback.print_exc = traceback.print_exc, lambda *_, **__: None
    try:
        yield
    finally:
        traceback.print_exc = print_exc


def check_json_argument(path: str | Path | None) -> None:
    """Check where ``--json`` is to be written, before the work whose figures it is for.

    Raises:
        InputError: The folder does not exist, or the path is one.
    """
    if path is None:
        return
    if not Path(path).resolve().parent.is_dir():
        raise InputError(f"cannot write '{path}': its folder does not exist; make it first")
    if Path(path).is_dir():
        raise InputError(f"cannot write '{path}': it is a folder; give a file")


def write_json(path: str | Path, figures: Any) -> None:
    """Write figures to a file that is never half-written.

    Raises:
        InputError: It cannot be written there.
    """
    check_json_argument(path)
    path = Path(path)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)
