"""What a bundle says of a task is what the simulator does."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from worlds import open_env  # type: ignore  (beside the tests of tasks)

from humanoid_vla.assets.g1 import UPPER_BODY_JOINTS
from humanoid_vla.export.bundling import export_bundle
from humanoid_vla.export.comparison import check_bundle, differences
from humanoid_vla.export.describe import TaskDescription, describe
from humanoid_vla.export.graph import ExportError
from humanoid_vla.export.terms import plain
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy
from humanoid_vla.runtime.bundle import Bundle, load_bundle
from humanoid_vla.runtime.engine import make_engine
from humanoid_vla.runtime.policy import PolicyRunner
from humanoid_vla.tasks.mdp.figures import term_figures

GROUPS = ["proprio", "language", "state"]
NUM_ENVS = 4


@pytest.fixture(scope="module")
def env() -> Iterator[Any]:
    no_randomization = ["env.events.mass=null", "env.events.friction=null", "env.events.gains=null"]
    with open_env("VLA-Reach-G1", num_envs=NUM_ENVS, overrides=no_randomization) as env:
        env.reset()
        yield env


@pytest.fixture(scope="module")
def description(env: Any) -> TaskDescription:
    return describe(env, GROUPS, term_figures)


@pytest.fixture(scope="module")
def exported(env: Any, description: TaskDescription, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Bundle]:
    """A policy that learned nothing, and its bundle."""
    torch.manual_seed(0)
    seen: list[Any] = []
    for _ in range(6):
        seen.append(env.step(torch.rand(NUM_ENVS, 17) * 2.0 - 1.0)[0])
    recording = {group: torch.stack([obs[group] for obs in seen]) for group in GROUPS}
    policy = SquashedGaussianPolicy(seen[0], {"actor": GROUPS}, "actor", 17, hidden_dims=[32])
    policy.update_normalization({group: values.flatten(0, 1) for group, values in recording.items()})
    place = tmp_path_factory.mktemp("export") / "bundle"
    bundle, _ = export_bundle(place, policy, description, recording, "VLA-Reach-G1", "sac", {})
    return policy.eval(), bundle


def test_terms_are_where_the_bundle_says(env: Any, description: TaskDescription) -> None:
    manager = env.observation_manager
    obs = {group: manager.compute_group(group) for group in GROUPS}
    for group in description.inputs:
        assert obs[group.name].shape == (NUM_ENVS, *group.shape)
        for term in group.terms:
            cfg = manager._group_obs_term_cfgs[group.name][manager.active_terms[group.name].index(term.name)]
            assert term.kind == cfg.func.__name__
            noise = 0.0 if cfg.noise is None else cfg.noise.n_max
            difference = obs[group.name][:, term.start : term.stop] - cfg.func(env, **cfg.params)
            assert difference.abs().max() <= noise + 1e-6
            assert term.unit


def test_joints_are_those_of_the_simulation(env: Any, description: TaskDescription) -> None:
    joints, data = description.joints, env.scene["robot"].data
    assert list(joints.names) == UPPER_BODY_JOINTS
    ids = [env.scene["robot"].joint_names.index(name) for name in joints.names]
    assert np.array_equal(joints.default, data.default_joint_pos.torch[0, ids].double().numpy())
    gains = dict(zip(joints.names, zip(joints.stiffness, joints.damping, strict=True), strict=True))
    assert gains["waist_yaw_joint"] == (300.0, 10.0)
    assert gains["left_elbow_joint"] == (80.0, 3.0)
    assert gains["right_wrist_yaw_joint"] == (40.0, 1.5)
    assert np.allclose(joints.soft_upper - joints.soft_lower, 0.95 * (joints.upper - joints.lower))
    assert joints.scale.tolist() == pytest.approx([0.8, 0.3, 0.3, *2 * [1.2, 1.2, 1.2, 1.2, 0.8, 0.8, 0.8]])
    assert (description.policy_dt, set(joints.max_speed), set(joints.max_lead)) == (1 / 30, {1.2}, {0.15})
    assert joints.follows.tolist() == list(range(17))  # none is held
    assert description.fixed_base


def test_targets_are_where_the_simulation_goes(env: Any, exported: tuple[Any, Bundle]) -> None:
    """A constant action leads the simulator's rate-limited targets to the bundle's."""
    _, bundle = exported
    obs = env.reset()[0]
    runner = PolicyRunner(bundle, make_engine(bundle), NUM_ENVS)
    actions, targets = runner.step({group: obs[group].numpy() for group in GROUPS})
    for _ in range(10):
        env.step(0.05 * torch.from_numpy(actions))  # so little that the targets are there by then
    near = bundle.joints.default + 0.05 * (targets - bundle.joints.default)
    np.testing.assert_allclose(env.action_manager.get_term("joint_pos").processed_actions.numpy(), near, atol=1e-5)


def test_the_bundle_acts_as_the_policy(env: Any, exported: tuple[Any, Bundle]) -> None:
    policy, bundle = exported
    runner = PolicyRunner(bundle, make_engine(bundle), NUM_ENVS)
    obs = env.reset()[0]
    for _ in range(5):
        with torch.inference_mode():
            expected = policy(obs)
        actions, _ = runner.step({group: obs[group].numpy() for group in GROUPS})
        np.testing.assert_allclose(actions, expected.numpy(), atol=1e-5)
        obs = env.step(expected)[0]


def test_the_table_tells_what_the_environment_tells(env: Any, exported: tuple[Any, Bundle]) -> None:
    language = exported[1].language
    assert language is not None
    command = env.command_manager.get_term("goal")
    index = command.instruction_index[0]
    obs = env.observation_manager.compute_group("language")
    assert language.sentences[index] == command.instructions.sentences[index]
    assert np.array_equal(language.embeddings[index], obs[0].numpy())
    assert (language.dim, len(language.sentences)) == (384, len(command.instructions.sentences))


def test_figures_of_hands_and_objects_travel_along(description: TaskDescription) -> None:
    (term,) = description.inputs[2].terms
    assert term.params["object_names"] == ["cube", "ball", "cylinder", "cone"]
    assert term.params["hand_bodies"] == ["left_wrist_yaw_link", "right_wrist_yaw_link"]
    assert np.shape(term.params["hand_capsules"]) == (2, 2, 3)
    assert term.params["pelvis_pos"][2] > 0.5


def test_its_own_environment_is_no_other(env: Any, exported: tuple[Any, Bundle]) -> None:
    check_bundle(load_bundle(exported[1].path), env, term_figures)


def test_what_differs_is_told(env: Any, exported: tuple[Any, Bundle]) -> None:
    bundle = exported[1]
    joints = bundle.joints
    default = joints.default.copy()
    default[4] += 1e-3
    cases: list[tuple[dict[str, Any], str]] = [
        ({"policy_dt": 0.02}, r"policy_dt is 0\.02 in the bundle, 0\.0333"),
        ({"joints": replace(joints, max_lead=0.2 + 0.0 * default)}, r"max_lead\.0 is 0\.2 in the bundle, 0\.15 here"),
        ({"fixed_base": False}, "fixed_base is False in the bundle, True here"),
        ({"filter_settings": {"max_speed": 2.0}}, r"filter_settings\.max_speed is 2\.0 in the bundle, None here"),
        ({"joints": replace(joints, default=default)}, r"joints\.default\.4 is 0\.301"),
        ({"joints": replace(joints, names=joints.names[::-1])}, r"joints\.names\.0 is 'right_wrist_yaw_joint'"),
        ({"inputs": bundle.inputs[:1] + bundle.inputs[2:]}, "encoder"),
        ({"inputs": (replace(bundle.inputs[0], name="smell"),)}, r"groups \['smell'\], which the task does not have"),
        ({"inputs": (replace(bundle.inputs[0], terms=bundle.inputs[0].terms[:2]),)}, "terms.joint_target"),
        ({"language": replace(bundle.language, weights_sha256="0" * 64)}, "encoder.1 is '000"),  # type: ignore
    ]
    for changes, said in cases:
        with pytest.raises(ExportError, match=said):
            check_bundle(replace(bundle, **changes), env, term_figures)
    weaker = replace(bundle, joints=replace(joints, stiffness=0.9 * joints.stiffness))
    check_bundle(weaker, env, term_figures)  # gains are randomised


def test_few_of_many_differences_are_told() -> None:
    assert differences({"a": [1, 2.0]}, {"a": [1, 2.0 + 1e-9]}) == []
    assert differences({"a": 1, "b": 2}, {"a": 1}) == ["b is 2 in the bundle, None here"]
    assert differences({"a": [1, 2]}, {"a": [1]}) == ["a is [1, 2] in the bundle, [1] here"]


@pytest.mark.parametrize("value", [float("nan"), object(), {"a": {1, 2}}, [float("inf")]])
def test_a_parameter_that_json_cannot_hold_is_named(env: Any, value: Any) -> None:
    with pytest.raises(ExportError, match="the parameter proprio/joint_pos, gain"):
        plain(value, "proprio/joint_pos, gain", env)


@pytest.mark.parametrize(("setting", "value"), [("scale", 2.0), ("clip", (-1.0, 1.0)), ("modifiers", [None])])
def test_a_term_that_is_changed_on_its_way_is_refused(
    env: Any, monkeypatch: pytest.MonkeyPatch, setting: str, value: Any
) -> None:
    cfg = env.observation_manager._group_obs_term_cfgs["proprio"][1]
    monkeypatch.setattr(cfg, setting, value)
    with pytest.raises(ExportError, match=f"'proprio/joint_vel' has {setting}, which bundles do not know"):
        describe(env, GROUPS, term_figures)


def test_nothing_is_left_where_the_export_fails(
    description: TaskDescription, exported: tuple[Any, Bundle], tmp_path: Path
) -> None:
    policy = exported[0]
    recording = {group.name: torch.full((1, 1, *group.shape), torch.nan) for group in description.inputs}
    with pytest.raises(ExportError, match="not finite"):
        export_bundle(tmp_path / "bundle", policy, description, recording, "T", "sac", {})
    assert list(tmp_path.iterdir()) == []
