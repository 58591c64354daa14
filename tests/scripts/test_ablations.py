"""Evaluation of policies without their eyes or ears."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tensordict import TensorDict

from ablations import AblatedPolicy, check_ablation
from common import InputError

NUM_ENVS = 5


class Policy:
    """Acts on nothing, and keeps what it saw and was told."""

    def __call__(self, obs: TensorDict) -> None:
        self.obs = obs

    def reset(self, dones: torch.Tensor) -> None:
        self.dones = dones


def observations() -> TensorDict:
    """Environment i hears i + 1 and sees white."""
    language = torch.arange(1.0, NUM_ENVS + 1).unsqueeze(-1).repeat(1, 384)
    camera = torch.full((NUM_ENVS, 64, 64, 3), 255, dtype=torch.uint8)
    return TensorDict({"language": language, "camera": camera}, batch_size=[NUM_ENVS])


def heard(policy: Policy) -> list[int]:
    """What each environment heard, 0 for the first one's sentence."""
    assert (policy.obs["language"] == policy.obs["language"][:, :1]).all()
    return [int(value) - 1 for value in policy.obs["language"][:, 0]]


@pytest.mark.parametrize(("name", "gone", "left"), [
    ("blank_image", "camera", "language"),
    ("zero_language", "language", "camera"),
])  # fmt: skip
def test_one_group_is_all_zeros_and_nothing_else_changes(name: str, gone: str, left: str) -> None:
    policy, obs = Policy(), observations()
    AblatedPolicy(policy, name)(obs)
    assert policy.obs[gone].shape == obs[gone].shape
    assert policy.obs[gone].dtype == obs[gone].dtype
    assert not policy.obs[gone].any()
    assert policy.obs[left] is obs[left]
    assert obs[gone].all()  # the environment's own


def test_every_environment_hears_the_sentence_of_another_until_its_episode_ends() -> None:
    policy = Policy()
    ablated = AblatedPolicy(policy, "shuffle_language")
    ablated(observations())
    first = heard(policy)
    assert sorted(first) == list(range(NUM_ENVS))
    assert all(other != env for env, other in enumerate(first))

    obs = observations()
    obs["language"] += 10  # all were told something new, but only the episodes of 1 and 3 have ended
    ablated.reset(torch.tensor([0, 1, 0, 1, 0]))
    assert policy.dones.tolist() == [0, 1, 0, 1, 0]
    ablated(obs)
    second = heard(policy)
    assert [second[env] for env in (0, 2, 4)] == [first[env] for env in (0, 2, 4)]
    assert all(second[env] - 10 in set(range(NUM_ENVS)) - {env} for env in (1, 3))
    assert "camera" in policy.obs


def test_whose_sentence_it_is_is_drawn_at_random() -> None:
    policy, count = Policy(), torch.zeros(NUM_ENVS, NUM_ENVS)
    for _ in range(1000):
        AblatedPolicy(policy, "shuffle_language")(observations())
        count[range(NUM_ENVS), heard(policy)] += 1
    others = ~torch.eye(NUM_ENVS, dtype=torch.bool)
    # 250 of each of the four others, standard deviation 14
    assert (count[others] - 250).abs().max() < 5 * 14
    assert count.diagonal().sum() == 0


def cfg(*groups: str) -> Any:
    return SimpleNamespace(obs_groups={"actor": list(groups), "critic": ["proprio", "camera", "language"]})


@pytest.mark.parametrize(
    ("name", "groups", "num_envs", "expected"),
    [
        ("blank_image", ("proprio", "language"), 8, "agent 'sac' of T reads no 'camera', only proprio, language"),
        ("zero_language", ("proprio", "goal"), 8, "agent 'sac' of T reads no 'language', only proprio, goal"),
        ("shuffle_language", ("goal",), 8, "reads no 'language', only goal; leave it out"),
        ("shuffle_language", ("language",), 1, "give --num_envs 2 or more"),
    ],
)
def test_what_takes_nothing_away_is_refused(name: str, groups: tuple[str], num_envs: int, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        check_ablation(name, SimpleNamespace(task="T", agent="sac"), cfg(*groups), num_envs)


def test_what_does_is_not() -> None:
    args = SimpleNamespace(task="T", agent="sac")
    check_ablation("blank_image", args, cfg("camera"), 1)
    check_ablation("zero_language", args, cfg("language"), 1)
    check_ablation("shuffle_language", args, cfg("language"), 2)


def test_the_script_says_what_was_taken_away(checkpoint: Path, scripts: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(scripts / "evaluate.py"), "--task", "VLA-Reach-G1", "--checkpoint", str(checkpoint)]
    command += ["--ablation", "shuffle_language", "--episodes", "4", "--device", "cpu", "--json", "figures.json"]
    result = subprocess.run(
        [*command, "env.episode_length_s=0.5"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr[-3000:]
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["ablation"] == "shuffle_language"
    assert figures["shuffle_language_success_rate"] == figures["success_rate"]
    assert sum(figures["terminations"].values()) >= 1
    assert 1 <= len(figures["by_goal"]) <= 4
    assert "held_out_success_rate" not in figures
    assert "ablation      shuffle_language" in result.stdout
