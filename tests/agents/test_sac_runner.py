"""SAC through RSL-RL's own runner: it learns, repeats itself exactly, resumes, exports."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx.reference
import pytest
import torch
from networks import make_sac
from rsl_rl.env import VecEnv
from rsl_rl.runners import OnPolicyRunner
from tiny_envs import POINT_GROUPS, POLICY_GROUPS, OneStepEnv, PointEnv, runner_cfg

from humanoid_vla.agents.sac import SAC


def make_runner(env: VecEnv, groups: dict[str, list[str]], log_dir: Path | None = None, **algorithm: Any) -> Any:
    return OnPolicyRunner(env, runner_cfg(groups, **algorithm), None if log_dir is None else str(log_dir))


@pytest.fixture(scope="module")
def trained() -> Any:
    torch.manual_seed(0)
    runner = make_runner(PointEnv(), POINT_GROUPS)
    runner.learn(40)
    return runner


def test_learns_to_reach_a_point(trained: Any) -> None:
    torch.manual_seed(1)
    env = PointEnv(num_envs=200)
    policy = trained.get_inference_policy(device="cpu")
    with torch.inference_mode():
        for _ in range(env.max_episode_length - 1):
            env.step(policy(env.get_observations()))
    # random points are 0.77 away on average, and random actions leave them further
    assert env.position.norm(dim=-1).mean() < 0.15


@pytest.mark.parametrize(("time_out", "value"), [(True, 2.0), (False, 1.0)])
def test_a_time_out_is_bootstrapped_and_a_failure_is_not(time_out: bool, value: float) -> None:
    # reward 1 a step: cut short by time-outs it is worth 1 / (1 - gamma) = 2 with gamma 0.5, ended by failures 1
    torch.manual_seed(0)
    env = OneStepEnv(time_out)
    runner = make_runner(env, POLICY_GROUPS, gamma=0.5, initial_temperature=1e-4, alpha_learning_rate=0.0)
    runner.learn(40)
    obs = env.get_observations()["policy"]
    q = runner.alg.critic.value(runner.alg.critic.encode({"policy": obs}), obs)  # at the best actions
    assert q.mean().item() == pytest.approx(value, abs=0.15)


def test_two_trainings_from_one_seed_are_identical() -> None:
    def train() -> list[torch.Tensor]:
        torch.manual_seed(3)
        runner = make_runner(PointEnv(), POINT_GROUPS)
        runner.learn(8)
        assert runner.alg.num_updates > 0
        return [*runner.alg.actor.state_dict().values(), *runner.alg.critic_target.state_dict().values()]

    assert all(torch.equal(one, other) for one, other in zip(train(), train(), strict=True))


def test_resumed_without_its_buffer_it_first_collects_with_its_policy(trained: Any) -> None:
    runner = make_runner(PointEnv(), POINT_GROUPS)
    runner.alg.load(trained.alg.save(), None, True)
    updates = runner.alg.num_updates
    obs = runner.env.get_observations()
    torch.manual_seed(0)
    resumed_actions = runner.alg.act(obs)
    torch.manual_seed(0)
    torch.testing.assert_close(resumed_actions, trained.alg.actor(obs, stochastic_output=True))
    runner.learn(2)  # 256 transitions, fewer than learning_starts
    assert runner.alg.num_updates == updates
    runner.learn(2)
    assert runner.alg.num_updates > updates


def test_a_checkpoint_with_a_buffer_plays_in_fewer_environments(trained: Any) -> None:
    runner = make_runner(PointEnv(num_envs=2), POINT_GROUPS, learning_starts=32, buffer_size=2000)
    saved = trained.alg.save() | {"replay_buffer": trained.alg.buffer.state_dict(), "updates_due": 0.0}
    with pytest.warns(UserWarning, match="empty replay buffer"):
        runner.alg.load(saved, None, True)


def test_load_cfg_chooses_what_is_restored(trained: Any) -> None:
    runner = make_runner(PointEnv(), POINT_GROUPS)
    critic = [value.clone() for value in runner.alg.critic.state_dict().values()]
    assert runner.alg.load(trained.alg.save(), {"actor": True, "iteration": False}, True) is False
    assert all(torch.equal(a, b) for a, b in zip(critic, runner.alg.critic.state_dict().values(), strict=True))
    actor = zip(trained.alg.actor.parameters(), runner.alg.actor.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in actor)
    assert len(runner.alg.optimizers["actor"].state) == 0
    assert runner.alg.num_transitions == 0


def test_a_policy_that_stands_alone_plays(trained: Any) -> None:
    saved = trained.alg.save()
    shape = {key: value for key, value in saved["policy_shape"].items() if not key.startswith("critic")}
    alone = {"algorithm": "SAC", "policy_only": True, "policy_shape": shape}
    alone["actor_state_dict"] = saved["actor_state_dict"]
    runner = make_runner(PointEnv(), POINT_GROUPS)
    assert runner.alg.load(alone, None, True) is False
    obs = runner.env.get_observations()
    assert torch.equal(runner.alg.actor(obs), trained.alg.actor(obs))
    with pytest.raises(ValueError, match=r"^this checkpoint belongs to another task"):
        runner.alg.load(alone | {"policy_shape": shape | {"number of actions": 7}}, None, True)


def test_foreign_checkpoints_give_one_clear_error(trained: Any) -> None:
    saved = trained.alg.save()
    ppo = {key: saved[key] for key in ("actor_state_dict", "critic_state_dict")} | {"optimizer_state_dict": {}}
    with pytest.raises(ValueError, match=r"^this checkpoint is not written by this package .*the agent is SAC$"):
        trained.alg.load(ppo, None, True)
    with pytest.raises(ValueError, match=r"^this checkpoint is incomplete.*: temperature_state_dict missing$"):
        trained.alg.load({key: value for key, value in saved.items() if "temperature" not in key}, None, True)
    with pytest.raises(ValueError, match=r"^this checkpoint is written by DDPG, but the agent is SAC$"):
        trained.alg.load(saved | {"algorithm": "DDPG"}, None, True)

    other_task = make_runner(OneStepEnv(time_out=True), POLICY_GROUPS)
    with pytest.raises(ValueError, match=r"actor observation groups is \['point'\] in the checkpoint and \['policy'\]"):
        other_task.alg.load(saved, None, True)

    cfg = runner_cfg(POINT_GROUPS)
    cfg["actor"] = {"hidden_dims": [32, 16]}
    other_policy: Any = OnPolicyRunner(PointEnv(), cfg)
    with pytest.raises(ValueError, match=r"the checkpoint's actor has another architecture; .*mlp\.2\.weight"):
        other_policy.alg.load(saved, None, True)


def test_a_critic_over_other_values_is_refused() -> None:
    def make(value_range: tuple[float, float]) -> SAC:
        return make_sac({"num_atoms": 11, "value_range": value_range})

    make((-1.0, 1.0)).load(make((-1.0, 1.0)).save())
    with pytest.raises(ValueError, match=r"critic value range is \[-1\.0, 1\.0\] in the checkpoint and \[-2"):
        make((-2.0, 2.0)).load(make((-1.0, 1.0)).save())


def test_exports_equal_the_policy(trained: Any, tmp_path: Path) -> None:
    trained.export_policy_to_jit(str(tmp_path))
    trained.export_policy_to_onnx(str(tmp_path))
    obs = PointEnv(num_envs=1).get_observations()
    actions = trained.get_inference_policy("cpu")(obs).detach()
    flat = trained.alg.actor.trunk.flatten(obs)
    scripted: Any = torch.jit.load(str(tmp_path / "policy.pt"))
    torch.testing.assert_close(scripted(flat), actions)
    session: Any = onnx.reference.ReferenceEvaluator(str(tmp_path / "policy.onnx"))
    assert session.input_names == trained.alg.actor.obs_groups
    assert session.output_names == ["actions"]
    groups = {group: obs[group].numpy() for group in session.input_names}
    np.testing.assert_allclose(session.run(None, groups)[0], actions.numpy(), atol=1e-6)


def test_the_runner_writes_and_reads_its_own_files(tmp_path: Path) -> None:
    runner = make_runner(PointEnv(), POINT_GROUPS, tmp_path)
    runner.learn(4)
    other = make_runner(PointEnv(), POINT_GROUPS)
    other.load(str(tmp_path / "model_3.pt"))
    assert other.alg.num_transitions == 4 * 8 * 16


def test_what_actor_and_critic_share_is_stored_once() -> None:
    runner = make_runner(PointEnv(), POINT_GROUPS)
    assert runner.alg.buffer.shapes == {"point": (2,), "clock": (1,)}
