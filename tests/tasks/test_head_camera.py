"""The head camera's pictures against geometry that is written out here."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from camera_views import SIZE, camera_pose, centroids, object_masks, objects_w, open_depth_env, project, rays
from worlds import BALL, set_joints, step

from humanoid_vla.assets.objects import TABLE_HEIGHT
from humanoid_vla.tasks.mdp import images

NUM_ENVS = 64


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with open_depth_env(NUM_ENVS) as env:
        yield env


@pytest.fixture
def env(world: Any) -> Any:
    torch.manual_seed(0)
    world.reset()
    return world


def errors(env: Any) -> torch.Tensor:
    """Distances [px] between objects found by colour and projected, where neither a hand nor the border is over them.

    Something is in front of an object where a pixel beside it is 3 cm closer to the camera than its centre.
    """
    pose, places = camera_pose(env), objects_w(env)
    masks = object_masks(images.camera_rgb(env, "head_camera"))
    found, area = centroids(masks)
    expected = project(places, pose)
    beside = torch.nn.functional.max_pool2d(masks.float(), 3, stride=1, padding=1).bool() & ~masks
    distance = torch.einsum("nkj,nj->nk", places - pose[0].unsqueeze(1), pose[1][:, 0])
    closer = images.camera_depth(env, "head_camera").view(-1, 1, SIZE, SIZE) < distance.view(-1, 4, 1, 1) - 0.03
    hidden = (beside & closer).any(-1).any(-1) | (area == 0)
    clear = (expected > 6).all(-1) & (expected < SIZE - 6).all(-1)
    return (found - expected).norm(dim=-1)[~hidden & clear]


def median_error(rgb: torch.Tensor, places: torch.Tensor, pose: tuple[torch.Tensor, torch.Tensor]) -> float:
    """The same for a picture whose depth is not known: the median over all objects, hidden ones included."""
    return (centroids(object_masks(rgb))[0] - project(places, pose)).norm(dim=-1).nanmedian().item()


def test_the_picture_is_bytes(env: Any) -> None:
    obs, _ = env.reset()
    assert obs["camera"].shape == (NUM_ENVS, SIZE, SIZE, 3)
    assert obs["camera"].dtype == torch.uint8


def test_objects_are_seen_where_they_are(env: Any) -> None:
    off = []
    for _ in range(2):  # 128 scenes, and as many with the torso turned
        set_joints(env, waist_yaw_joint=0.2, waist_roll_joint=-0.1, waist_pitch_joint=0.1)
        step(env, 2.0 * torch.rand(NUM_ENVS, 17) - 1.0)
        off.append(errors(env))
        env.reset()
        off.append(errors(env))
    seen = torch.cat(off)
    print(f"reprojection of {len(seen)} objects in 256 scenes: mean {seen.mean():.2f} px, most {seen.max():.2f} px")
    assert len(seen) > 400  # of 1024; the hands start over the table's ends
    assert seen.max() < 2.0


def test_depth_is_that_of_the_table_and_of_the_ball(env: Any) -> None:
    step(env, 2.0 * torch.rand(NUM_ENVS, 17) - 1.0)
    depth = images.camera_depth(env, "head_camera").squeeze(-1)
    rgb = images.camera_rgb(env, "head_camera").float()
    pose = camera_pose(env)
    origin, directions = pose[0].view(-1, 1, 1, 3), rays(pose)

    to_table = (TABLE_HEIGHT - origin[..., 2]) / directions[..., 2]
    # brown: neither grey, like the robot and the ground, nor as saturated as the objects; the front edge is below
    x, y = ((origin + to_table.unsqueeze(-1) * directions) - env.scene.env_origins.view(-1, 1, 1, 3)).unbind(-1)[:2]
    on_top = (x > 0.22) & (x < 0.68) & (y.abs() < 0.43)
    brown = (rgb[..., 0] > 1.25 * rgb[..., 2]) & (rgb[..., 0] < 2.2 * rgb[..., 2]) & (rgb[..., 0] > rgb[..., 1])
    table = on_top & brown
    assert table.sum() > 300 * NUM_ENVS
    table_error = (depth - to_table)[table].abs().max()

    centre = objects_w(env)[:, BALL].view(-1, 1, 1, 3) - origin
    # |t d - c|^2 = r^2, the nearer of two solutions
    dd, dc = directions.square().sum(-1), (directions * centre).sum(-1)
    root = dc.square() - dd * (centre.square().sum(-1) - 0.03**2)
    to_ball = (dc - root.clamp(min=0.0).sqrt()) / dd
    ball = object_masks(rgb)[:, BALL]
    assert ball.sum() > 10 * NUM_ENVS
    ball_error = (depth - to_ball)[ball].abs().max()
    print(f"depth errors: table {1000 * table_error:.2f} mm, ball {1000 * ball_error:.2f} mm")
    assert table_error < 0.01
    assert ball_error < 0.01


def test_the_last_picture_is_of_the_old_episode_and_the_first_of_the_new(env: Any) -> None:
    for _ in range(2):
        step(env)
    before, pose_before = objects_w(env), camera_pose(env)
    ending = torch.arange(0, NUM_ENVS, 2)
    env.episode_length_buf[ending] = env.max_episode_length - 1
    obs, _, _, truncated, extras = step(env)
    assert truncated.nonzero().flatten().tolist() == ending.tolist()
    moved = (objects_w(env) - before).norm(dim=-1)[ending]
    assert moved.max(dim=1).values.min() > 0.02

    def shows(rgb: torch.Tensor, places: torch.Tensor, pose: tuple[torch.Tensor, torch.Tensor]) -> float:
        return median_error(rgb[ending], places[ending], (pose[0][ending], pose[1][ending]))

    after, pose_after = objects_w(env), camera_pose(env)
    final = extras["final_obs"]["camera"]
    assert shows(obs["camera"], after, pose_after) < 1.5
    assert shows(final, before, pose_before) < 1.5
    assert shows(final, after, pose_after) > 4.0
    others = torch.arange(1, NUM_ENVS, 2)
    assert torch.equal(final[others], obs["camera"][others])


def test_the_camera_follows_the_torso_at_once(env: Any) -> None:
    """Also where nothing has asked for the links' poses since the joints were written."""
    camera = env.scene["head_camera"]
    set_joints(env, waist_yaw_joint=0.5)
    camera.reset()
    images.camera_rgb(env, "head_camera")
    seen_from = camera.data.pos_w.torch.clone()
    torch.testing.assert_close(seen_from, camera_pose(env)[0], atol=1e-5, rtol=0.0)


def test_a_broken_environment_spoils_no_other_picture(env: Any) -> None:
    robot = env.scene["robot"]
    joints = robot.data.joint_pos.torch[5:6].clone()
    joints[0, 0] = float("nan")
    robot.write_joint_position_to_sim_index(position=joints, env_ids=torch.tensor([5], dtype=torch.int32))
    _, _, terminated, _, _ = step(env)
    assert terminated[5]
    assert errors(env).max() < 2.0
