"""Objects as mocap bodies of the solver: they cost no degree of freedom, stand where they were put, and push back."""

from typing import Any

import pytest
import torch
from isaaclab_newton.physics import NewtonManager
from worlds import BALL, CONE, CUBE, CYLINDER, LEFT, beside_hand, move_object, set_goal, step

from humanoid_vla.assets.g1 import UPPER_BODY_JOINTS
from humanoid_vla.assets.objects import OBJECT_CFGS

OBJECTS = [CUBE, BALL, CYLINDER, CONE]


@pytest.fixture
def solver(env: Any) -> Any:
    return NewtonManager._solver


def to_torch(array: Any) -> torch.Tensor:
    """A copy of a Warp array."""
    return torch.from_numpy(array.numpy().copy())


def body_names(solver: Any) -> list[str]:
    """The links and objects that are the solver's bodies, in its order; the same in every environment."""
    labels: Any = NewtonManager.get_model().body_label
    bodies = solver.mjc_body_to_newton.numpy()[0]
    return [labels[body].rsplit("/", 1)[-1] if body >= 0 else "world" for body in bodies]


def solver_poses(solver: Any) -> torch.Tensor:
    """Where the solver's mocap bodies have the objects, in the world [m], xyzw; shape (num_envs, num_objects, 7)."""
    bodies = [body_names(solver).index(f"Object_{name}") for name in OBJECT_CFGS]
    mocap = torch.from_numpy(solver.mj_model.body_mocapid)[bodies].long()
    quat = to_torch(solver.mjw_data.mocap_quat)[:, mocap][..., [1, 2, 3, 0]]  # MuJoCo's w comes first
    return torch.cat((to_torch(solver.mjw_data.mocap_pos)[:, mocap], quat), dim=-1)


def tumbled(num_envs: int) -> torch.Tensor:
    """A different pose for each object of each environment, in the environments' frames and away from the robot."""
    pos = torch.tensor([1.5, 0.0, 1.0]) + 0.2 * torch.rand(num_envs, len(OBJECTS), 3)
    pos[..., 1] += torch.tensor(OBJECTS) * 0.3
    quat = torch.nn.functional.normalize(torch.randn(num_envs, len(OBJECTS), 4), dim=-1)
    return torch.cat((pos, quat), dim=-1)


def test_objects_cost_no_degree_of_freedom(env: Any, solver: Any) -> None:
    assert solver.mjw_model.nv == len(UPPER_BODY_JOINTS) == 17
    assert solver.mjw_model.nmocap == len(OBJECTS) + 1  # and the robot's root
    assert NewtonManager.get_model().joint_dof_count == env.num_envs * (17 + 6 * len(OBJECTS))  # Isaac Lab's view


def test_the_solver_has_the_objects_where_a_reset_put_them(env: Any, solver: Any) -> None:
    before = solver_poses(solver)
    env.reset()
    written = env.scene["objects"].data.body_link_pose_w.torch.clone()
    step(env)
    torch.testing.assert_close(solver_poses(solver), written)
    assert (solver_poses(solver) - before)[..., :3].norm(dim=-1).min() > 0.1  # or nothing was tested


def test_the_solver_has_the_objects_where_they_were_moved(env: Any, solver: Any) -> None:
    poses = tumbled(env.num_envs)
    poses[..., :3] += env.scene.env_origins.unsqueeze(1)
    env.scene["objects"].write_body_link_pose_to_sim_index(body_poses=poses)
    step(env)
    torch.testing.assert_close(solver_poses(solver), poses)
    ball = torch.tensor([1.2, 0.4, 0.9])
    move_object(env, BALL, ball)
    step(env)
    torch.testing.assert_close(solver_poses(solver)[:, BALL, :3], ball + env.scene.env_origins)
    others = [CUBE, CYLINDER, CONE]
    torch.testing.assert_close(solver_poses(solver)[:, others], poses[:, others])


def test_objects_that_move_in_one_environment_stay_in_the_others(env: Any, solver: Any) -> None:
    step(env)
    before = solver_poses(solver)
    poses = tumbled(env.num_envs)[2:3] + torch.nn.functional.pad(env.scene.env_origins[2:3], (0, 4)).unsqueeze(1)
    env.scene["objects"].write_body_link_pose_to_sim_index(body_poses=poses, env_ids=torch.tensor([2]).int())
    step(env)
    torch.testing.assert_close(solver_poses(solver)[2:3], poses)
    assert torch.equal(solver_poses(solver)[[0, 1, 3]], before[[0, 1, 3]])


def test_everybody_else_sees_the_objects_stand_still(env: Any) -> None:
    objects = env.scene["objects"]
    poses = tumbled(env.num_envs)
    poses[..., :3] += env.scene.env_origins.unsqueeze(1)
    objects.write_body_link_pose_to_sim_index(body_poses=poses)
    labels = NewtonManager.get_model().body_label
    ids = [
        [labels.index(f"/World/envs/env_{world}/Object_{name}") for name in OBJECT_CFGS]
        for world in range(env.num_envs)
    ]
    for _ in range(3):
        step(env)
        torch.testing.assert_close(objects.data.body_link_pose_w.torch, poses)
        assert not objects.data.body_com_vel_w.torch.any()
        rendered = to_torch(NewtonManager.get_state_0().body_q)  # what sensors, renderers and viewers read
        torch.testing.assert_close(rendered[torch.tensor(ids)], poses)


