"""How long a policy takes for one observation on one core: torch in several ways, and the engines of a bundle."""

from __future__ import annotations

import argparse
import copy
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common import InputError, check_task_arguments

AGENTS = [("VLA-Reach-G1", "sac"), ("VLA-Reach-Camera-G1", "dagger")]
"""Task and agent of the policies that are measured where no bundle is given: one of states, one of pictures."""
SHAPES = {"proprio": (68,), "language": (384,), "state": (26,), "camera": (64, 64, 3)}
NUM_ACTIONS = 17  # these are the Reach tasks'
WARM_UP = 50
EAGER, CPU = "torch eager", "onnxruntime"
"""What the other ways of torch and the other engines are compared with: only the engines have a bundle's weights."""

Act = Callable[[], np.ndarray]


@dataclass(frozen=True)
class Subject:
    """A policy to measure: in torch with untrained weights, which take as long as any, and as an ONNX file."""

    name: str
    policy: Any
    model: bytes
    inputs: dict[str, np.ndarray]  # of the ONNX file, a batch of one
    groups: list[str]  # those of the inputs that are observations


def run_inference(args: argparse.Namespace) -> dict[str, Any]:
    """Time every way to run each policy, in turns."""
    import torch

    from humanoid_vla.runtime.thread_settings import keep_time

    if args.rounds < 1 or args.calls < 1:
        raise InputError("--rounds and --calls must be at least 1")
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"--device '{args.device}' is not on this machine; use cpu")
    subjects = [make_subject(*names) for names in AGENTS] if args.bundle is None else [read_subject(args.bundle)]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    figures: dict[str, Any] = {"device": args.device, "rounds": args.rounds, "calls": args.calls}
    missing: dict[str, str] = {}
    try:
        for subject in subjects:
            ways = {**torch_ways(subject, args.device), **engine_ways(subject, missing)}
            warm_up = {name: [act() for _ in range(WARM_UP)][-1] for name, act in ways.items()}
            with keep_time(args.realtime, core=None) as report:
                figures[subject.name] = rows = compare(ways, warm_up, args.rounds, args.calls)
            figures["scheduler"] = report["scheduler"]
            print(f"\n{subject.name}, one observation, one thread, torch on {args.device}, scheduler", end=" ")
            print(figures["scheduler"])
            print(f"{'engine':<28} {'p50 [ms]':>9} {'p99 [ms]':>9} {'CPU p99':>9} {'faster':>7} {'differs':>9}")
            for row in rows:
                print(
                    f"{row['engine']:<28} {row['p50_ms']:>9.3f} {row['p99_ms']:>9.3f} {row['cpu_p99_ms']:>9.3f}"
                    f" {row['speedup_over_torch']:>6.1f}x {row['difference']:>9.1e}"
                )
    finally:
        torch.set_num_threads(threads)
    return figures


def make_subject(task: str, agent: str) -> Subject:
    """The policy of a Reach task's agent, untrained, with its ONNX file as the export writes it."""
    from humanoid_vla.export.graph import Affine, PolicyGraph, make_onnx
    from humanoid_vla.runtime.bundle import Input

    settings, groups = read_agent(task, agent)
    inputs = make_inputs({group: SHAPES[group] for group in groups})
    policy = make_policy(settings, inputs, groups, NUM_ACTIONS)
    graph = PolicyGraph(policy, Affine([0.0] * NUM_ACTIONS, [1.0] * NUM_ACTIONS), {g: SHAPES[g] for g in groups})
    described = [Input(name, str(value.dtype), value.shape[1:], 1, ()) for name, value in inputs.items()]
    return Subject(f"{task} {agent}", policy, make_onnx(graph, described).content, inputs, groups)


def read_subject(place: Path) -> Subject:
    """The network of a bundle, and the policy of its agent as it is configured, untrained."""
    from humanoid_vla.runtime.bundle import load_bundle
    from humanoid_vla.runtime.bundle_files import POLICY, BundleError

    try:
        bundle = load_bundle(place)
        model = bundle.read(POLICY)
    except BundleError as error:
        raise InputError(str(error)) from None
    settings, groups = read_agent(bundle.task, bundle.agent)
    if groups != [group.name for group in bundle.inputs]:
        raise InputError(f"the bundle '{place}' reads other groups than today's agent '{bundle.agent}': {groups}")
    inputs = make_inputs({group.name: group.shape for group in bundle.inputs})
    policy = make_policy(settings, inputs, groups, len(bundle.joints.names))
    states = {state.name: state.initial[None] for state in bundle.states}
    return Subject(f"{bundle.task} {bundle.agent}", policy, model, inputs | states, groups)


def read_agent(task: str, agent: str) -> tuple[dict[str, Any], list[str]]:
    """Settings of an agent's policy, its class among them, and the observation groups that it reads."""
    from isaaclab_rl.rsl_rl import check_rsl_rl_version, handle_deprecated_rsl_rl_cfg
    from isaaclab_tasks.utils import load_cfg_from_registry

    entry_point = check_task_arguments(argparse.Namespace(task=task, agent=agent, num_envs=None, device=None))
    cfg: Any = load_cfg_from_registry(task, entry_point)
    handle_deprecated_rsl_rl_cfg(cfg, check_rsl_rl_version())
    settings = cfg.to_dict()
    return settings["actor"], list(settings["obs_groups"]["actor"])


