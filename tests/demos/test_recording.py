"""Recording in the real simulator, with scripted successes."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from demo_files import open_file
from scripted import TASK, Magnet, recording_env

from humanoid_vla.demos.batches import TransitionBatches
from humanoid_vla.demos.reader import DemoFile
from humanoid_vla.demos.recording import demo_recorder, succeeded
from humanoid_vla.language.embeddings import embed
from humanoid_vla.language.reach import REACH_INSTRUCTIONS
from record_demos import record

EPISODES = 9


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoFile, dict[str, Any], Magnet, Any]:
    """Nine episodes of four environments: in two the policy succeeds, in one it fails, in one nothing happens."""
    path = tmp_path_factory.mktemp("demos") / "demos.hdf5"
    with recording_env(path, EPISODES) as env:
        policy = Magnet(env, attract=[True, True, False, False], repel=[False, False, True, False])
        figures = record(env, policy, EPISODES)
        rest = demo_recorder(env)
    return DemoFile(path, TASK), figures, policy, rest


def test_exactly_the_episodes_asked_for(recorded: Any) -> None:
    file, figures, _, recorder = recorded
    assert len(file.episodes) == recorder.num_recorded == figures["episodes"] == EPISODES
    # 0.3 s at 30 Hz, or a little more; the environments that do not succeed hold no place for ever
    assert {episode.length for episode in file.episodes} <= set(range(9, 30))
    assert figures["failed"] >= 1
    assert figures["success_rate"] == EPISODES / (EPISODES + figures["failed"])
    assert list(file.path.parent.iterdir()) == [file.path]


def test_an_episode_is_what_the_policy_saw_and_did(recorded: Any) -> None:
    file, _, policy, _ = recorded
    with open_file(file.path) as content:
        demo = content["data/demo_0"]
        assert json.loads(content["data"].attrs["env_args"])["sim_args"]["decimation"] == 2
        assert demo.attrs["seed"] == 7
        length = demo.attrs["num_samples"]
        first = torch.from_numpy(demo["obs/state"][0])
        env_id = int((policy.seen[0]["state"] == first).all(dim=1).nonzero())
        for group in ("proprio", "language", "goal", "state"):
            seen = torch.stack([obs[group][env_id] for obs in policy.seen])
            assert torch.equal(torch.from_numpy(demo[f"obs/{group}"][:]), seen[:length])
            assert torch.equal(torch.from_numpy(demo[f"next_obs/{group}"][:-1]), seen[1:length])
            # the last observation is of this episode, not the first of the next
            assert not torch.equal(torch.from_numpy(demo[f"next_obs/{group}"][-1]), seen[length])
        held = demo["next_obs/goal"][:, -1]  # the group's last entry is how long the goal has been touched [s]
        assert held[-1] == pytest.approx(0.3, abs=1e-4)
        actions = torch.stack([sent[env_id] for sent in policy.sent])[:length]
        assert torch.equal(torch.from_numpy(demo["actions"][:]), actions)
        assert demo["rewards"][-1] > 9.0  # 300 a second for a success, for a step of 1/30 s, less the small terms
        assert (demo["rewards"][:-1] < 1.0).all()
        assert demo["dones"][:].tolist() == demo["terminated"][:].tolist() == [0] * (length - 1) + [1]
        goal = demo["obs/goal"][0]
        names = json.loads(demo.attrs["goal"])
        command = policy.env.cfg.commands.goal
        assert names["object"] == command.objects[goal[:4].argmax()]
        assert names["hand"] == command.hands[goal[4:6].argmax()]
        sentences = list(itertools.chain.from_iterable(REACH_INSTRUCTIONS.seen))
        assert names["instruction"] == sentences[names["instruction_index"]]
        assert torch.equal(embed([names["instruction"]])[0], torch.from_numpy(demo["obs/language"][0]))


def test_the_reader_reads_it(recorded: Any) -> None:
    file, _, _, _ = recorded
    (batch,) = TransitionBatches(file, range(EPISODES), batch_size=1000, seed=0)
    sizes = {group: value.shape[1] for group, value in batch.obs.items()}
    assert {"proprio": 68, "language": 384, "state": 26, "goal": 10}.items() <= sizes.items()
    assert int(batch.terminated.sum()) == EPISODES


def test_a_broken_off_episode_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "demos.hdf5"
    with recording_env(path, 2) as env:
        policy = Magnet(env, [True] * 4, [False] * 4)
        for _ in range(5):
            env.step(policy(env.get_observations()))
        env.reset()
        assert not path.exists()
        figures = record(env, policy, 2)
    assert figures["failed"] == 0
    assert [episode.length >= 9 for episode in DemoFile(path, TASK).episodes] == [True, True]


def test_a_policy_that_never_succeeds_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("record_demos.PATIENCE", 5)
    path = tmp_path / "demos.hdf5"
    with (
        recording_env(path, 20) as env,
        pytest.raises(Exception, match=r"failed in .* and succeeded in 0; train longer"),
    ):
        record(env, Magnet(env, [False] * 4, [True] * 4), 20)
    assert list(tmp_path.iterdir()) == []


def test_kill_9_leaves_every_finished_episode(tmp_path: Path) -> None:
    path = tmp_path / "demos.hdf5"
    command = [sys.executable, str(Path(__file__).with_name("scripted.py")), str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    finished = 0
    for line in process.stdout:
        finished = int(line) if re.fullmatch(r"\d+\n", line) else finished
        if finished >= 13:
            break
    os.kill(process.pid, signal.SIGKILL)
    rest = [int(line) for line in process.stdout.read().split() if line.isdecimal()]
    process.wait()
    assert finished >= 13
    assert len(DemoFile(path, TASK).episodes) >= max([finished, *rest])


def test_a_success_in_the_step_of_a_failure_is_none() -> None:
    # environments: success, success and failure, failure, success in the step of the time-out
    values = {"time_out": [0, 0, 0, 1], "success": [1, 1, 0, 1], "wrong_touch": [0, 1, 1, 0]}
    terms = SimpleNamespace(
        active_terms=list(values),
        get_term=lambda name: torch.tensor(values[name]).bool(),
        get_term_cfg=lambda name: SimpleNamespace(time_out=name == "time_out"),
    )
    assert succeeded(SimpleNamespace(termination_manager=terms)).tolist() == [True, False, False, True]
