"""How fast the vision-language-action policy acts and learns, beside the machine's matrix product."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from benchmark_learner import measure_peak_gflops

if TYPE_CHECKING:
    import torch

    from humanoid_vla.agents.bc import BC

SHAPES = {"proprio": (68,), "language": (384,), "camera": (64, 64, 3)}
NUM_ACTIONS = 17  # these are VLA-Reach-Camera-G1's
BATCHES = [(256, 1), (64, 4)]  # pictures, and sentences with each: what cloning does, and DAgger


def run_vla(args: argparse.Namespace) -> dict[str, Any]:
    """Time single actions on one thread, and gradient updates on all that torch takes by itself."""
    figures = {"inference": time_inference(args.calls), "training": time_training(args.seconds)}
    latency = figures["inference"]
    print(f"one action     p50 {latency['p50_ms']:.2f} ms, p99 {latency['p99_ms']:.2f} ms, one thread, torch eager")
    print(f"{'pictures':>9} {'sentences':>10} {'precision':>9} {'pictures/s':>11} {'GFLOP/s':>8} {'of peak':>8}")
    for row in figures["training"]:
        print(
            f"{row['batch']:>9} {row['sentences']:>10} {row['precision']:>9} {row['images_per_s']:>11.0f}"
            f" {row['gflops']:>8.1f} {row['gflops'] / row['peak_gflops']:>8.0%}"
        )
    return figures


def make_learner(autocast: bool) -> BC:
    """The policy with its learner, untrained."""
    from humanoid_vla.agents.bc import BC

    return BC(make_obs(1, 1), list(SHAPES), NUM_ACTIONS, network="vla", policy={}, autocast=autocast, max_grad_norm=1.0)


def make_obs(batch: int, sentences: int) -> dict[str, torch.Tensor]:
    """Noise in place of observations."""
    import torch

    return {
        "proprio": torch.randn(batch * sentences, *SHAPES["proprio"]),
        "language": torch.randn(batch * sentences, *SHAPES["language"]),
        "camera": torch.randint(0, 256, (batch, *SHAPES["camera"]), dtype=torch.uint8),
    }


def time_inference(calls: int) -> dict[str, float]:
    """Milliseconds of an action for one robot."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    policy, obs = make_learner(autocast=False).actor, make_obs(1, 1)
    times: list[float] = []
    with torch.inference_mode():
        for _ in range(calls + 50):  # the first ones are slower
            start = time.perf_counter()
            policy(obs)
            times.append(time.perf_counter() - start)
    torch.set_num_threads(threads)
    p50, p99 = (torch.tensor(times[50:]) * 1e3).quantile(torch.tensor([0.5, 0.99])).tolist()
    return {"p50_ms": p50, "p99_ms": p99, "parameters": sum(weight.numel() for weight in policy.parameters())}


def time_training(seconds: float) -> list[dict[str, Any]]:
    """Pictures learned a second, for each batch and precision."""
    import torch

    rows = []
    for (batch, sentences), autocast in ((batch, autocast) for batch in BATCHES for autocast in (False, True)):
        learner, obs = make_learner(autocast), make_obs(batch, sentences)
        actions = torch.zeros(batch * sentences, NUM_ACTIONS)
        flops = count_flops(learner, obs, actions)
        for _ in range(3):
            learner.learn(obs, actions)
        updates, start = 0, time.perf_counter()
        while (wall_s := time.perf_counter() - start) < seconds:
            learner.learn(obs, actions)
            updates += 1
        precision = torch.bfloat16 if autocast else torch.float32
        rows.append(
            {
                "batch": batch,
                "sentences": sentences,
                "precision": "bf16" if autocast else "fp32",
                "images_per_s": updates * batch / wall_s,
                "gflops": updates * flops / wall_s / 1e9,
                "peak_gflops": measure_peak_gflops("cpu", precision),
            }
        )
    return rows


def count_flops(learner: BC, obs: dict[str, torch.Tensor], actions: torch.Tensor) -> int:
    """Floating-point operations of an update, matrix products and convolutions only."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        learner.loss(learner.learner, obs, actions).backward()
    return counter.get_total_flops()
