"""Behaviour cloning: its losses by hand, what it learns, and what its checkpoints carry."""

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rsl_rl.runners import OnPolicyRunner
from tensordict import TensorDict
from tiny_envs import OneStepEnv, PointEnv

from humanoid_vla.agents.bc import BC
from humanoid_vla.agents.symmetry import SymmetryAugmentation
from humanoid_vla.demos.reader import DemoFile
from humanoid_vla.demos.writer import DemoWriter

OBS = {"policy": torch.zeros(4, 2)}


def write_demonstrations(path: Path, episodes: int = 12, length: int = 40, group: str = "policy") -> Path:
    """Episodes of an expert of :class:`OneStepEnv`: its actions are what it observes."""
    rng = np.random.default_rng(0)
    writer = DemoWriter(path, {"env_name": "Identity", "type": 2, "env_kwargs": {}})
    last = np.zeros(length, np.uint8)
    last[-1] = 1
    for _ in range(episodes):
        obs = rng.uniform(-0.8, 0.8, (length + 1, 2)).astype(np.float32)
        arrays = {"obs": {group: obs[:-1]}, "next_obs": {group: obs[1:]}, "actions": obs[:-1], "rewards": last}
        writer.add({**arrays, "dones": last, "terminated": last}, {})
    writer.close()
    return path


@pytest.fixture(scope="module")
def demonstrations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demonstrations(tmp_path_factory.mktemp("bc") / "demos.hdf5")


def make_bc(loss: str = "mse", hidden: tuple[int, ...] = (32, 32), normalize: bool = False, **settings: Any) -> BC:
    torch.manual_seed(0)
    policy = {"hidden_dims": list(hidden), "obs_normalization": normalize}
    return BC(OBS, ["policy"], 2, policy=policy, loss=loss, **settings)


def with_outputs(bc: BC, *outputs: float) -> BC:
    """The same network gives these outputs for every observation, before tanh."""
    for network in (bc.learner, bc.actor):
        for parameter in network.parameters():
            parameter.data.zero_()
        network.mlp[-1].bias.data.copy_(torch.tensor(outputs))
    return bc


def runner_cfg(demonstrations: Path | None, loss: str = "mse") -> dict[str, Any]:
    return {
        "algorithm": {
            "class_name": "humanoid_vla.agents.bc:BC",
            "demonstrations": None if demonstrations is None else str(demonstrations),
            "loss": loss,
            "learning_rate": 3e-3,
            "tau": 0.05,
            "batch_size": 64,
            "symmetry_cfg": None,
        },
        "actor": {"class_name": "MLPModel", "hidden_dims": [32, 32], "activation": "relu", "distribution_cfg": None},
        "obs_groups": {"actor": ["policy"]},
        "num_steps_per_env": 2,
        "save_interval": 1000,
        "seed": 1,
    }


def test_squared_error_by_hand() -> None:
    bc = with_outputs(make_bc("mse"), math.atanh(0.5), 0.0)
    # ((0.5 - 1)^2 + (0 + 0.2)^2) / 2 = 0.145 and ((0.5 - 0.5)^2 + (0 - 0)^2) / 2 = 0
    loss = bc.loss(bc.actor, {"policy": torch.randn(2, 2)}, torch.tensor([[1.0, -0.2], [0.5, 0.0]]))
    assert loss.item() == pytest.approx(0.145 / 2)


def test_negative_log_likelihood_by_hand() -> None:
    # means 0 and 1, and log std = -5 + 3.5 (tanh(raw) + 1) = 0
    raw = math.atanh(3.0 / 7.0)
    bc = with_outputs(make_bc("nll"), 0.0, 1.0, raw, raw)
    # a = 0.5:     u = 0.549306, log N = -u^2 / 2 - 0.918939 = -1.069807, log |da/du| = log(1 - 0.25) = -0.287682
    # a = tanh(2): u = 2, log N = -1 / 2 - 0.918939 = -1.418939, log |da/du| = log(1 - 0.964028^2) = -2.650005
    # log pi = (-1.069807 + 0.287682) + (-1.418939 + 2.650005)
    loss = bc.loss(bc.actor, {"policy": torch.randn(1, 2)}, torch.tensor([[0.5, math.tanh(2.0)]]))
    assert loss.item() == pytest.approx(-0.448941, abs=1e-5)


def test_actions_at_the_bounds_have_a_finite_likelihood() -> None:
    bc = make_bc("nll")
    obs = {"policy": torch.randn(2, 2)}
    ones = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    loss = bc.loss(bc.learner, obs, ones)
    torch.testing.assert_close(loss, bc.loss(bc.learner, obs, 0.999 * ones))
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in bc.learner.parameters())


