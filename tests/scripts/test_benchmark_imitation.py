"""BC and GAIL beside the `imitation` library's; its side is a stand-in here, ours trains for seconds."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tensordict import TensorDict

import benchmark_imitation
import imitation_baseline
import imitation_expert
from benchmark_imitation import OURS, check_imitation, install_command, run_imitation, summarize, train_theirs
from common import InputError
from humanoid_vla.agents.gym_vec_env import make_gym_env
from humanoid_vla.demos.reader import DemoFile


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imitation_expert, "EVALUATION_EPISODES", 2)
    monkeypatch.setattr(benchmark_imitation, "EVALUATIONS", 2)
    monkeypatch.setattr(benchmark_imitation, "train_until_best", one_epoch)


def one_epoch(update: Callable[[], object], epochs: int, patience: int, save: Callable[[int], None]) -> None:
    update()
    save(0)


def arguments(folder: Path, **changes: object) -> argparse.Namespace:
    defaults = {"env": "Pendulum-v1", "steps": 20, "update_every": 4, "expert_steps": 20, "episodes": 2, "seeds": [0]}
    defaults |= {"learning_rate": 1e-3, "tau": 0.02}
    defaults |= {"learners": OURS, "imitation_python": None, "json": folder / "imitation.json"}
    return argparse.Namespace(**(defaults | changes))


def stand_in(folder: Path, code: str) -> Path:
    """A program to be called like a Python with a script; ``arguments`` are the script's, by name."""
    path = folder / "python"
    head = "import json, pathlib, sys\narguments = dict(zip(sys.argv[2::2], sys.argv[3::2]))\n"
    path.write_text(f"#!{sys.executable}\n{head}{code}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_ours_learn_from_the_expert_and_finished_runs_are_kept(tmp_path: Path) -> None:
    before = run_imitation(arguments(tmp_path))
    assert [(run["learner"], run["steps"]) for run in before["runs"]] == [("ours_bc", [0]), ("ours_gail", [10, 20])]
    assert all(-2000.0 < value < 0.0 for run in before["runs"] for value in run["returns"])
    assert DemoFile(tmp_path / "imitation.hdf5", "Pendulum-v1").num_transitions() == 400
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "imitation.hdf5", tmp_path / "imitation.expert.pt")}
    after = run_imitation(arguments(tmp_path, learners=("ours_bc",), seeds=[0, 1]))
    assert [(run["learner"], run["seed"]) for run in after["runs"]] == [
        ("ours_bc", 0),
        ("ours_bc", 1),
        ("ours_gail", 0),
    ]
    assert [after["runs"][0], after["runs"][2]] == before["runs"]
    assert made == {path: path.stat().st_mtime_ns for path in made}
    with pytest.raises(InputError, match="another episodes"):
        run_imitation(arguments(tmp_path, episodes=3))


def test_the_expert_is_made_anew_from_its_checkpoint(tmp_path: Path) -> None:
    args = arguments(tmp_path)
    benchmark_imitation.prepare_expert(args)
    first = json.loads(args.json.read_text(encoding="utf-8"))
    args.json.unlink()
    benchmark_imitation.prepare_expert(args)
    assert json.loads(args.json.read_text(encoding="utf-8")) == first


def test_both_sides_evaluate_in_the_same_episodes() -> None:
    """A policy that brakes, once as ours and once as theirs."""
    ours = imitation_expert.mean_return("Pendulum-v1", lambda obs: (-0.3 * obs["policy"][:, 2:]).clamp(-1.0, 1.0))
    theirs = SimpleNamespace(predict=lambda obs, deterministic: ((-0.3 * obs[2:]).clip(-1.0, 1.0), None))
    evaluation = argparse.Namespace(env="Pendulum-v1", episodes=2, evaluation_seed=imitation_expert.EVALUATION_SEED)
    assert imitation_baseline.evaluate(theirs, evaluation) == pytest.approx(ours, rel=1e-4)