@pytest.mark.parametrize("number", OBJECTS, ids=list(OBJECT_CFGS))
def test_a_hand_that_presses_an_object_feels_it(env: Any, number: int) -> None:
    set_goal(env, number, LEFT)  # the touch of another object would end the episode
    position = torch.tensor([1.5, 0.0, 1.0]).repeat(env.num_envs, 1)
    # the others are thinner than the ball that each object counts as
    position[1] = beside_hand(env, LEFT, -0.004 if number == BALL else -0.02)[1]
    move_object(env, number, position)
    step(env)
    felt = env.scene.sensors["contact"].data.net_normal_forces_w.torch.norm(dim=-1).flatten(1).amax(1)
    assert felt[1] > 0.5
    assert felt[[0, 2, 3]].tolist() == [0, 0, 0]


def test_the_force_points_away_from_the_object(env: Any) -> None:
    position = beside_hand(env, LEFT, -0.004)
    move_object(env, BALL, position)
    sensor = env.scene.sensors["contact"]
    hand = env.scene["robot"].body_names.index("left_wrist_yaw_link")
    palm = env.scene["robot"].data.body_link_pos_w.torch[:, hand] - env.scene.env_origins
    step(env)
    force = sensor.data.net_normal_forces_w.torch.sum(1)
    assert torch.all((force * (palm - position)).sum(-1) > 0)


@pytest.mark.parametrize(
    ("method", "argument", "field"),
    [
        ("write_joint_armature_to_sim_index", "armature", "dof_armature"),
        ("write_joint_friction_coefficient_to_sim_index", "joint_friction_coeff", "dof_frictionloss"),
    ],
    ids=["armature", "friction"],
)
def test_what_is_written_to_a_joint_reaches_that_joint(
    env: Any, solver: Any, method: str, argument: str, field: str
) -> None:
    """Each joint of each environment gets a value of its own: a shifted index would give it to another."""
    write, order = getattr(env.scene["robot"], method), solver_joints(env, solver)
    before = to_torch(getattr(solver.mjw_model, field)).gather(1, order)
    values = 0.01 + 0.02 * torch.rand(order.shape)
    try:
        for wanted in (values, before):
            write(**{argument: wanted})
            step(env)
            torch.testing.assert_close(to_torch(getattr(solver.mjw_model, field)).gather(1, order), wanted)
    finally:
        write(**{argument: before})


def test_randomised_gains_and_masses_reach_the_solver(env: Any, solver: Any) -> None:
    robot, model = env.scene["robot"], solver.mjw_model
    order = solver_joints(env, solver)
    # a position actuator's force is gain * target - gain * position, a velocity actuator's the same with velocities
    bias, joint = to_torch(model.actuator_biasprm), to_torch(model.actuator_trnid)[:, 0]
    stiffness, damping = torch.zeros_like(order.float()), torch.zeros_like(order.float())
    for actuator, dof in enumerate(joint.tolist()):  # every joint here is a hinge: joint and degree of freedom agree
        stiffness[:, dof] -= bias[:, actuator, 1]
        damping[:, dof] -= bias[:, actuator, 2]
    torch.testing.assert_close(stiffness.gather(1, order), robot.data.joint_stiffness.torch)
    torch.testing.assert_close(damping.gather(1, order), robot.data.joint_damping.torch)
    assert len(stiffness[:, 0].unique()) == env.num_envs  # randomised, or nothing was tested

    torso = to_torch(model.body_mass)[:, body_names(solver).index("torso_link")]
    torch.testing.assert_close(torso, robot.data.body_mass.torch[:, robot.body_names.index("torso_link")])
    assert len(torso.unique()) == env.num_envs

    # the hands' friction is randomised, the objects' is not
    names = [body_names(solver)[body] for body in to_torch(model.geom_bodyid).tolist()]
    friction = to_torch(model.geom_friction)[..., 0]
    low, high = env.event_manager.get_term_cfg("friction").params["static_friction_range"]
    hand = friction[:, names.index("left_wrist_yaw_link")]
    assert low <= hand.min() < hand.max() <= high
    assert len(hand.unique()) == env.num_envs
    for name in OBJECT_CFGS:
        assert len(friction[:, names.index(f"Object_{name}")].unique()) == 1


def solver_joints(env: Any, solver: Any) -> torch.Tensor:
    """The solver's degree of freedom of each of the robot's joints, in Isaac Lab's order, (num_envs, num_joints)."""
    model: Any = NewtonManager.get_model()
    starts = model.joint_qd_start.numpy()[:-1]  # the last entry is their number
    hinges = [label.rsplit("/", 1)[-1] in UPPER_BODY_JOINTS for label in model.joint_label]
    label_of_dof = {
        int(start): label for start, label, hinge in zip(starts, model.joint_label, hinges, strict=True) if hinge
    }
    rows = []
    for world, dofs in enumerate(solver.mjc_dof_to_newton_dof.numpy()):
        labels = [label_of_dof[int(dof)] for dof in dofs]
        prefix = f"/World/envs/env_{world}/Robot/joints/"
        rows.append([labels.index(prefix + name) for name in env.scene["robot"].joint_names])
    return torch.tensor(rows)
