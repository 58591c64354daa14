"""Reach without Isaac Lab has the figures of the task."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import reach_scene
from humanoid_vla.assets.g1 import HAND_BODIES, HAND_CAPSULES, HAND_RADIUS
from humanoid_vla.assets.objects import OBJECT_CFGS, OBJECT_RADIUS, OBJECT_REST_HEIGHTS, TABLE_CFG, TABLE_HEIGHT
from humanoid_vla.tasks.reach.env_cfg import FAILURES
from humanoid_vla.tasks.reach.language_env_cfg import ReachEnvCfg

CFG = ReachEnvCfg()
THINGS = {thing.name: thing for thing in reach_scene.THINGS}


def test_hands_are_the_tasks() -> None:
    hands = reach_scene.hands()
    assert hands.bodies == tuple(HAND_BODIES)
    np.testing.assert_array_equal(hands.ends, HAND_CAPSULES)
    assert (hands.radius, hands.object_radius) == (HAND_RADIUS, OBJECT_RADIUS)


def test_objects_are_the_tasks() -> None:
    assert [thing.name for thing in reach_scene.OBJECTS] == list(OBJECT_CFGS)
    spawns: dict[str, Any] = {name: cfg.spawn for name, cfg in OBJECT_CFGS.items()}
    sizes = {
        "cube": tuple(0.5 * edge for edge in spawns["cube"].size),
        "ball": (spawns["ball"].radius,),
        "cylinder": (spawns["cylinder"].radius, 0.5 * spawns["cylinder"].height),
        "cone": (spawns["cone"].radius, 0.5 * spawns["cone"].height),
    }
    for name, size in sizes.items():
        spawn = spawns[name]
        color = spawn.color if name == "cone" else spawn.visual_material.diffuse_color
        assert THINGS[name].size == pytest.approx(size)
        assert THINGS[name].color == color
        assert THINGS[name].pos == pytest.approx(OBJECT_CFGS[name].init_state.pos)


def test_the_table_is_the_tasks() -> None:
    table: Any = TABLE_CFG.spawn
    assert reach_scene.TABLE_HEIGHT == TABLE_HEIGHT
    assert THINGS["table"].size == pytest.approx((*(0.5 * edge for edge in table.size), 0.5 * table.thickness))
    x, y, height = TABLE_CFG.init_state.pos
    assert THINGS["table"].pos == pytest.approx((x, y, height - 0.5 * table.thickness))


def test_what_is_random_is_random_as_in_the_task() -> None:
    places: dict[str, Any] = CFG.events.object_poses.params
    posture: dict[str, Any] = CFG.events.robot_pose.params
    assert places["x_range"] == reach_scene.X_RANGE
    assert places["pitch"] == reach_scene.PITCH
    assert places["jitter"] == reach_scene.JITTER
    assert posture["position_range"] == (-reach_scene.POSE_RANGE, reach_scene.POSE_RANGE)
    assert reach_scene.REST_HEIGHTS == OBJECT_REST_HEIGHTS


def test_episodes_end_as_in_the_task() -> None:
    terms, scene = CFG.terminations, reach_scene
    assert [*scene.FAILURES, "non_finite"] == FAILURES
    assert terms.success.params["hold_time"] == scene.HOLD_TIME
    assert terms.success.params["distance"] == terms.wrong_touch.params["distance"] == scene.TOUCH_DISTANCE
    assert terms.joint_pos_limit.params["tolerance"] == scene.POS_TOLERANCE
    assert terms.joint_vel_limit.params["fraction"] == scene.VEL_FRACTION
    assert terms.joint_effort_limit.params["fraction"] == scene.EFFORT_FRACTION
    assert terms.self_collision.params["threshold"] == scene.TORSO_FORCE
    assert terms.hard_impact.params["threshold"] == scene.ARM_FORCE
    assert CFG.episode_length_s == scene.EPISODE_LENGTH