def test_an_epoch_reports_the_mean_over_all_transitions(demonstrations: Path) -> None:
    bc = with_outputs(make_bc("mse", learning_rate=0.0), 0.0, 0.0)
    # 100 does not divide the transitions: the last batch is smaller
    bc.learn_from(DemoFile(demonstrations), seed=0, batch_size=100, held_out=0.25)
    figures = bc.update()
    for batches, name in ((bc.train_batches, "loss"), (bc.held_out_batches, "held_out_loss")):
        assert batches is not None
        actions = torch.cat([batch.actions for batch in batches])
        assert len(actions) == {"loss": 9 * 40, "held_out_loss": 3 * 40}[name]
        assert figures[name] == pytest.approx(actions.square().mean().item(), rel=1e-5)


def test_the_normaliser_is_fitted_to_the_training_episodes(demonstrations: Path) -> None:
    bc = make_bc(normalize=True)
    bc.learn_from(DemoFile(demonstrations), seed=0, batch_size=64)
    assert bc.train_batches is not None
    rows = torch.cat([batch.obs["policy"] for batch in bc.train_batches])
    torch.testing.assert_close(bc.actor.trunk.obs_normalizer.mean, rows.mean(dim=0))
    torch.testing.assert_close(bc.actor.trunk.obs_normalizer.var, rows.var(dim=0, correction=0))
    bc.update()
    assert bc.actor.trunk.obs_normalizer.count == len(rows)


def test_the_policy_is_the_running_average_of_what_is_learned(demonstrations: Path) -> None:
    bc = make_bc(tau=0.25)
    before = [weight.clone() for weight in bc.actor.parameters()]
    bc.learn_from(DemoFile(demonstrations), seed=0, batch_size=1000)  # one update an epoch
    bc.update()
    for old, learned, average in zip(before, bc.learner.parameters(), bc.actor.parameters(), strict=True):
        assert not torch.equal(old, learned)
        torch.testing.assert_close(average, 0.75 * old + 0.25 * learned)


def mirror(env: Any, obs: Any, actions: torch.Tensor) -> tuple[Any, torch.Tensor]:
    """Of a task in which left and right are the two entries."""
    flipped = TensorDict({"policy": obs["policy"].flip(-1)}, obs.batch_size)
    return torch.cat([obs, flipped]), torch.cat([actions, actions.flip(-1)])


def test_mirror_images_are_learned_beside(demonstrations: Path) -> None:
    symmetry = SymmetryAugmentation(None, mirror, use_data_augmentation=True)  # type: ignore[arg-type]
    bc = with_outputs(make_bc(learning_rate=0.0, symmetry=symmetry, normalize=True), math.atanh(0.5), 0.0)
    bc.learn_from(DemoFile(demonstrations), seed=0)
    figures = bc.update()
    assert bc.train_batches is not None
    actions = torch.cat([batch.actions for batch in bc.train_batches])
    both = torch.cat([actions, actions.flip(-1)])
    assert figures["loss"] == pytest.approx((both - torch.tensor([0.5, 0.0])).square().mean().item(), rel=1e-5)
    mean = bc.actor.trunk.obs_normalizer.mean
    torch.testing.assert_close(mean[0], mean[1])


@pytest.mark.parametrize("loss", ["mse", "nll"])
def test_solves_the_identity_through_rsl_rls_runner(demonstrations: Path, loss: str) -> None:
    torch.manual_seed(0)
    env = OneStepEnv(time_out=False)
    runner: Any = OnPolicyRunner(env, runner_cfg(demonstrations, loss))
    runner.learn(40)
    obs = env.get_observations()
    assert (runner.get_inference_policy("cpu")(obs) - obs["policy"]).abs().mean() < 0.05


@pytest.mark.parametrize("loss", ["mse", "nll"])
def test_two_trainings_from_one_seed_are_identical(demonstrations: Path, loss: str) -> None:
    def losses() -> list[dict[str, float]]:
        bc = make_bc(loss)
        bc.learn_from(DemoFile(demonstrations), seed=3)
        return [bc.update() for _ in range(5)]

    assert losses() == losses()


