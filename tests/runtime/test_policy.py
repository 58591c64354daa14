"""The runner of a policy carries its states from step to step, robot by robot."""

from pathlib import Path

import numpy as np
import pytest
from bundles import make_bundle

from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.engine import EngineError, make_engine
from humanoid_vla.runtime.policy import PolicyRunner


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path / "bundle", state=True)


def make_inputs(batch: int, seed: int = 0) -> dict[str, np.ndarray]:
    return {"proprio": np.random.default_rng(seed).normal(size=(batch, 68)).astype(np.float32)}


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_states_are_carried(bundle: Bundle, batch: int) -> None:
    engine = make_engine(bundle)
    runner = PolicyRunner(bundle, engine, batch)
    memory = np.zeros((batch, 4), np.float32)
    for step in range(4):
        inputs = make_inputs(batch, step)
        expected = engine.run(inputs | {"memory": memory})
        actions, targets = runner.step(inputs)
        np.testing.assert_array_equal(actions, expected["actions"])
        np.testing.assert_array_equal(targets, expected["targets"])
        memory = expected["next_memory"]
    assert np.abs(memory).max() > 0.01


def test_a_step_is_not_the_same_after_another(bundle: Bundle) -> None:
    runner, inputs = PolicyRunner(bundle, make_engine(bundle)), make_inputs(1)
    first, _ = runner.step(inputs)
    second, _ = runner.step(inputs)
    assert not np.allclose(first, second)
    runner.reset()
    np.testing.assert_array_equal(runner.step(inputs)[0], first)


def test_robots_are_reset_one_by_one(bundle: Bundle) -> None:
    runner, inputs = PolicyRunner(bundle, make_engine(bundle), 3), make_inputs(3)
    first, _ = runner.step(inputs)
    second, _ = PolicyRunner(bundle, make_engine(bundle), 3).step(inputs)
    np.testing.assert_array_equal(first, second)
    runner.reset(np.array([0.0, 1.0, 0.0]))
    again, _ = runner.step(inputs)
    np.testing.assert_allclose(again[1], first[1], atol=1e-6)
    assert not np.allclose(again[0], first[0])
    assert not np.allclose(again[2], first[2])


def test_targets_are_the_actions_in_radians(bundle: Bundle) -> None:
    actions, targets = PolicyRunner(bundle, make_engine(bundle), 3).step(make_inputs(3))
    np.testing.assert_allclose(targets, bundle.joints.default + bundle.joints.scale * actions, atol=1e-6)


def test_a_missing_input_is_named(bundle: Bundle) -> None:
    with pytest.raises(EngineError, match="'proprio' is missing"):
        PolicyRunner(bundle, make_engine(bundle)).step({})


def test_plans_keep_their_shape(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "plans", chunk=5)
    actions, targets = PolicyRunner(bundle, make_engine(bundle), 3).step(make_inputs(3))
    assert actions.shape == targets.shape == (3, 5, 17)
