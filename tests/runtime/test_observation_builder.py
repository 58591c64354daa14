"""The NumPy terms: by hand, and against the terms of the real task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from bundles import DIM, IMAGE, JOINTS, N, make_bundle, touch_params
from worlds import open_env  # pyright: ignore[reportMissingImports]  (beside the tests of the tasks)

from humanoid_vla.export.describe import describe
from humanoid_vla.runtime.bundle import Bundle, Input, Term
from humanoid_vla.runtime.observation_terms import MAKERS
from humanoid_vla.runtime.observations import ObservationBuilder, ObservationError
from humanoid_vla.runtime.pictures import Shrink
from humanoid_vla.tasks.mdp.figures import term_figures

ARM = slice(3, 10)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path / "bundle", language=True, camera=True, objects=True)


def measured(**changes: Any) -> dict[str, Any]:
    """All that a builder is given, made of recognisable numbers."""
    return {
        "joint_pos": np.linspace(-0.5, 0.5, N),
        "joint_vel": np.linspace(-2.0, 2.0, N),
        "target": np.linspace(0.3, 0.6, N),
        "last_action": np.linspace(-1.0, 1.0, N),
        "embedding": np.arange(DIM, dtype=np.float32),
        "images": {"head": np.full((48, 96, 3), 7, np.uint8)},
        "values": {"object_positions": np.arange(12.0).reshape(4, 3) / 10.0},
        "time": 0.0,
    } | changes


def with_params(bundle: Bundle, group: int, **params: Any) -> Bundle:
    """The bundle with other parameters of a group's first term; None takes one away."""
    first, *others = bundle.inputs[group].terms
    merged = {key: value for key, value in (first.params | params).items() if value is not None}
    inputs = list(bundle.inputs)
    inputs[group] = replace(inputs[group], terms=(replace(first, params=merged), *others))
    return replace(bundle, inputs=tuple(inputs))


def test_every_term_stands_in_its_place(bundle: Bundle) -> None:
    given = measured()
    groups = ObservationBuilder(bundle).build(**given)
    assert [(name, part.dtype, part.shape) for name, part in groups.items()] == [
        (group.name, group.dtype, (1, *group.shape)) for group in bundle.inputs
    ]
    parts = groups["proprio"].reshape(4, N)
    np.testing.assert_allclose(parts[0], given["joint_pos"] - bundle.joints.default, atol=1e-6)
    np.testing.assert_allclose(parts[1], given["joint_vel"], atol=1e-6)
    np.testing.assert_allclose(parts[2], given["target"] - bundle.joints.default, atol=1e-6)
    np.testing.assert_allclose(parts[3], given["last_action"], atol=1e-6)
    np.testing.assert_array_equal(groups["language"][0], given["embedding"])
    assert (groups["camera"] == 7).all()


def test_it_says_what_it_reads(bundle: Bundle, tmp_path: Path) -> None:
    builder = ObservationBuilder(bundle)
    assert (builder.cameras, builder.values, builder.reads_instruction) == (("head",), ("object_positions",), True)
    blind = ObservationBuilder(make_bundle(tmp_path / "blind"))
    assert (blind.cameras, blind.values, blind.reads_instruction) == ((), (), False)


def test_the_memory_is_used_again(bundle: Bundle) -> None:
    builder = ObservationBuilder(bundle)
    first = builder.build(**measured())
    second = builder.build(**measured(joint_pos=np.ones(N)))
    assert all(first[name] is second[name] for name in first)


def test_joints_are_found_by_name(bundle: Bundle) -> None:
    backwards = with_params(bundle, 0, joint_names=list(reversed(JOINTS)))
    given = measured()
    part = ObservationBuilder(backwards).build(**given)["proprio"][0, :N]
    np.testing.assert_allclose(part, (given["joint_pos"] - bundle.joints.default)[::-1], atol=1e-6)


def test_a_hand_that_touches_has_no_gap(bundle: Bundle) -> None:
    """An object whose ball just meets the left hand's capsule, by the palm that the term itself gives."""
    builder, given = ObservationBuilder(bundle), measured()
    origin = np.array(touch_params()["pelvis_pos"])
    palm = builder.build(**given)["state"][0, 12:15] - origin
    radii = touch_params()["hand_radius"] + touch_params()["object_radius"]
    objects = np.full((4, 3), 5.0)
    objects[1] = palm
    given["values"] = {"object_positions": objects}
    gaps = builder.build(**given)["state"][0, 18:].reshape(2, 4)
    assert gaps[0, 1] == pytest.approx(-radii, abs=1e-5)
    assert gaps[0, [0, 2, 3]].min() > 1.0
    assert gaps[1, 1] > 0.0


