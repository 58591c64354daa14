"""Gradient updates a second of our SAC, beside Stable-Baselines3's SAC on the same sizes."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from common import InputError

if TYPE_CHECKING:
    from humanoid_vla.agents.sac import SAC

OBS_DIM, NUM_ACTIONS, HIDDEN = 100, 17, 256
BATCH_SIZES = (256, 1024, 4096)
NUM_ENVS, STORED_STEPS = 64, 200  # 12 800 transitions: more than the processor's caches hold


def run_learner(args: argparse.Namespace) -> dict[str, Any]:
    """Both learners on the same sizes, with the threads torch takes by itself."""
    from tqdm import tqdm

    try:
        theirs = make_sb3_sac()
    except ImportError:
        raise InputError("the comparison needs stable-baselines3; install the `dev` extra") from None
    ours = make_sac()
    peak = 0.0
    rows: list[dict[str, Any]] = []
    for batch in tqdm(BATCH_SIZES, desc="batch sizes", disable=not sys.stderr.isatty()):
        ours.batch_size = batch

        def update_ours(count: int) -> None:
            ours.make_updates(count)

        def update_theirs(count: int, batch: int = batch) -> None:
            theirs.train(gradient_steps=count, batch_size=batch)

        rates = alternate([update_ours, update_theirs], args.rounds, args.seconds)
        peak = max(peak, measure_peak_gflops())
        rows.append(
            {
                "batch": batch,
                "updates_per_s": round(rates[0], 2),
                "sb3_updates_per_s": round(rates[1], 2),
                "ratio": round(rates[0] / rates[1], 3),
                "gflops": round(rates[0] * flops_per_update(batch) / 1e9, 1),
            }
        )
    for row in rows:
        row["peak_gflops"] = round(peak, 1)
    print(f"{'batch':>6} {'updates/s':>10} {'SB3':>8} {'ratio':>6} {'GFLOP/s':>8} {'of peak':>8}")
    for row in rows:
        print(
            f"{row['batch']:>6} {row['updates_per_s']:>10.1f} {row['sb3_updates_per_s']:>8.1f} {row['ratio']:>6.2f}"
            f" {row['gflops']:>8.1f} {row['gflops'] / peak:>8.0%}"
        )
    return {"learner": rows}


def alternate(runs: list[Callable[[int], None]], rounds: int, seconds: float) -> list[float]:
    """Best rate [1/s] of each function, which does its argument's number of units of work.

    Short rounds in turns, and the best of each: on a machine that others use too, the best round is the one they left
    alone (the reasoning of :mod:`timeit`).
    """
    counts = []
    for run in runs:  # warm up, then find how many fit into a round
        run(2)
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


def measure_peak_gflops(size: int = 1024, repeats: int = 20) -> float:
    """Best rate of an fp32 product of two square matrices [GFLOP/s]."""
    import torch

    a, b = torch.randn(size, size), torch.randn(size, size)
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - start)
    return 2.0 * size**3 / best / 1e9


def make_sac() -> SAC:
    """Our SAC with a filled replay buffer."""
    import torch

    from humanoid_vla.agents.replay_buffer import ReplayBuffer
    from humanoid_vla.agents.sac import SAC
    from humanoid_vla.policies.critic import TwinCritic
    from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy

    obs, groups = {"policy": torch.randn(NUM_ENVS, OBS_DIM)}, {"actor": ["policy"], "critic": ["policy"]}
    hidden = (HIDDEN, HIDDEN)
    # Stable-Baselines3 normalises observations outside its learner: leave it out of both
    actor = SquashedGaussianPolicy(obs, groups, "actor", NUM_ACTIONS, hidden, obs_normalization=False)
    critic = TwinCritic(obs, groups, "critic", NUM_ACTIONS, hidden, obs_normalization=False)
    buffer = ReplayBuffer(obs, NUM_ACTIONS, NUM_ENVS * (STORED_STEPS + 1), "cpu")
    buffer.start(obs)
    never = torch.zeros(NUM_ENVS, dtype=torch.bool)
    for _ in range(STORED_STEPS):
        actions, rewards = 2.0 * torch.rand(NUM_ENVS, NUM_ACTIONS) - 1.0, torch.randn(NUM_ENVS)
        obs = {"policy": torch.randn(NUM_ENVS, OBS_DIM)}
        buffer.add(actions, rewards, never, never, obs, obs)
    return SAC(actor, critic, buffer)


def make_sb3_sac() -> Any:
    """Stable-Baselines3's SAC with a replay buffer of the same size."""
    import gymnasium as gym
    import numpy as np
    from stable_baselines3 import SAC as SB3SAC
    from stable_baselines3.common.logger import Logger

    class Space(gym.Env):
        """Only the spaces are used: the learner never steps it."""

        observation_space = gym.spaces.Box(-np.inf, np.inf, (OBS_DIM,), np.float32)
        action_space = gym.spaces.Box(-1.0, 1.0, (NUM_ACTIONS,), np.float32)

    size = NUM_ENVS * STORED_STEPS
    model = SB3SAC("MlpPolicy", Space(), policy_kwargs={"net_arch": [HIDDEN, HIDDEN]}, buffer_size=size, device="cpu")
    model.set_logger(Logger(folder=None, output_formats=[]))
    rng = np.random.default_rng(0)
    assert model.replay_buffer is not None
    for _ in range(size):
        obs, next_obs = rng.standard_normal((2, 1, OBS_DIM), dtype=np.float32)
        action = rng.uniform(-1.0, 1.0, (1, NUM_ACTIONS)).astype(np.float32)
        model.replay_buffer.add(obs, next_obs, action, rng.standard_normal(1), np.zeros(1), [{}])
    return model