def make_policy(settings: dict[str, Any], inputs: dict[str, np.ndarray], groups: list[str], num_actions: int) -> Any:
    """The network of an agent, from fixed random weights, for use."""
    import torch
    from rsl_rl.utils import resolve_callable

    torch.manual_seed(0)
    settings = {key: value for key, value in settings.items() if key != "distribution_cfg"}
    network: Any = resolve_callable(settings.pop("class_name"))
    obs = {group: torch.from_numpy(inputs[group]) for group in groups}
    return network(obs, {"actor": groups}, "actor", num_actions, **settings).eval()


def make_inputs(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Noise in the place of one observation: bytes where it is a picture."""
    rng = np.random.default_rng(0)
    return {
        name: rng.integers(0, 256, (1, *shape), np.uint8)
        if len(shape) == 3
        else rng.normal(size=(1, *shape)).astype(np.float32)
        for name, shape in shapes.items()
    }


def torch_ways(subject: Subject, device: str) -> dict[str, Act]:
    """From an observation in NumPy to actions in NumPy by torch: eager, compiled, in half the precision, by layouts."""
    import torch

    policy, half = copy.deepcopy(subject.policy).to(device), torch.float16 if device != "cpu" else torch.bfloat16
    obs = {group: subject.inputs[group] for group in subject.groups}

    def way(policy: Any, dtype: Any = None) -> Act:
        def act() -> np.ndarray:
            with torch.inference_mode(), torch.autocast(device.partition(":")[0], dtype, enabled=dtype is not None):
                tensors = {name: torch.from_numpy(value).to(device) for name, value in obs.items()}
                return policy(tensors).float().cpu().numpy()

        return act

    ways = {EAGER: way(policy)}
    if any(weight.dim() == 4 for weight in policy.parameters()):
        for name, layout in (("first", torch.contiguous_format), ("last", torch.channels_last)):
            ways[f"torch eager channels {name}"] = way(copy.deepcopy(policy).to(memory_format=layout))
    name = str(half).removeprefix("torch.")
    ways[f"torch eager {name}"] = way(policy, half)
    if os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++"):
        compiled = torch.compile(policy, dynamic=False, mode="reduce-overhead" if device != "cpu" else None)
        ways |= {"torch compiled": way(compiled), f"torch compiled {name}": way(compiled, half)}
    else:
        print("torch compiled: needs a C++ compiler: apt-get install g++")
    return ways


def engine_ways(subject: Subject, missing: dict[str, str]) -> dict[str, Act]:
    """The same by every engine that is here; a line for each kind that is not, once."""
    from humanoid_vla.runtime.engine import EngineError, open_engine

    ways: dict[str, Act] = {}
    for name, settings in engine_settings():
        if settings["kind"] in missing:
            continue
        try:
            engine = open_engine(subject.model, **settings)
        except EngineError as error:
            missing[settings["kind"]] = str(error)
            print(error)
        else:
            ways[name] = lambda engine=engine: engine.run(subject.inputs)["actions"]
    return ways


def engine_settings() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every engine's name and arguments; of TensorRT both precisions, with and without a CUDA graph."""
    from humanoid_vla.runtime.engine import ENGINE_KINDS

    for kind in ENGINE_KINDS:
        yield kind, {"kind": kind}
    yield "tensorrt graph", {"kind": "tensorrt", "cuda_graph": True}
    yield "tensorrt fp16", {"kind": "tensorrt", "precision": "fp16"}
    yield "tensorrt fp16 graph", {"kind": "tensorrt", "precision": "fp16", "cuda_graph": True}


def compare(ways: dict[str, Act], answers: dict[str, np.ndarray], rounds: int, calls: int) -> list[dict[str, Any]]:
    """Latencies, each the median of the rounds: whatever else the machine does, it does to all of them.

    Beside the wall's time there is the thread's own, which leaves out what others took of its core.
    """
    times = {name: np.empty((rounds, calls)) for name in ways}
    busy = {name: np.empty((rounds, calls)) for name in ways}
    names = list(ways)
    for index in range(rounds):
        for name in names:
            act = ways[name]
            for call in range(calls):
                start, start_busy = time.perf_counter(), time.thread_time()
                act()
                busy[name][index, call] = time.thread_time() - start_busy
                times[name][index, call] = time.perf_counter() - start
        names.append(names.pop(0))
    p50 = {name: 1e3 * np.percentile(values, 50, axis=1) for name, values in times.items()}
    p99 = {name: 1e3 * np.percentile(values, 99, axis=1) for name, values in times.items()}
    return [
        {
            "engine": name,
            "p50_ms": float(np.median(p50[name])),
            "p99_ms": float(np.median(p99[name])),
            "cpu_p99_ms": float(np.median(1e3 * np.percentile(busy[name], 99, axis=1))),
            "speedup_over_torch": float(np.median(p50[EAGER] / p50[name])),
            "difference": float(np.abs(answers[name] - answers[EAGER if "torch" in name else CPU]).max()),
        }
        for name in ways
    ]
