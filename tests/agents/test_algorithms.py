"""Each algorithm through RSL-RL's own runner: it learns what is best, repeats itself exactly, and resumes exactly."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from rsl_rl.env import VecEnv
from rsl_rl.runners import OnPolicyRunner
from tiny_envs import POINT_GROUPS, POLICY_GROUPS, NamedStepEnv, OneStepEnv, PointEnv, runner_cfg

SAC = {"class_name": "humanoid_vla.agents.sac:SAC"}
DDPG = {"class_name": "humanoid_vla.agents.ddpg:DDPG"}
TD3 = DDPG | {"target_noise": 0.2, "policy_delay": 2}
C51 = SAC | {"critic": {"num_atoms": 21, "value_range": (-2.0, 2.0), "layer_norm": True, "reduction": "mean"}}
C51 |= {"actor": {"layer_norm": True}}
DISCRETE = {
    "class_name": "humanoid_vla.agents.discrete_sac:DiscreteSAC",
    "actor": {"action_names": ["left", "right", "stop"]},
    "target_entropy_share": 0.5,
}
CONTINUOUS = [SAC, C51 | {"n_steps": 3}, SAC | {"autocast": True, "weight_decay": 1e-3}, DDPG, TD3]
NAMES = ["sac", "sac-c51", "sac-bf16", "ddpg", "td3"]


def make_runner(env: VecEnv, groups: dict[str, list[str]], **algorithm: Any) -> Any:
    return OnPolicyRunner(env, runner_cfg(groups, **algorithm), None)


@pytest.mark.parametrize("algorithm", CONTINUOUS, ids=NAMES)
def test_learns_the_identity(algorithm: dict[str, Any]) -> None:
    torch.manual_seed(0)
    env = OneStepEnv(time_out=False)
    runner = make_runner(env, POLICY_GROUPS, **algorithm)
    runner.learn(40)
    obs = env.get_observations()
    assert (runner.get_inference_policy("cpu")(obs) - obs["policy"]).abs().mean() < 0.1


def test_learns_named_actions() -> None:
    torch.manual_seed(0)
    env = NamedStepEnv()
    runner = make_runner(env, POLICY_GROUPS, **DISCRETE)
    runner.learn(60)
    obs = env.get_observations()
    assert torch.equal(runner.get_inference_policy("cpu")(obs), obs["policy"])
    probs, log_probs = runner.alg.actor.distribution(runner.alg.actor.encode(obs))
    # it holds its target, half of log 3
    assert -(probs * log_probs).sum(dim=-1).mean().item() == pytest.approx(0.55, abs=0.05)


@pytest.mark.parametrize("algorithm", [*CONTINUOUS, DISCRETE], ids=[*NAMES, "discrete-sac"])
def test_two_trainings_from_one_seed_are_identical(algorithm: dict[str, Any]) -> None:
    def train() -> list[torch.Tensor]:
        torch.manual_seed(3)
        env = NamedStepEnv() if algorithm is DISCRETE else OneStepEnv(time_out=True)
        runner = make_runner(env, POLICY_GROUPS, **algorithm)
        runner.learn(6)
        assert runner.alg.num_updates > 0
        return [value for module in runner.alg.modules.values() for value in module.state_dict().values()]

    assert all(torch.equal(one, other) for one, other in zip(train(), train(), strict=True))


def learn_and_record(runner: Any, iterations: int) -> list[dict[str, float]]:
    """The figures of every iteration's updates."""
    figures, update = [], runner.alg.update

    def recording_update() -> dict[str, float]:
        figures.append(update())
        return figures[-1]

    runner.alg.update = recording_update
    runner.learn(iterations)
    return figures


@pytest.mark.parametrize("algorithm", [SAC, C51 | {"n_steps": 3}, TD3, DISCRETE], ids=["sac", "c51", "td3", "discrete"])
def test_a_resumed_training_equals_one_that_never_stopped(algorithm: dict[str, Any], tmp_path: Path) -> None:
    """The environment's state is not in a checkpoint: here both go on from the same."""
    algorithm = {"save_replay_buffer": True, "updates_per_step": 1.3} | algorithm
    torch.manual_seed(0)
    env, groups = (
        (NamedStepEnv(), POLICY_GROUPS) if "Discrete" in algorithm["class_name"] else (PointEnv(), POINT_GROUPS)
    )
    runner = make_runner(env, groups, **algorithm)
    runner.learn(6)
    # what `runner.save` does, which needs the logger of a run with a folder
    torch.save({**runner.alg.save(), "iter": 5, "infos": None}, tmp_path / "model.pt")
    assert torch.load(tmp_path / "model.pt", weights_only=True)["algorithm"] == runner.alg.name
    same_env = copy.deepcopy(env)
    never_stopped = learn_and_record(runner, 3)

    torch.manual_seed(99)  # a new process has other random numbers
    resumed = make_runner(same_env, groups, **algorithm)
    resumed.load(str(tmp_path / "model.pt"))
    assert resumed.current_learning_iteration == 5
    assert learn_and_record(resumed, 3) == never_stopped
    assert resumed.alg.num_updates == runner.alg.num_updates
    assert resumed.alg.num_transitions == runner.alg.num_transitions
    for name, module in runner.alg.modules.items():
        for key, value in module.state_dict().items():
            assert torch.equal(value, resumed.alg.modules[name].state_dict()[key]), f"{name} {key}"


def test_who_only_plays_keeps_the_random_numbers() -> None:
    torch.manual_seed(0)
    runner = make_runner(PointEnv(), POINT_GROUPS, save_replay_buffer=True)
    runner.learn(3)
    saved = runner.alg.save()
    torch.manual_seed(5)
    runner.alg.load(saved, None, True)
    numbers = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(3), numbers)