def test_the_goal_is_given_as_a_value(bundle: Bundle) -> None:
    params = touch_params() | {"command_name": "goal"}
    terms = (
        Term("goal", "generated_commands", 0, 6, "1", {"command_name": "goal"}),
        Term("to", "hand_to_goal", 6, 9, "m", params),
        Term("held", "held_time", 9, 10, "s", {"command_name": "goal"}),
    )
    bundle = replace(bundle, inputs=(*bundle.inputs, Input("goal", "float32", (10,), 1, terms)))
    builder, given = ObservationBuilder(bundle), measured()
    assert set(builder.values) == {"goal", "object_positions", "held_time"}
    goal = np.array([0.0, 0.0, 1.0, 0.0, 0.0, 1.0])  # cylinder, right hand
    given["values"] |= {"goal": goal, "held_time": np.array([0.2])}
    groups = builder.build(**given)
    np.testing.assert_array_equal(groups["goal"][0, :6], goal)
    state = groups["state"][0]
    np.testing.assert_allclose(groups["goal"][0, 6:9], state[6:9] - state[15:18], atol=1e-6)
    assert groups["goal"][0, 9] == pytest.approx(0.2)


def test_what_a_base_feels_is_given_as_values(bundle: Bundle) -> None:
    kinds = sorted(FELT)
    terms = tuple(Term(f"its {kind}", kind, 3 * row, 3 * row + 3, "", {}) for row, kind in enumerate(kinds))
    builder = ObservationBuilder(replace(bundle, inputs=(Input("base", "float32", (9,), 1, terms),)))
    assert builder.values == tuple(kinds)
    felt = np.arange(9.0).reshape(3, 3)
    values = dict(zip(kinds, felt, strict=True))
    np.testing.assert_array_equal(builder.build(**measured(values=values))["base"][0], felt.ravel())


def test_an_unknown_term_is_named(bundle: Bundle) -> None:
    inputs = (replace(bundle.inputs[0], terms=(replace(bundle.inputs[0].terms[0], kind="foot_heights"),)),)
    with pytest.raises(ObservationError, match="proprio/joint_pos_rel is a 'foot_heights'"):
        ObservationBuilder(replace(bundle, inputs=inputs))


def test_a_history_is_refused(bundle: Bundle) -> None:
    with pytest.raises(ObservationError, match="proprio: a history of 3"):
        ObservationBuilder(replace(bundle, inputs=(replace(bundle.inputs[0], history=3),)))


@pytest.mark.parametrize(
    ("group", "params", "message"),
    [
        (0, {"joint_names": ["tail_joint"]}, r"proprio/.*no joints \['tail_joint'\]"),
        (0, {"joint_names": list(JOINTS[:3])}, "proprio/.*3 joints do not fill"),
        (1, {"hand_capsules": None}, "state/touch: .*'hand_capsules' is missing"),
        (1, {"hand_bodies": ["left_foot", "right_foot"]}, r"state/touch: the hands \['left_foot', 'right_foot'\]"),
        (1, {"hand_radius": float("nan")}, "state/touch: hand_radius nan"),
        (1, {"object_names": ["cube"]}, "state/touch: 1 objects and 2 hands make 11 numbers"),
        (1, {"pelvis_pos": [0.0, 0.0]}, "state/touch: pelvis_pos must be three"),
        (3, {"sensor_name": None}, "camera/image: 'sensor_name' is missing"),
    ],
)
def test_impossible_parameters_are_named(bundle: Bundle, group: int, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ObservationError, match=message):
        ObservationBuilder(with_params(bundle, group, **params))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"embedding": None}, "language/instruction: no instruction was given"),
        ({"embedding": np.zeros(DIM + 1)}, r"language/instruction: expected shape \(8,\), got \(9,\)"),
        ({"images": {}}, "camera/image: 'head' is missing"),
        ({"images": {"head": np.zeros((48, 64), np.uint8)}}, "camera/image: a picture must be"),
        ({"images": {"head": np.zeros((48, 64, 3))}}, "camera/image: a picture must be"),
        ({"values": {}}, "state/touch: 'object_positions' is missing"),
        ({"values": {"object_positions": np.zeros((3, 3))}}, r"state/touch: expected shape \(4, 3\)"),
    ],
)
def test_what_is_missing_is_named(bundle: Bundle, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ObservationError, match=message):
        ObservationBuilder(bundle).build(**measured(**changes))


