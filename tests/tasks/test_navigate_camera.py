"""Navigate by what the head camera sees: the teacher's rule, its questions, and what stands in for the walk."""

import math
from collections.abc import Iterator
from typing import Any

import navigate_cases as cases
import pytest
import torch
from isaaclab_tasks.utils import resolve_task_config
from tensordict import TensorDict
from worlds import open_env

from humanoid_vla.tasks.navigate.env_cfg import COMMANDS, NEAR
from humanoid_vla.tasks.navigate.stand_in import put_in
from humanoid_vla.tasks.navigate.teacher import EveryThing, decide

STOP, FORWARD, LEFT, RIGHT = range(4)
TASK = "VLA-Navigate-Camera-G1"


def test_the_rule() -> None:
    degrees = torch.tensor([5.0, -5.0, 20.0, -20.0, 90.0, -90.0, 170.0, 0.0])
    distance = torch.tensor([2.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0, NEAR - 0.1])
    bearing = torch.deg2rad(degrees)
    straight = [FORWARD, FORWARD, LEFT, RIGHT]
    off = torch.zeros(8, dtype=torch.bool)
    # what is out of view is looked for to the left, wherever it is; or on to the right
    assert decide(distance, bearing, off).tolist() == [*straight, LEFT, LEFT, LEFT, STOP]
    assert decide(distance, bearing, ~off).tolist() == [*straight, RIGHT, RIGHT, RIGHT, STOP]


@pytest.fixture(scope="module")
def env() -> Iterator[Any]:
    cfg: Any = resolve_task_config(TASK, None, overrides=[])[0]
    put_in(cfg)
    with open_env(TASK, cfg=cfg) as env:
        env.reset()
        yield env


def actions(*numbers: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.tensor(numbers), 4).float()


def test_an_episode_has_as_many_decisions_as_with_the_walk(env: Any) -> None:
    walking: Any = resolve_task_config(TASK, None, overrides=[])[0]
    assert env.max_episode_length == round(walking.episode_length_s / (walking.decimation * walking.sim.dt)) == 60
    assert env.action_manager.get_term("walk").cfg.duration == pytest.approx(0.4)
    assert env.action_manager.get_term("walk").cfg.commands == COMMANDS


def test_robots_are_put_where_they_would_have_walked_to(env: Any) -> None:
    cases.stand(env)
    env.action_manager.get_term("walk").reset()
    for _ in range(5):  # 2 s
        obs, _, terminated, *_ = env.step(actions(STOP, FORWARD, LEFT, RIGHT))
        assert not terminated.any()
    data = env.scene["robot"].data
    moved = data.root_link_pos_w.torch - env.scene.env_origins
    x, y, z, w = data.root_link_quat_w.torch.unbind(-1)
    yaw = torch.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    assert moved[0, :2].norm() < 0.02
    assert 0.65 < moved[1, 0] < 1.25  # 2 s at 0.6 m/s, less the start, times 0.7 to 1.1
    assert abs(moved[1, 1]) < 0.25
    assert 0.8 < yaw[2] < 1.9
    assert -1.9 < yaw[3] < -0.8
    assert moved[:, 2].sub(0.75).abs().max() < 0.1
    assert obs["proprio"][2, 0] > 0.2  # it feels that it turns, with a noise of 0.2
    assert obs["proprio"][3, 0] < -0.2
    assert (2 * torch.asin((x**2 + y**2).sqrt())).max() < math.radians(15.0)


def test_the_teacher_answers_for_every_thing(env: Any) -> None:
    cases.stand(env)  # the ball to the left, the cube behind, the cylinder to the right, the cone ahead
    goals = EveryThing(env)
    obs = TensorDict({"proprio": torch.zeros(4, 5)}, batch_size=[4])
    obs["proprio"][1, 1 + RIGHT] = 1.0  # this one has turned right
    answers, answered = goals.answers(obs)
    assert answered.all()
    found = answers.argmax(dim=-1)
    assert found[0].tolist() == [LEFT, LEFT, LEFT, FORWARD]
    assert found[1].tolist() == [RIGHT, RIGHT, RIGHT, FORWARD]
    cases.put_landmark(env, cases.BALL, (2.0, 0.8))
    cases.put_landmark(env, cases.CUBE, (0.3, 0.0))
    assert goals.answers(obs)[0].argmax(dim=-1)[1].tolist() == [LEFT, STOP, RIGHT, FORWARD]
    told = torch.arange(4).repeat(10)
    language = goals.tell(told)["language"]
    instructions = env.command_manager.get_term("goal").instructions
    assert torch.equal(instructions.goal[instructions.find(language)], told)
    cases.tell(2)(env)
    assert goals.told().tolist() == [2] * 4


def test_the_head_camera_shows_what_is_ahead_by_its_colour(env: Any) -> None:
    cases.stand(env)
    for number, thing in enumerate((cases.BALL, cases.CUBE, cases.CYLINDER, cases.CONE)):
        cases.put_landmark(env, thing, (1.5, 0.0), [number])
    for number, thing in enumerate((cases.CONE, cases.CONE, cases.CONE, cases.BALL)):
        cases.put_landmark(env, thing, (-2.5, 0.0), [number])
    env.action_manager.get_term("walk").cfg.lean = 0.0
    try:
        obs, *_ = env.step(actions(STOP, STOP, STOP, STOP))
    finally:
        env.action_manager.get_term("walk").cfg.lean = 0.05
    red, green, blue = obs["camera"].float().unbind(-1)
    shown = torch.stack(
        [
            ((red > 1.6 * green) & (red > 1.6 * blue)).float().mean(dim=(1, 2)),
            ((green > 1.3 * red) & (green > 1.3 * blue)).float().mean(dim=(1, 2)),
            ((blue > 1.3 * red) & (blue > 1.3 * green)).float().mean(dim=(1, 2)),
            ((red > 1.5 * blue) & (green > 1.5 * blue)).float().mean(dim=(1, 2)),
        ]
    )  # (colour, environment), shares of the picture
    assert shown.argmax(dim=0).tolist() == [0, 1, 2, 3]
    assert shown.diagonal().min() > 0.005
