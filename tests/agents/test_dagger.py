"""DAgger: which questions it asks, what it keeps, and that it learns to listen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from rsl_rl.env import VecEnv
from rsl_rl.runners import OnPolicyRunner
from tensordict import TensorDict
from torch import nn

from humanoid_vla.agents.bc import BC
from humanoid_vla.agents.dagger import DAgger, PolicyTeacher
from humanoid_vla.agents.dagger_buffer import DaggerBuffer
from humanoid_vla.agents.symmetry import SymmetryAugmentation

WORDS = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


class SignalEnv(VecEnv):
    """A picture has a dark and a bright half; a word asks for the bright side, the dark side, or neither."""

    num_actions = 1
    max_episode_length = 4

    def __init__(self, num_envs: int = 16) -> None:
        self.num_envs, self.device, self.cfg = num_envs, "cpu", {}
        self.episode_length_buf = torch.zeros(num_envs, dtype=torch.long)
        self.actions_taken: list[torch.Tensor] = []
        self._draw()

    @property
    def unwrapped(self) -> SignalEnv:
        return self

    def _draw(self) -> None:
        self.side = torch.where(torch.rand(self.num_envs) < 0.5, -1.0, 1.0)
        self.goal = torch.randint(3, (self.num_envs,))

    def get_observations(self) -> TensorDict:
        camera = torch.zeros(self.num_envs, 8, 8, 3, dtype=torch.uint8)
        camera[self.side > 0, :, 4:] = 255
        camera[self.side < 0, :, :4] = 255
        groups = {"camera": camera, "joints": torch.zeros(self.num_envs, 1), "language": WORDS[self.goal]}
        return TensorDict({**groups, "state": self.side.unsqueeze(-1)}, batch_size=[self.num_envs])

    def step(self, actions: torch.Tensor) -> tuple[TensorDict, torch.Tensor, torch.Tensor, dict]:
        self.actions_taken.append(actions.clone())
        rewards = -(actions[:, 0] - answer(self.side, self.goal)).abs()
        self._draw()
        return self.get_observations(), rewards, torch.ones(self.num_envs, dtype=torch.long), {}


def answer(side: torch.Tensor, goal: torch.Tensor) -> torch.Tensor:
    return torch.tensor([1.0, -1.0, 0.0])[goal] * side * 0.8


class SignalGoals:
    num_goals = 3
    replaced_groups: Sequence[str] = ("language",)

    def __init__(self, env: Any) -> None:
        self.env = env.unwrapped

    def told(self) -> torch.Tensor:
        return self.env.goal

    def tell(self, goals: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"language": WORDS[goals]}

    def teacher_obs(self, obs: Any) -> dict[str, torch.Tensor]:
        goals = torch.arange(3).repeat(len(obs["state"]))
        return {"state": obs["state"].repeat_interleave(3, dim=0), "goal": goals.unsqueeze(-1)}


class Knowing(nn.Module):
    def forward(self, obs: Any) -> torch.Tensor:
        return answer(obs["state"][:, 0], obs["goal"][:, 0]).unsqueeze(-1)


def teacher(env: SignalEnv) -> PolicyTeacher:
    return PolicyTeacher(Knowing(), SignalGoals(env))


class AnsweringGoals(SignalGoals):
    """Goals with an expert of their own, who knows nothing of the last one where it was not told."""

    def answers(self, obs: Any) -> tuple[torch.Tensor, torch.Tensor]:
        labels, answered = teacher(self.env)(obs)
        answered[:, 2] = self.told() == 2
        return torch.where(answered.unsqueeze(-1), labels, torch.nan), answered


SMALL = {"dim": 16, "num_heads": 2, "num_blocks": 1, "num_queries": 2}


def make_dagger(env: SignalEnv, **settings: Any) -> DAgger:
    torch.manual_seed(0)
    defaults: dict[str, Any] = {
        "policy": SMALL,
        "buffer_size": 400,
        "batch_size": 16,
        "goals_per_situation": 2,
        "learning_rate": 3e-3,
        "network": "vla",
        "teacher": teacher(env),
    }
    goals = AnsweringGoals(env)
    dagger = DAgger(
        env.get_observations(), ["joints", "language", "camera"], 1, goals=goals, tau=0.05, **defaults | settings
    )
    dagger.train_mode()
    return dagger


def steps(dagger: DAgger, env: SignalEnv, count: int) -> None:
    obs = env.get_observations()
    with torch.inference_mode():
        for _ in range(count):
            obs, rewards, dones, extras = env.step(dagger.act(obs))
            dagger.process_env_step(obs, rewards, dones, extras)


def test_it_keeps_the_teachers_answer_to_every_goal() -> None:
    env = SignalEnv()
    dagger = make_dagger(env, teacher_steps=1)
    obs, side, goal = env.get_observations(), env.side.clone(), env.goal.clone()
    steps(dagger, env, 1)
    assert len(dagger.buffer) == 16
    assert set(dagger.buffer.obs) == {"joints", "camera"}  # the sentence is told anew
    assert torch.equal(dagger.buffer.obs["camera"][:16], obs["camera"])
    assert torch.equal(dagger.buffer.told[:16], goal)
    for number in range(3):
        expected = answer(side, torch.full((16,), number))
        assert torch.equal(dagger.buffer.labels[:16, number, 0], expected)


def test_the_teacher_acts_first_and_the_policy_afterwards() -> None:
    env = SignalEnv()
    dagger = make_dagger(env, teacher_steps=2)
    for number in range(3):
        obs, wanted = env.get_observations(), answer(env.side, env.goal)
        steps(dagger, env, 1)
        taken = env.actions_taken[number][:, 0]
        assert torch.equal(taken, wanted) == (number < 2)
        if number == 2:
            assert torch.equal(taken, dagger.actor(obs)[:, 0])


def test_a_sample_asks_several_goals_of_a_situation_its_own_first() -> None:
    env = SignalEnv()
    dagger = make_dagger(env, batch_size=50)
    steps(dagger, env, 3)
    obs, labels = dagger.sample()
    assert obs["camera"].shape == (50, 8, 8, 3)
    assert obs["language"].shape == (100, 3)
    assert labels.shape == (100, 1)
    goals = obs["language"].argmax(dim=-1).view(50, 2)
    assert (goals[:, 0] != goals[:, 1]).all()
    bright_right = obs["camera"][:, 0, 7, 0] > 0
    side = torch.where(bright_right, 1.0, -1.0).repeat_interleave(2)
    assert torch.equal(labels[:, 0], answer(side, goals.flatten()))
    told = dagger.buffer.told[:48].bincount(minlength=3)  # the own goals follow what was told
    dagger.goals_per_situation = 1
    own = dagger.sample()[0]["language"].argmax(dim=-1).bincount(minlength=3)
    assert ((own > 0) <= (told > 0)).all()


def test_what_has_no_answer_is_not_learned() -> None:
    env = SignalEnv()
    dagger = make_dagger(env, batch_size=200, goals_per_situation=3, teacher=AnsweringGoals(env).answers)
    steps(dagger, env, 3)
    obs, labels = dagger.sample()
    assert labels.isfinite().all()
    goals = obs["language"].argmax(dim=-1).view(200, 3)
    told = goals[:, 0]
    assert (goals[told == 2].sort(dim=1).values == torch.arange(3)).all()
    others = goals[told != 2]
    assert len(others) > 50
    assert (others[:, 1] == 1 - others[:, 0]).all()
    assert (others[:, 2] == others[:, 0]).all()  # the own one again, for there are no more


def test_mirror_images_are_learned_beside_a_batch() -> None:
    def mirrored(env: Any, obs: Any, actions: torch.Tensor) -> Any:
        return torch.cat((obs, obs)), torch.cat((actions, -actions))

    env = SignalEnv()
    symmetry = SymmetryAugmentation(env, mirrored, use_data_augmentation=True)
    dagger = make_dagger(env, symmetry=symmetry)
    dagger.buffer.obs.pop("camera")  # it has another mirror
    steps(dagger, env, 1)
    obs, labels = dagger.sample()
    assert obs["language"].shape == (64, 3)
    assert torch.equal(labels[:32], -labels[32:])


def test_the_ring_forgets_the_oldest() -> None:
    buffer = DaggerBuffer({"joints": torch.zeros(2, 1)}, 1, 1, 5, torch.device("cpu"))
    for number in range(4):
        value = torch.full((2, 1), float(number))
        buffer.add({"joints": value}, value.unsqueeze(1), value > -1, torch.zeros(2, dtype=torch.long))
        assert len(buffer) == min(2 * number + 2, 5)
    assert sorted(buffer.obs["joints"][:, 0].tolist()) == [1.0, 2.0, 2.0, 3.0, 3.0]


def runner_cfg(**algorithm: Any) -> dict[str, Any]:
    quick = {"batch_size": 32, "buffer_size": 2000, "learning_rate": 3e-3, "tau": 0.05, "updates_per_step": 2}
    quick |= {"network": "vla", "goals": f"{__name__}:SignalGoals", "teacher": None}
    return {
        "algorithm": {"class_name": "humanoid_vla.agents.dagger:DAgger", **quick, **algorithm},
        "actor": {"class_name": "humanoid_vla.policies.vla:VlaPolicy", "distribution_cfg": None, **SMALL},
        "teacher": {"class_name": "humanoid_vla.policies.deterministic:DeterministicPolicy", "hidden_dims": [4]},
        "obs_groups": {"actor": ["joints", "language", "camera"], "teacher": ["state"]},
        "num_steps_per_env": 8,
        "save_interval": 1000,
    }


def make_runner(env: SignalEnv, **algorithm: Any) -> Any:
    torch.manual_seed(0)
    runner: Any = OnPolicyRunner(env, runner_cfg(**algorithm))
    return runner


def errors(policy: Any, env: SignalEnv) -> torch.Tensor:
    wanted = answer(env.side, env.goal)
    return (policy(env.get_observations())[:, 0] - wanted).abs()


def test_it_learns_to_look_and_to_listen_and_repeats_itself() -> None:
    losses = []
    for _ in range(2):
        env = SignalEnv()
        runner = make_runner(env)
        runner.alg.teacher = teacher(env)
        runner.learn(25)
        losses.append(runner.alg.update()["loss"])
        for _ in range(5):
            env._draw()
            assert errors(runner.alg.actor, env).max() < 0.25
    assert losses[0] == losses[1]


def test_goals_with_answers_of_their_own_teach() -> None:
    env = SignalEnv()
    cfg: Any = runner_cfg(teacher="scripted", goals=f"{__name__}:AnsweringGoals")
    cfg.pop("teacher")
    cfg["obs_groups"].pop("teacher")
    runner: Any = OnPolicyRunner(env, cfg)
    assert not hasattr(runner.alg, "buffer")  # to play takes no memory
    runner.learn(1)
    assert len(runner.alg.buffer) == 8 * 16
    assert not runner.alg.buffer.answered.all()


def test_it_starts_from_a_clone_and_its_checkpoint_plays(tmp_path: Path) -> None:
    env = SignalEnv()
    obs = env.get_observations()
    clone = BC(obs, ["joints", "language", "camera"], 1, network="vla", policy=SMALL)
    torch.save(clone.save(), tmp_path / "clone.pt")
    runner = make_runner(env, clone=str(tmp_path / "clone.pt"))
    assert torch.equal(runner.alg.actor(obs), clone.actor(obs))
    runner.alg.actor.network.head[-1].bias.data += 1.0
    runner.save(str(tmp_path / "model.pt"))
    other = make_runner(env)
    other.load(str(tmp_path / "model.pt"))
    assert torch.equal(other.get_inference_policy("cpu")(obs), runner.alg.actor(obs))
    assert torch.load(tmp_path / "model.pt", weights_only=True)["algorithm"] == "DAgger"


def test_bad_settings(tmp_path: Path) -> None:
    env = SignalEnv()
    with pytest.raises(ValueError, match=r"needs a teacher: set agent\.algorithm\.teacher="):
        make_runner(env).learn(1)
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        make_runner(env, teacher="nope.pt")
    with pytest.raises(ValueError, match="no scripted expert"):
        make_runner(env, teacher="scripted")
    torch.save({"actor_state_dict": {}}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="no checkpoint of a clone"):
        make_runner(env, clone=str(tmp_path / "other.pt"))
    with pytest.raises(ValueError, match="chunk_size=1 for DAgger"):
        make_dagger(env, policy={**SMALL, "chunk_size": 2})
    cfg: Any = runner_cfg() | {"multi_gpu": {"world_size": 2}}
    with pytest.raises(ValueError, match="one process"):
        DAgger.construct_algorithm(env.get_observations(), env, cfg, "cpu")