def test_episodes_end_where_the_environment_ended_them() -> None:
    def push(obs: TensorDict) -> torch.Tensor:
        return torch.full((*obs.batch_size, 1), 0.1)

    env = make_gym_env("InvertedPendulum-v5", 3, seed=0)
    episodes = imitation_expert.play_episodes(env, push)
    assert len(episodes) == 3
    for episode in episodes:
        assert episode["terminated"].tolist() == episode["dones"].tolist() == [0] * (len(episode["actions"]) - 1) + [1]
        np.testing.assert_array_equal(episode["obs"]["policy"][1:], episode["next_obs"]["policy"][:-1])
        # the pole has fallen: more than 0.2 rad; after the reset it would be less than 0.01
        assert abs(episode["next_obs"]["policy"][-1, 1]) > 0.2


def test_the_library_reads_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "demos.hdf5"
    imitation_expert.record_episodes("Pendulum-v1", imitation_expert.random_policy(1), 2, path)
    episodes = imitation_baseline.read_episodes(path)
    assert [(obs.shape, actions.shape, over) for obs, actions, over in episodes] == [((201, 3), (200, 1), False)] * 2
    # th'' = 15 sin th + 3 u with a torque u of up to 2, and steps of 0.05 s
    obs, actions, _ = episodes[1]
    speed = (obs[:-1, 2] + (15.0 * obs[:-1, 1] + 3.0 * 2.0 * actions[:, 0]) * 0.05).clip(-8.0, 8.0)
    np.testing.assert_allclose(obs[1:, 2], speed, atol=1e-4)


def test_returns_are_normalized_by_the_expert_and_random_actions() -> None:
    runs = [{"learner": "ours_gail", "returns": [9.0, value]} for value in (-400.0, -200.0)]
    figures = {"expert_return": -200.0, "random_return": -1200.0, "runs": runs}
    # 0.8 and 1: mean 0.9, sample deviation 0.2 / sqrt(2), standard error 0.2 / 2
    row = {"normalized": 0.9, "standard_error": 0.1, "mean_return": -300.0, "seeds": 2}
    assert summarize(figures) == {"ours_gail": row}


def test_the_library_trains_in_its_own_python(tmp_path: Path) -> None:
    write = "pathlib.Path(arguments['--out']).write_text(json.dumps({'returns': [-1.0], 'asked': arguments}))"
    args = arguments(tmp_path, imitation_python=stand_in(tmp_path, write))
    run = train_theirs(args, "gail_sac", seed=3)
    assert run["returns"] == [-1.0]
    asked = {"--env": "Pendulum-v1", "--learner": "gail_sac", "--seed": "3", "--steps": "20", "--every": "10"}
    asked |= {"--update_every": "4", "--learning_rate": "0.001", "--tau": "0.02"}
    assert asked.items() <= run["asked"].items()


def test_what_the_library_stumbles_over_is_said(tmp_path: Path) -> None:
    args = arguments(tmp_path, imitation_python=stand_in(tmp_path, "sys.exit('no such thing')"))
    with pytest.raises(InputError, match=r"'bc_long' failed .*no such thing"):
        train_theirs(args, "bc_long", seed=0)


def test_an_environment_without_the_library_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="environment of its own") as refusal:
        run_imitation(arguments(tmp_path, learners=("bc_long",)))
    assert install_command() in str(refusal.value)
    for python, said in ((tmp_path / "nope", "No such file"), (stand_in(tmp_path, "print(['0.29.1'])"), "0.29.1")):
        with pytest.raises(InputError, match=said) as refusal:
            check_imitation(python)
        assert install_command() in str(refusal.value)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"env": "Nope-v0"}, "Nope"),
        ({"json": None}, "--json"),
        ({"steps": 25}, "--steps is 25"),
        ({"episodes": 1}, "--episodes is 1"),
        ({"expert_steps": 0}, "--expert_steps is 0"),
        ({"update_every": 0}, "--update_every is 0"),
        ({"learning_rate": 0.0}, "--learning_rate is 0"),
        ({"tau": 1.5}, "--tau is 1.5"),
    ],
)
def test_what_cannot_be_trained_is_named(changes: dict, expected: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=expected):
        run_imitation(arguments(tmp_path, **changes))
    assert list(tmp_path.iterdir()) == []