def test_a_picture_of_the_right_size_stays_as_it_is() -> None:
    picture = np.random.default_rng(0).integers(0, 256, IMAGE, np.uint8)
    out = np.zeros_like(picture)
    Shrink(*IMAGE[:2])(picture, out)
    np.testing.assert_array_equal(out, picture)


def test_pixels_are_averaged_over_areas() -> None:
    small = np.random.default_rng(0).integers(0, 256, IMAGE, np.uint8)
    out, shrink = np.zeros_like(small), Shrink(*IMAGE[:2])
    for factor in (2, 5):  # two sizes in turn
        shrink(small.repeat(factor, 0).repeat(factor, 1), out)
        np.testing.assert_array_equal(out, small)
    # 3 pixels -> 2: each takes one and a half
    stripes, two = np.zeros((3, 3, 3), np.uint8), np.zeros((2, 2, 3), np.uint8)
    stripes[0], stripes[1] = 90, 30
    Shrink(2, 2)(stripes, two)
    assert two[:, 0, 0].tolist() == [70, 10]


@pytest.mark.parametrize(("shape", "kept"), [((20, 40), np.s_[:, 10:30]), ((40, 20), np.s_[10:30, :])])
def test_what_is_too_wide_or_high_is_cut_on_both_sides(shape: tuple[int, int], kept: Any) -> None:
    picture = np.full((*shape, 3), 255, np.uint8)
    picture[kept] = 100
    out = np.zeros((10, 10, 3), np.uint8)
    Shrink(10, 10)(picture, out)
    assert (out == 100).all()


GROUPS = ["proprio", "state", "goal", "language", "camera"]
FELT = {"base_lin_vel", "base_ang_vel", "projected_gravity"}
# of other tasks: tests/tasks/test_registered_tasks.py compares them
ELSEWHERE = FELT | {"gait_clock", "turning_speed", "landmark_positions", "grip_geometry", "grip_to_goal"}


@pytest.fixture(scope="module")
def env() -> Iterator[Any]:
    """The real task with all terms: Reach with a camera, without noise on the sensors."""
    with open_env("VLA-Reach-Camera-G1", overrides=["env.observations.proprio.enable_corruption=false"]) as env:
        yield env


def task_bundle(env: Any, folder: Path) -> Bundle:
    """A bundle of the environment's own groups."""
    described = describe(env, GROUPS, term_figures)
    return replace(make_bundle(folder), inputs=described.inputs, joints=described.joints)


def test_they_agree_with_the_terms_of_the_task(env: Any, tmp_path: Path) -> None:
    bundle = task_bundle(env, tmp_path / "bundle")
    assert {term.kind for group in bundle.inputs for term in group.terms} == set(MAKERS) - ELSEWHERE
    builder, robot = ObservationBuilder(bundle), env.scene["robot"]
    ids = [robot.joint_names.index(joint) for joint in bundle.joints.names]
    pelvis = torch.tensor(touch_params()["pelvis_pos"])
    command, action_term = env.command_manager.get_term("goal"), env.action_manager.get_term("joint_pos")
    env.reset()
    compared = 0
    for _ in range(20):
        expected = env.step(torch.rand(env.num_envs, N) * 2 - 1)[0]
        objects = env.scene["objects"].data.body_link_pos_w.torch - env.scene.env_origins.unsqueeze(1) - pelvis
        embeddings = command.instructions.embeddings[command.instruction_index]
        for row in range(env.num_envs):
            groups = builder.build(
                joint_pos=robot.data.joint_pos.torch[row, ids].double().numpy(),
                joint_vel=robot.data.joint_vel.torch[row, ids].double().numpy(),
                target=action_term.processed_actions[row].double().numpy(),
                last_action=env.action_manager.action[row].numpy(),
                embedding=embeddings[row].numpy(),
                images={"head_camera": expected["camera"][row].numpy()},
                values={
                    "object_positions": objects[row].double().numpy(),
                    "goal": command.command[row].numpy(),
                    "held_time": command.held_time[row : row + 1].numpy(),
                },
                time=0.0,
            )
            for name, values in groups.items():
                np.testing.assert_allclose(values[0], expected[name][row].numpy(), rtol=0, atol=2e-5, err_msg=name)
                compared += 1
    assert compared == 20 * env.num_envs * len(GROUPS)
