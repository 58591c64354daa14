"""Ground that is not flat: how high it is, and that robots stand on it and are measured against it."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import trimesh
from isaaclab.utils.warp import convert_to_warp_mesh
from walk_cases import stand
from worlds import open_env, step

from humanoid_vla.tasks.mdp.ground import height_above_ground
from humanoid_vla.tasks.rough_ground import RoughGround


def ramp() -> RoughGround:
    """10 m x 10 m, rising by 1 m along x from height 0.2 m; without a simulator."""
    corners = np.array([[0, 0, 0.2], [10, 0, 1.2], [10, 10, 1.2], [0, 10, 0.2]], dtype=float)
    mesh = trimesh.Trimesh(corners, [[0, 1, 2], [0, 2, 3]])
    ground = object.__new__(RoughGround)
    ground._mesh = convert_to_warp_mesh(mesh.vertices, mesh.faces, device="cpu")
    return ground


def test_how_high_the_ground_is() -> None:
    points = torch.tensor([[[1.0, 5.0, 0.0], [9.0, 1.0, 50.0]], [[20.0, 5.0, 1.0], [torch.nan, 0.0, 0.0]]])
    expected = torch.tensor([[0.3, 1.1], [0.0, 0.0]])  # beyond it, and nowhere: 0
    torch.testing.assert_close(ramp().height_at(points), expected, atol=1e-4, rtol=0)


def test_heights_are_above_the_terrain_or_above_the_origins() -> None:
    points = torch.tensor([[[1.0, 5.0, 1.0]], [[9.0, 1.0, 2.0]]])
    origins = torch.tensor([[0.0, 0.0, 0.25], [0.0, 0.0, 0.5]])
    rough: Any = SimpleNamespace(scene=SimpleNamespace(terrain=ramp(), env_origins=origins))
    flat: Any = SimpleNamespace(scene=SimpleNamespace(terrain=None, env_origins=origins))
    torch.testing.assert_close(height_above_ground(rough, points), torch.tensor([[0.7], [0.9]]), atol=1e-4, rtol=0)
    torch.testing.assert_close(height_above_ground(flat, points), torch.tensor([[0.75], [1.5]]))
    torch.testing.assert_close(height_above_ground(flat, points[:, 0]), torch.tensor([0.75, 1.5]))


@pytest.fixture(scope="module")
def env() -> Iterator[Any]:
    with open_env("VLA-Walk-Rough-G1") as env:
        env.reset()
        yield env


def test_robots_stand_on_slopes_bumps_and_waves(env: Any) -> None:
    """One robot on each kind of tile, a metre and a half off its middle; measured against the ground under it."""
    stand(env)
    robot, terrain = env.scene["robot"], env.scene.terrain
    pose = robot.data.root_link_pose_w.torch.clone()
    pose[:, 0] += 1.5
    ground = terrain.height_at(pose[:, :3])
    assert (ground[:2] - env.scene.env_origins[:2, 2]).abs().min() > 0.01  # the slopes are slopes
    pose[:, 2] = ground + 0.78
    robot.write_root_pose_to_sim_index(root_pose=pose, env_ids=torch.arange(4, dtype=torch.int32))
    for _ in range(10):
        obs, _, terminated, *_ = step(env)
        assert not terminated.any()
    state = obs["state"]
    assert state[:, 3].sub(0.75).abs().max() < 0.06  # the pelvis' height [m]
    assert state[:, 6:8].abs().max() < 0.025  # the feet's [m]; soles bridge what is under the ankle
    assert state[:, 4:6].sum() >= 6  # feet that carry their robot, of eight
