"""Two processes that average over gloo learn as one process with both their data does."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tensordict import TensorDict
from torch import multiprocessing

from humanoid_vla.agents.replay_buffer import Batch, ReplayBuffer
from humanoid_vla.agents.sac import SAC
from humanoid_vla.policies.critic import EnsembleCritic
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy

NUM_PROCESSES, NUM_ENVS, BATCH_SIZE, NUM_UPDATES = 2, 4, 16, 5
GROUPS = {"actor": ["policy"], "critic": ["policy", "state"]}
DIMS = {"policy": 3, "state": 2}
NUM_ACTIONS = 2


def make_sac(num_envs: int, **settings: Any) -> SAC:
    obs = {name: torch.zeros(num_envs, dim) for name, dim in DIMS.items()}
    actor = SquashedGaussianPolicy(obs, GROUPS, "actor", NUM_ACTIONS, (16,))
    critic = EnsembleCritic(obs, GROUPS, "critic", NUM_ACTIONS, (16,))
    return SAC(actor, critic, ReplayBuffer(obs, NUM_ACTIONS, 100 * num_envs, "cpu"), learning_starts=0, **settings)


def draw_obs(generator: torch.Generator, size: int) -> dict[str, torch.Tensor]:
    return {name: 3.0 * torch.randn(size, dim, generator=generator) + 1.0 for name, dim in DIMS.items()}


def draw_batch(generator: torch.Generator, size: int, rows: slice) -> Batch:
    """Rows of a batch of this size; every second transition ends in a failure."""
    obs, next_obs = draw_obs(generator, size), draw_obs(generator, size)
    actions = 2.0 * torch.rand(size, NUM_ACTIONS, generator=generator) - 1.0
    rewards = torch.randn(size, generator=generator)
    terminated = (torch.arange(size) % 2).float()
    return Batch(
        obs={name: value[rows] for name, value in obs.items()},
        actions=actions[rows],
        rewards=rewards[rows],
        next_obs={name: value[rows] for name, value in next_obs.items()},
        terminated=terminated[rows],
        discounts=0.9 * (1.0 - terminated[rows]),
    )


def learn(sac: SAC, envs: slice, rows: slice) -> dict[str, Any]:
    """A rollout of these environments and updates with these rows of each batch; what came out of it.

    Data and noise are drawn for all environments and rows, always the same, so that it depends on nothing else.
    """
    generator = torch.Generator().manual_seed(1)
    sac.train_mode()
    for _ in range(3):
        obs = draw_obs(generator, NUM_PROCESSES * NUM_ENVS)
        here = TensorDict({name: value[envs] for name, value in obs.items()}, batch_size=[sac.buffer.num_envs])
        sac.act(here)
        dones = torch.zeros(sac.buffer.num_envs, dtype=torch.long)
        sac.process_env_step(here, torch.zeros(sac.buffer.num_envs), dones, {})

    size = NUM_PROCESSES * BATCH_SIZE
    noise = torch.randn(size, NUM_ACTIONS, generator=generator)
    gradients: list[dict[str, torch.Tensor]] = []
    randn_like, torch.randn_like = torch.randn_like, lambda mean: noise[rows]
    try:
        for _ in range(NUM_UPDATES):
            sac.update_batch(draw_batch(generator, size, rows))
            gradients.append(
                {f"{key}.{name}": weight.grad.clone() for key, name, weight in weights(sac) if weight.grad is not None}
            )
    finally:
        torch.randn_like = randn_like
    return {"gradients": gradients, "state": state(sac)}


def weights(sac: SAC) -> list[tuple[str, str, torch.nn.Parameter]]:
    return [(key, name, weight) for key, module in sac.modules.items() for name, weight in module.named_parameters()]


def state(sac: SAC) -> dict[str, torch.Tensor]:
    """Weights and running statistics of all networks, a copy."""
    return {
        f"{key}.{name}": value.clone()
        for key, module in sac.modules.items()
        for name, value in module.state_dict().items()
    }


def one_of_two(rank: int, folder: Path) -> None:
    """A process of the distributed run: leaves what it had at the start and what it learned."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder / 'meeting'}", rank=rank, world_size=NUM_PROCESSES
    )
    torch.manual_seed(rank)
    multi_gpu = {"global_rank": rank, "local_rank": rank, "world_size": NUM_PROCESSES}
    sac = make_sac(NUM_ENVS, multi_gpu_cfg=multi_gpu)
    results: dict[str, Any] = {"own": state(sac)}
    sac.broadcast_parameters()
    results["broadcast"] = state(sac)
    envs = slice(rank * NUM_ENVS, (rank + 1) * NUM_ENVS)
    results |= learn(sac, envs, slice(rank * BATCH_SIZE, (rank + 1) * BATCH_SIZE))
    torch.save(results, folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each process of the distributed run left."""
    folder = tmp_path_factory.mktemp("distributed")
    multiprocessing.spawn(one_of_two, (folder,), nprocs=NUM_PROCESSES)  # type: ignore  (the stub calls it private)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(NUM_PROCESSES)]


@pytest.fixture(scope="module")
def joint() -> dict[str, Any]:
    """What one process learns from the data of both."""
    torch.manual_seed(0)
    return learn(make_sac(NUM_PROCESSES * NUM_ENVS), slice(None), slice(None))


def test_all_start_with_the_networks_of_the_first(processes: list[dict[str, Any]]) -> None:
    first, second = processes
    assert any(not torch.equal(first["own"][name], second["own"][name]) for name in first["own"])
    for name, value in first["own"].items():
        assert torch.equal(first["broadcast"][name], value), name
        assert torch.equal(second["broadcast"][name], value), name


def test_gradients_are_those_of_the_joint_batch(processes: list[dict[str, Any]], joint: dict[str, Any]) -> None:
    expected = joint["gradients"][0]
    learned = {name.split(".")[0] for name in expected}
    assert learned == {"actor", "critic", "temperature"}
    assert all(gradient.abs().max() > 1e-4 for gradient in expected.values())  # or nothing was tested
    for process in processes:
        torch.testing.assert_close(process["gradients"][0], expected, atol=1e-6, rtol=1e-5)


def test_statistics_are_those_of_all_observations(processes: list[dict[str, Any]], joint: dict[str, Any]) -> None:
    names = [name for name in joint["state"] if name.rsplit(".", 1)[-1] in ("mean", "var", "count")]
    assert len(names) == 9  # actor, critic and its target, three each
    for process in processes:
        for name in names:
            torch.testing.assert_close(process["state"][name], joint["state"][name], atol=1e-6, rtol=1e-6)
    counts = {int(joint["state"][name]) for name in names if name.endswith("count")}
    assert counts == {3 * NUM_PROCESSES * NUM_ENVS}


def test_networks_stay_equal(processes: list[dict[str, Any]], joint: dict[str, Any]) -> None:
    first, second = (process["state"] for process in processes)
    for name, value in joint["state"].items():
        assert torch.equal(first[name], second[name]), name
        # five steps of Adam of 3e-4 each
        torch.testing.assert_close(first[name], value, atol=2e-5, rtol=0)
    moved = [name for name, value in processes[0]["broadcast"].items() if not torch.equal(first[name], value)]
    assert len(moved) == len(first)  # all of them learned
