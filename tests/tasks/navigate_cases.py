"""States of the Navigate tasks for ``term_cases.py``: one for each term, in which it fires."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from walk_cases import FACE_DOWN, last_step, not_a_number, put_root
from worlds import set_joints

from humanoid_vla.assets.landmarks import LANDMARK_CFGS, LANDMARK_HEIGHTS

FIRING = 1
"""The environment, of four, in which a case makes its term fire in the step that follows."""
ALL = (0, 1, 2, 3)
BALL, CUBE, CYLINDER, CONE = range(len(LANDMARK_CFGS))
PLACES = ((0.0, 2.0), (-2.0, 0.0), (0.0, -2.0), (2.5, 0.0))
"""Where :func:`stand` puts the things, ahead and to the left of the robots [m]: the ball is to the left."""


def put_landmark(env: Any, number: int, place: tuple[float, float], envs: Sequence[int] = ALL) -> None:
    """Put a thing at a place in some environments' frames [m]."""
    ids = torch.tensor(envs)
    pos = torch.tensor([*place, list(LANDMARK_HEIGHTS.values())[number]]) + env.scene.env_origins[ids]
    poses = torch.cat((pos, torch.tensor([[0.0, 0.0, 0.0, 1.0]]).expand(len(ids), 4)), dim=-1).unsqueeze(1)
    env.scene["landmarks"].write_body_link_pose_to_sim_index(body_poses=poses, body_ids=[number], env_ids=ids.int())


def stand(env: Any) -> None:
    """All on their feet, facing along x, at rest, with a thing on each side; told to go to the ball."""
    env.reset()
    set_joints(env)
    put_root(env, ALL)
    for number, place in enumerate(PLACES):
        put_landmark(env, number, place)
    tell(BALL)(env)


def tell(goal: int) -> Callable[[Any], None]:
    return lambda env: env.command_manager.get_term("goal").tell_goal(slice(None), torch.full((4,), goal))


def moved(number: int, *place: float) -> Callable[[Any], None]:
    """A thing somewhere else in the firing environment."""
    return lambda env: put_landmark(env, number, place, [FIRING])  # type: ignore[arg-type]


CASES: dict[str, Callable[[Any], torch.Tensor | None]] = {
    "time_out": last_step,
    "success": moved(BALL, 0.0, 0.35),
    "wrong_object": moved(CUBE, -0.35, 0.0),
    "too_low": lambda env: put_root(env, [FIRING], 0.2, FACE_DOWN),
    "tilted": lambda env: put_root(env, [FIRING], 1.2, FACE_DOWN),
    "non_finite": not_a_number,
    "approach": moved(BALL, 0.0, 0.8),
    "face": moved(BALL, 2.0, 0.0),
    "failure": moved(CUBE, -0.35, 0.0),
}

GOALS: list[Callable[[Any], None]] = [tell(goal) for goal in range(len(LANDMARK_CFGS))]
