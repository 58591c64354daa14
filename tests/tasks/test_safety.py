"""Safety costs: by hand, and on a free-floating robot that stands, falls and is elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import isaaclab.sim as sim_utils
import pytest
import torch
from isaaclab.envs import mdp as isaac_mdp
from isaaclab.managers import SceneEntityCfg
from isaaclab.scene import InteractiveScene, InteractiveSceneCfg
from isaaclab.sensors import ContactSensorCfg
from isaaclab.utils import configclass
from isaaclab_newton.physics import MJWarpSolverCfg, NewtonCfg

from humanoid_vla.assets.g1 import G1_CFG
from humanoid_vla.assets.objects import GROUND_CFG
from humanoid_vla.tasks.mdp import safety, terminations

NAN, INF = math.nan, math.inf
STATE: dict[str, list] = {
    "joint_pos": [[0.0, 0.0]],
    "joint_vel": [[0.0, 0.0]],
    "joint_pos_limits": [[[-1.0, 3.0], [-2.0, 2.0]]],
    "joint_vel_limits": [[20.0, 10.0]],
    "joint_effort_limits": [[25.0, 5.0]],
    "root_link_pose_w": [[0.0] * 6 + [1.0]],
    "root_com_vel_w": [[0.0] * 6],
}


class Scene(dict):
    """What terms ask a scene for."""

    sensors: dict[str, Any]
    env_origins: torch.Tensor
    terrain = None  # flat ground


def fake(origin: tuple[float, ...] = (0.0, 0.0, 0.0), steps: int = 1, **state: list) -> Any:
    """An environment with the given state, in which everything else is safe."""
    values = {name: torch.tensor(value) for name, value in {**STATE, "effort": [[0.0, 0.0]], **state}.items()}
    values["root_link_pos_w"], values["root_link_quat_w"] = values["root_link_pose_w"].split([3, 4], dim=-1)
    arrays = {name: SimpleNamespace(torch=value) for name, value in values.items()}
    data = SimpleNamespace(**arrays, net_normal_forces_w_history=arrays.get("forces"))
    scene = Scene(robot=SimpleNamespace(data=data, actuators=SimpleNamespace(computed_effort=arrays["effort"])))
    scene.sensors, scene.env_origins = {"contact": SimpleNamespace(data=data)}, torch.tensor([origin])
    return SimpleNamespace(scene=scene, episode_length_buf=torch.tensor([steps]))


def leaning(axis: tuple[float, float, float], angle: float) -> list:
    """The root turned by an angle [rad] about an axis of unit length."""
    return [[0.0, 0.0, 1.0, *(math.sin(angle / 2) * part for part in axis), math.cos(angle / 2)]]


LIMB = SceneEntityCfg("contact", body_ids=[1])
BLOWS = [[[[900.0, 0.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [60.0, 0.0, -80.0]]]]  # (1, history, bodies, 3)
TILT = {"limit_angle": math.radians(60)}
BY_HAND: list[tuple[str, dict, dict, float]] = [
    # The first joint's range is 4 rad, half of it 2 rad.
    ("joint_pos_excess", {"tolerance": 0.1}, {"joint_pos": [[3.5, 0.0]]}, (3.5 - 3.1) / 2),
    ("joint_pos_excess", {"tolerance": 0.1}, {"joint_pos": [[-1.3, 0.0]]}, (1.3 - 1.1) / 2),
    ("joint_pos_excess", {"tolerance": 0.1}, {"joint_pos": [[-1.3, 2.5]]}, (2.5 - 2.1) / 2),  # the worst one
    ("joint_pos_excess", {"tolerance": 0.1}, {"joint_pos": [[3.09, -2.09]]}, 0.0),
    ("joint_pos_excess", {"tolerance": -0.05}, {"joint_pos": [[2.98, 0.0]]}, 0.03 / 2),
    ("joint_vel_excess", {"fraction": 0.5}, {"joint_vel": [[-13.0, 0.0]]}, 3 / 20),
    ("joint_vel_excess", {"fraction": 0.5}, {"joint_vel": [[13.0, 7.0]]}, 2 / 10),
    ("joint_vel_excess", {"fraction": 0.5}, {"joint_vel": [[9.9, -4.9]]}, 0.0),
    ("joint_effort_excess", {"fraction": 2.0}, {"effort": [[-60.0, 0.0]]}, 10 / 25),
    ("joint_effort_excess", {"fraction": 2.0}, {"effort": [[49.0, 9.0]]}, 0.0),
    ("contact_force_excess", {"threshold": 80.0, "sensor_cfg": LIMB}, {"forces": BLOWS}, 20 / 80),
    ("contact_force_excess", {"threshold": 101.0, "sensor_cfg": LIMB}, {"forces": BLOWS}, 0.0),
    # 0.8 m above the ground of the world, 0.4 m above the environment's origin
    (
        "height_deficit",
        {"minimum_height": 0.5},
        {"root_link_pose_w": [[0, 0, 0.8, 0, 0, 0, 1.0]], "origin": (0.0, 0.0, 0.4)},
        0.2,
    ),
    ("height_deficit", {"minimum_height": 0.5}, {"root_link_pose_w": [[0, 0, 0.51, 0, 0, 0, 1.0]]}, 0.0),
    ("tilt_excess", TILT, {"root_link_pose_w": leaning((0.6, -0.8, 0.0), math.pi / 2)}, 30 / 60),
    ("tilt_excess", TILT, {"root_link_pose_w": leaning((1.0, 0.0, 0.0), math.pi)}, 120 / 60),
    ("tilt_excess", TILT, {"root_link_pose_w": leaning((0.0, 1.0, 0.0), -math.radians(59))}, 0.0),
    ("tilt_excess", TILT, {"root_link_pose_w": leaning((0.0, 0.0, 1.0), 3.0)}, 0.0),  # it merely turned round
    # lies on its side (90 deg about x) after it turned round (180 deg about z): (i + 1) k / sqrt(2) = (k - j) / sqrt(2)
    ("tilt_excess", TILT, {"root_link_pose_w": [[0.0, 0.0, 1.0, 0.0, -math.sqrt(0.5), math.sqrt(0.5), 0.0]]}, 30 / 60),
    # 5 m from the origin
    (
        "distance_excess",
        {"radius": 4.0},
        {"root_link_pose_w": [[5.0, 5.0, 9.0, 0, 0, 0, 1.0]], "origin": (2.0, 1.0, 0.0)},
        1 / 4,
    ),
    ("distance_excess", {"radius": 4.0}, {"root_link_pose_w": [[2.8, -2.8, 9.0, 0, 0, 0, 1.0]]}, 0.0),
    ("non_finite", {}, {}, 0.0),
    *(("non_finite", {}, {name: [[0.0] * (len(STATE[name][0]) - 1) + [value]]}, 1.0)
      for name in ("joint_pos", "joint_vel", "root_link_pose_w", "root_com_vel_w") for value in (NAN, INF, -INF)),
    # beyond all bounds
    ("joint_vel_excess", {"fraction": 0.5}, {"joint_vel": [[1e9, 0.0]]}, safety.MAX_COST),
    ("joint_pos_excess", {"tolerance": 0.1}, {"joint_pos": [[0.0, -INF]]}, safety.MAX_COST),
    # what is not a number costs nothing here, and hides no other joint
    ("joint_vel_excess", {"fraction": 0.5}, {"joint_vel": [[NAN, 0.0]]}, 0.0),
    ("joint_vel_excess", {"fraction": 0.5}, {"joint_vel": [[NAN, 7.0]]}, 2 / 10),
    ("height_deficit", {"minimum_height": 0.5}, {"root_link_pose_w": [[0.0, 0.0, NAN, 0.0, 0.0, 0.0, 1.0]]}, 0.0),
    ("tilt_excess", TILT, {"root_link_pose_w": [[0.0, 0.0, 1.0, NAN, 0.0, 0.0, 1.0]]}, 0.0),
    # a joint without limits cannot exceed them
    (
        "joint_pos_excess",
        {"tolerance": 0.1},
        {"joint_pos": [[99.0, 2.5]], "joint_pos_limits": [[[-INF, INF], [-2.0, 2.0]]]},
        (2.5 - 2.1) / 2,
    ),
    # what the last physics step measured belongs to the episode before
    ("joint_effort_excess", {"fraction": 2.0}, {"effort": [[-60.0, 0.0]], "steps": 0}, 0.0),
    ("contact_force_excess", {"threshold": 80.0, "sensor_cfg": LIMB}, {"forces": BLOWS, "steps": 0}, 0.0),
]  # fmt: skip

ENDS_BY = {
    "joint_pos_excess": terminations.joint_pos_beyond_limits,
    "joint_vel_excess": terminations.joint_vel_excess,
    "joint_effort_excess": terminations.joint_effort_excess,
    "contact_force_excess": terminations.hard_contact,
    "height_deficit": terminations.too_low,
    "tilt_excess": terminations.tilted,
    "distance_excess": terminations.left_area,
    "non_finite": terminations.non_finite_state,
}
"""The termination that each cost stands behind."""


@pytest.mark.parametrize(("name", "params", "state", "expected"), BY_HAND)
def test_costs_by_hand_and_the_terminations_that_agree(name: str, params: dict, state: dict, expected: float) -> None:
    cost = getattr(safety, name)(fake(**state), **params)
    assert cost.shape == (1, 1)
    assert cost.item() == pytest.approx(expected, abs=1e-6)
    assert ENDS_BY[name](fake(**state), **params).tolist() == [expected > 0]


@configclass
class _SceneCfg(InteractiveSceneCfg):
    num_envs = 4
    env_spacing = 10.0
    ground = GROUND_CFG
    robot = G1_CFG.replace(prim_path="{ENV_REGEX_NS}/Robot")  # type: ignore
    contact = ContactSensorCfg(prim_path="{ENV_REGEX_NS}/Robot/(left|right)_ankle_roll_link", history_length=2)


STANDS, LEANS, DROPS, ELSEWHERE = range(4)
MINIMUM_HEIGHT, LIMIT_ANGLE, RADIUS = 0.4, math.radians(50), 2.0


@pytest.fixture(scope="module")
def env() -> Iterator[Any]:
    """Four free robots, which keep their joints where they are: one stands, one leans, one drops, one is elsewhere."""
    solver = MJWarpSolverCfg(njmax=300, nconmax=80, integrator="implicitfast")
    cfg = sim_utils.SimulationCfg(dt=0.005, device="cpu", physics=NewtonCfg(solver_cfg=solver))
    with sim_utils.build_simulation_context(sim_cfg=cfg) as sim:
        scene = InteractiveScene(_SceneCfg())
        sim.reset()
        robot: Any = scene["robot"]
        pose = robot.data.default_root_pose.torch.clone()
        pose[:, :3] += scene.env_origins
        pose[LEANS, 3:] = torch.tensor(leaning((0.0, 1.0, 0.0), math.radians(35))[0][3:])
        pose[DROPS, 2] += 1.0
        pose[ELSEWHERE, :2] += torch.tensor([-1.8, 1.5])
        robot.write_root_link_pose_to_sim_index(root_pose=pose)
        yield SimpleNamespace(scene=scene, sim=sim, episode_length_buf=torch.ones(4))


def run(env: Any, steps: int) -> None:
    robot = env.scene["robot"]
    for _ in range(steps):
        robot.actuators.target_command.set_position_index(value=robot.data.default_joint_pos.torch.clone())
        env.scene.write_data_to_sim()
        env.sim.step(render=False)
        env.scene.update(0.005)


def where(fired: torch.Tensor) -> list[int]:
    return fired.nonzero().flatten().tolist()


def test_a_robot_that_falls_is_noticed_and_no_other(env: Any) -> None:
    feet = SceneEntityCfg("contact", body_ids=[0, 1])
    hardest = torch.zeros(4)
    tilted = low = torch.zeros(4, dtype=torch.bool)
    for number in range(8):
        run(env, 20)
        tilted, low = terminations.tilted(env, LIMIT_ANGLE), terminations.too_low(env, MINIMUM_HEIGHT)
        # Isaac Lab's own terms, which measure in other ways
        assert torch.equal(tilted, isaac_mdp.bad_orientation(env, LIMIT_ANGLE))
        assert torch.equal(low, isaac_mdp.root_height_below_minimum(env, MINIMUM_HEIGHT))
        assert where(terminations.left_area(env, RADIUS)) == [ELSEWHERE]
        assert not terminations.non_finite_state(env).any()
        hard = terminations.hard_contact(env, 300.0, feet)
        assert torch.equal(hard, isaac_mdp.illegal_contact(env, 300.0, feet))
        hardest = torch.maximum(hardest, safety.contact_force_excess(env, 300.0, feet).flatten())
        if number == 0:
            assert where(tilted) == where(low) == []
    assert LEANS in where(tilted)
    assert LEANS in where(low)
    assert STANDS not in where(tilted | low)
    assert hardest[DROPS] > 2 * hardest[STANDS]


def test_a_broken_root_is_not_finite_and_its_costs_are(env: Any) -> None:
    robot = env.scene["robot"]
    pose = robot.data.root_link_pose_w.torch.clone()
    pose[STANDS] = NAN
    robot.write_root_link_pose_to_sim_index(root_pose=pose)
    assert where(terminations.non_finite_state(env)) == [STANDS]
    run(env, 1)
    assert where(terminations.non_finite_state(env)) == [STANDS]
    params = {"height_deficit": {"minimum_height": MINIMUM_HEIGHT}, "tilt_excess": TILT, "non_finite": {},
              "distance_excess": {"radius": RADIUS}, "joint_pos_excess": {"tolerance": 0.0},
              "joint_vel_excess": {"fraction": 0.1}, "joint_effort_excess": {"fraction": 1.0}}  # fmt: skip
    for name, values in params.items():
        assert getattr(safety, name)(env, **values).isfinite().all(), name
