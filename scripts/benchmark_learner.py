"""Gradient updates a second of our SAC: on a CPU beside Stable-Baselines3's, on a GPU compiled beside eager."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from common import InputError

if TYPE_CHECKING:
    import torch

OBS_DIM, NUM_ACTIONS, HIDDEN = 100, 17, 256
BATCH_SIZES = {"cpu": (256, 4096), "cuda": (256, 8192)}
NUM_ENVS = {"cpu": 64, "cuda": 4096}
PRECISIONS = {"fp32": False, "bf16": True}  # of our matrix products, and whether that is autocast; the baseline's: fp32
STORED_STEPS = 200  # with 64 environments 12 800 transitions: more than the processor's caches hold

Updates = Callable[[int], object]
"""Makes this many gradient updates and waits for the device."""


def run_learner(args: argparse.Namespace) -> dict[str, Any]:
    """Our learner in both precisions beside a baseline, on a CPU with the threads torch takes by itself."""
    import torch
    from tqdm import tqdm

    kind = args.device.partition(":")[0]
    if kind not in BATCH_SIZES or (kind == "cuda" and not torch.cuda.is_available()):
        raise InputError(f"--device '{args.device}' is not on this machine; use cpu, or cuda where there is a GPU")
    baseline = {"cpu": "sb3", "cuda": "eager"}[kind]
    rows: list[dict[str, Any]] = []
    for batch in tqdm(BATCH_SIZES[kind], desc="batch sizes", disable=not sys.stderr.isatty()):
        torch.compiler.reset()  # else the kernels of a second batch size are made for any size
        compile = args.compile or kind == "cuda"
        ours = [make_sac(args.device, batch, compile, autocast) for autocast in PRECISIONS.values()]
        theirs = make_sb3_sac(batch) if kind == "cpu" else make_sac(args.device, batch)
        *rates, baseline_rate = alternate([*ours, theirs], args.rounds, args.seconds)
        for (precision, autocast), rate in zip(PRECISIONS.items(), rates, strict=True):
            peak = measure_peak_gflops(args.device, torch.bfloat16 if autocast else torch.float32)
            rows.append(
                {
                    "batch": batch,
                    "precision": precision,
                    "updates_per_s": round(rate, 2),
                    f"{baseline}_updates_per_s": round(baseline_rate, 2),
                    "ratio": round(rate / baseline_rate, 3),
                    "gflops": round(rate * flops_per_update(batch) / 1e9, 1),
                    "peak_gflops": round(peak, 1),
                }
            )
    print(f"{'batch':>6} {'precision':>9} {'updates/s':>10} {baseline:>8} {'ratio':>6} {'GFLOP/s':>8} {'of peak':>8}")
    for row in rows:
        row["peak_gflops"] = max(other["peak_gflops"] for other in rows if other["precision"] == row["precision"])
        print(
            f"{row['batch']:>6} {row['precision']:>9} {row['updates_per_s']:>10.1f}"
            f" {row[f'{baseline}_updates_per_s']:>8.1f} {row['ratio']:>6.2f} {row['gflops']:>8.1f}"
            f" {row['gflops'] / row['peak_gflops']:>8.0%}"
        )
    return {"learner": rows}


def alternate(runs: list[Updates], rounds: int, seconds: float) -> list[float]:
    """Best rate [1/s] of each function, which does its argument's number of units of work.

    Short rounds in turns, and the best of each: on a machine that others use too, the best round is the one they left
    alone (the reasoning of :mod:`timeit`).
    """
    counts = []
    for run in runs:  # warm up, then find how many fit into a round
        run(6)
        start = time.perf_counter()
        run(4)
        counts.append(max(1, round(4 * seconds / (time.perf_counter() - start))))
    rates: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, count, own_rates in zip(runs, counts, rates, strict=True):
            start = time.perf_counter()
            run(count)
            own_rates.append(count / (time.perf_counter() - start))
    return [max(own_rates) for own_rates in rates]


def flops_per_update(batch: int) -> float:
    """Floating-point operations that one of our SAC updates needs, matrix products only."""
    actor = OBS_DIM * HIDDEN + HIDDEN * HIDDEN + HIDDEN * 2 * NUM_ACTIONS  # weights = multiply-adds a sample
    critic = (OBS_DIM + NUM_ACTIONS) * HIDDEN + HIDDEN * HIDDEN + HIDDEN  # of one of the two
    # forward: actor at s and s'; both critics online, target, and for the actor      2 A + 6 C
    # backward, critic loss: weights, and inputs of all layers but the first          4 C - 2 (obs + actions) hidden
    # backward, actor loss: inputs through both critics, then the actor as above      2 C + 2 A - obs hidden
    multiply_adds = 4 * actor + 12 * critic - 2 * (OBS_DIM + NUM_ACTIONS) * HIDDEN - OBS_DIM * HIDDEN
    return 2.0 * batch * multiply_adds


def measure_peak_gflops(device: str, dtype: torch.dtype, repeats: int = 20) -> float:
    """Best rate of a product of two square matrices [GFLOP/s]."""
    import torch

    size = 1024 if device == "cpu" else 8192
    a, b = torch.randn(2, size, size, device=device, dtype=dtype)
    corner = torch.mm(a, b)[0, 0]
    best = float("inf")
    for _ in range(repeats):
        corner.item()  # waits for the device
        start = time.perf_counter()
        corner = torch.mm(a, b)[0, 0]
        corner.item()
        best = min(best, time.perf_counter() - start)
    return 2.0 * size**3 / best / 1e9


def make_sac(device: str, batch: int, compile: bool = False, autocast: bool = False) -> Updates:
    """Our SAC with a filled replay buffer."""
    import torch

    from humanoid_vla.agents.replay_buffer import ReplayBuffer
    from humanoid_vla.agents.sac import SAC
    from humanoid_vla.policies.critic import EnsembleCritic
    from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy

    num_envs = NUM_ENVS[torch.device(device).type]
    obs, groups = {"policy": torch.randn(num_envs, OBS_DIM)}, {"actor": ["policy"], "critic": ["policy"]}
    hidden = (HIDDEN, HIDDEN)
    # Stable-Baselines3 normalises observations outside its learner: leave it out of both
    actor = SquashedGaussianPolicy(obs, groups, "actor", NUM_ACTIONS, hidden, obs_normalization=False)
    critic = EnsembleCritic(obs, groups, "critic", NUM_ACTIONS, hidden, obs_normalization=False)
    buffer = ReplayBuffer(obs, NUM_ACTIONS, num_envs * (STORED_STEPS + 1), device)
    buffer.start(obs)
    never = torch.zeros(num_envs, dtype=torch.bool, device=device)
    for _ in range(STORED_STEPS):
        actions = 2.0 * torch.rand(num_envs, NUM_ACTIONS, device=device) - 1.0
        obs = {"policy": torch.randn(num_envs, OBS_DIM, device=device)}
        buffer.add(actions, torch.randn(num_envs, device=device), never, never, obs, obs)
    sac = SAC(actor, critic, buffer, device=device, batch_size=batch, compile=compile, autocast=autocast)
    return sac.make_updates


def make_sb3_sac(batch: int) -> Updates:
    """Stable-Baselines3's SAC with a replay buffer of the same size."""
    import gymnasium as gym
    import numpy as np

    try:
        from stable_baselines3 import SAC as SB3SAC
        from stable_baselines3.common.logger import Logger
    except ImportError:
        raise InputError("the comparison needs stable-baselines3; install the `dev` extra") from None

    class Space(gym.Env):
        """Only the spaces are used: the learner never steps it."""

        observation_space = gym.spaces.Box(-np.inf, np.inf, (OBS_DIM,), np.float32)
        action_space = gym.spaces.Box(-1.0, 1.0, (NUM_ACTIONS,), np.float32)

    size = NUM_ENVS["cpu"] * STORED_STEPS
    model = SB3SAC("MlpPolicy", Space(), policy_kwargs={"net_arch": [HIDDEN, HIDDEN]}, buffer_size=size, device="cpu")
    model.set_logger(Logger(folder=None, output_formats=[]))
    rng = np.random.default_rng(0)
    assert model.replay_buffer is not None
    for _ in range(size):
        obs, next_obs = rng.standard_normal((2, 1, OBS_DIM), dtype=np.float32)
        action = rng.uniform(-1.0, 1.0, (1, NUM_ACTIONS)).astype(np.float32)
        model.replay_buffer.add(obs, next_obs, action, rng.standard_normal(1), np.zeros(1), [{}])
    return lambda count: model.train(gradient_steps=count, batch_size=batch)
