"""Two processes, each with a simulator of its own, train one SAC policy on Reach through RSL-RL's runner.

The runner itself insists on CUDA and nccl when there are several processes; here it is told to meet over gloo.
"""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from isaaclab.utils import to_dict
from isaaclab_rl.rsl_rl import check_rsl_rl_version, handle_deprecated_rsl_rl_cfg
from isaaclab_tasks.utils import resolve_task_config
from rsl_rl.runners import OnPolicyRunner
from torch import multiprocessing

import humanoid_vla.tasks  # noqa: F401  (registers them)
from evaluate import evaluate
from simulation import make_env

NUM_PROCESSES, NUM_ENVS, NUM_ITERATIONS, EPISODES = 2, 32, 250, 64


class GlooRunner(OnPolicyRunner):
    """RSL-RL's runner for several processes on the CPU."""

    def _configure_multi_gpu(self) -> None:
        self.is_distributed, self.gpu_world_size = True, NUM_PROCESSES
        self.gpu_local_rank = self.gpu_global_rank = torch.distributed.get_rank()
        self.cfg["multi_gpu"] = {
            "global_rank": self.gpu_global_rank,
            "local_rank": self.gpu_local_rank,
            "world_size": NUM_PROCESSES,
        }


def one_of_two(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    os.chdir(folder)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder / 'meeting'}", rank=rank, world_size=NUM_PROCESSES
    )
    env_cfg: Any
    agent_cfg: Any
    env_cfg, agent_cfg = resolve_task_config("VLA-Reach-G1", "rsl_rl_cfg_entry_point", overrides=[])
    agent_cfg = handle_deprecated_rsl_rl_cfg(agent_cfg, check_rsl_rl_version())
    env_cfg.scene.num_envs, env_cfg.sim.device, agent_cfg.device = NUM_ENVS, "cpu", "cpu"
    env_cfg.seed = agent_cfg.seed + rank  # as `isaaclab train_multigpu` does it
    agent_cfg.max_iterations = NUM_ITERATIONS
    agent_cfg.algorithm.decay_updates = NUM_ITERATIONS * 64
    with make_env("VLA-Reach-G1", env_cfg) as env:
        runner = GlooRunner(env, to_dict(agent_cfg), log_dir=str(folder / "log"), device="cpu")
        runner.learn(NUM_ITERATIONS)
        weights: dict[str, torch.Tensor] = runner.alg.get_policy().state_dict()
        figures = evaluate(env, runner.get_inference_policy("cpu"), EPISODES)
    torch.save({"weights": weights, "success_rate": figures["success_rate"]}, folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_learn_reach(tmp_path: Path) -> None:
    multiprocessing.spawn(one_of_two, (tmp_path,), nprocs=NUM_PROCESSES)  # type: ignore  (the stub calls it private)
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in range(NUM_PROCESSES))
    assert first["weights"].keys() == second["weights"].keys()
    for name, value in first["weights"].items():
        torch.testing.assert_close(value, second["weights"][name], rtol=0.0, atol=0.0, msg=name)
    print(f"success rate with the same weights in two simulators: {first['success_rate']}, {second['success_rate']}")
    assert min(first["success_rate"], second["success_rate"]) >= 0.7