def test_a_checkpoint_brings_its_own_policy(tmp_path: Path, demonstrations: Path) -> None:
    trained = make_bc("nll", hidden=(16,), normalize=True)
    trained.learn_from(DemoFile(demonstrations), seed=0)
    trained.update()
    torch.save({**trained.save(), "iter": 0, "infos": None}, tmp_path / "model.pt")
    assert torch.load(tmp_path / "model.pt", weights_only=True)["algorithm"] == "BC"

    runner: Any = OnPolicyRunner(OneStepEnv(time_out=False), runner_cfg(None))  # would have made another network
    runner.load(str(tmp_path / "model.pt"))
    obs = {"policy": torch.randn(16, 2)}
    assert torch.equal(runner.get_inference_policy("cpu")(obs), trained.actor(obs))
    assert torch.equal(runner.alg.actor.as_jit()(obs["policy"]), trained.actor(obs))
    assert runner.alg.num_updates == trained.num_updates > 0


def test_a_resumed_training_goes_on_with_its_optimiser(demonstrations: Path) -> None:
    trained, resumed = make_bc("nll", hidden=(16,)), make_bc("mse", hidden=(8,))
    trained.learn_from(DemoFile(demonstrations), seed=0)
    trained.update()
    resumed.load(copy.deepcopy(trained.save()))  # a file shares no memory either
    for bc in (trained, resumed):
        bc.learn_from(DemoFile(demonstrations), seed=5)
    assert resumed.update() == trained.update()


def test_load_cfg_chooses_what_is_restored(demonstrations: Path) -> None:
    trained = make_bc()
    trained.learn_from(DemoFile(demonstrations), seed=0)
    trained.update()
    bc = make_bc()
    assert bc.load(trained.save(), {"actor": True}) is False
    assert bc.num_updates == 0
    assert len(bc.optimizer.state) == 0
    assert all(torch.equal(a, b) for a, b in zip(bc.actor.parameters(), trained.actor.parameters(), strict=True))


def test_foreign_checkpoints_give_one_clear_error() -> None:
    bc = make_bc()
    saved = bc.save()
    before = bc.actor
    with pytest.raises(ValueError, match=r"^this checkpoint is written by SAC, but the agent is BC$"):
        bc.load(saved | {"algorithm": "SAC"})
    with pytest.raises(ValueError, match=r"^this checkpoint is not written by this package .*the agent is BC$"):
        bc.load({"actor_state_dict": {}})
    with pytest.raises(ValueError, match=r"^this checkpoint is incomplete.*: policy missing$"):
        bc.load({key: value for key, value in saved.items() if key != "policy"})
    with pytest.raises(ValueError, match=r"number of actions is 2 in the checkpoint and 3 here"):
        BC(OBS, ["policy"], 3, policy={}).load(saved)
    with pytest.raises(ValueError, match=r"observation group 'policy' is missing; the environment gives \['point'\]"):
        BC({"point": torch.zeros(4, 2)}, ["point"], 2, policy={}).load(saved)
    with pytest.raises(
        ValueError, match=r"shapes is \{'policy': \[2\]\} in the checkpoint and \{'policy': \[5\]\} here"
    ):
        BC({"policy": torch.zeros(4, 5)}, ["policy"], 2, policy={}).load(saved)
    assert bc.actor is before


def test_without_demonstrations_it_only_plays() -> None:
    runner: Any = OnPolicyRunner(OneStepEnv(time_out=False), runner_cfg(None))
    with pytest.raises(ValueError, match=r"set agent\.algorithm\.demonstrations=FILE\.hdf5, or .*scripts/train_bc\.py"):
        runner.learn(1)


def test_demonstrations_of_another_task_are_refused(demonstrations: Path) -> None:
    cfg = runner_cfg(demonstrations)
    cfg["obs_groups"] = {"actor": ["point", "clock"]}
    with pytest.raises(
        ValueError, match=r"demos.hdf5' are of .*: .*group 'point' has shape None there and \(2,\) here"
    ):
        OnPolicyRunner(PointEnv(), cfg)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": "mae"}, "unknown network 'mlp' with the loss 'mae'"),
        ({"held_out": 0.0}, "held-out fraction is 0.0"),
        ({"demonstrations": "nope.hdf5"}, "'nope.hdf5' do not exist"),
    ],
)
def test_bad_settings(demonstrations: Path, change: dict[str, Any], message: str) -> None:
    cfg = runner_cfg(demonstrations)
    cfg["algorithm"] |= change
    with pytest.raises(ValueError, match=message):
        OnPolicyRunner(OneStepEnv(time_out=False), cfg)


def test_several_processes_are_refused() -> None:
    cfg: dict[str, Any] = runner_cfg(None) | {"multi_gpu": {"world_size": 2}}
    with pytest.raises(ValueError, match="one process"):
        BC.construct_algorithm(TensorDict(OBS, [4]), OneStepEnv(time_out=False), cfg, "cpu")
