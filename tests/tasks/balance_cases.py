"""States of the Balance task for ``term_cases.py``: one for each term, in which it fires."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from walk_cases import ALL, BENT_FORWARD, FACE_DOWN, FIRING, hasty, last_step, not_a_number, put_root
from worlds import set_joints

from humanoid_vla.assets.g1 import G1_STANDING_CFG

HEIGHT = G1_STANDING_CFG.init_state.pos[2]


def stand(env: Any) -> None:
    """All on their feet in the default posture, at rest, with their targets there."""
    env.reset()
    set_joints(env)
    put_root(env, ALL, HEIGHT)


def moved_away(env: Any) -> None:
    robot, ids = env.scene["robot"], torch.tensor([FIRING])
    pose = robot.data.root_link_pose_w.torch[ids].clone()
    pose[:, 0] += 0.5
    robot.write_root_pose_to_sim_index(root_pose=pose, env_ids=ids.int())


CASES: dict[str, Callable[[Any], torch.Tensor | None]] = {
    "success": last_step,
    "too_low": lambda env: put_root(env, [FIRING], 0.2, FACE_DOWN),
    "tilted": lambda env: put_root(env, [FIRING], 1.2, FACE_DOWN),
    "non_finite": not_a_number,
    "fall": lambda env: put_root(env, [FIRING], 0.2, FACE_DOWN),
    "upright": lambda env: put_root(env, [FIRING], quat=BENT_FORWARD),
    "height": lambda env: put_root(env, [FIRING], 1.2),
    "off_place": moved_away,
    "capture_point": lambda env: put_root(env, [FIRING], 1.2, lin_vel=(2.0, 0.0, 0.0)),
    "moving_feet": lambda env: put_root(env, [FIRING], 1.2, lin_vel=(8.0, 0.0, 0.0)),
    "posture": lambda env: set_joints(env, [FIRING], left_hip_pitch_joint=-1.0),
    "power": hasty(1.0),
    "action_rate": hasty(0.5),
}
