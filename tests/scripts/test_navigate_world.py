"""What stands in for the walk in training does as the task says."""

import pytest
import torch

from humanoid_vla.tasks.navigate.env_cfg import COMMANDS, NEAR
from navigate_world import GAINS, NavigateWorld

STOP, FORWARD, LEFT, RIGHT = torch.eye(len(COMMANDS))


@pytest.fixture
def world() -> NavigateWorld:
    torch.manual_seed(0)
    world = NavigateWorld(4)
    world.pose.zero_()
    world.landmarks[:] = torch.tensor([[0.0, 2.0], [-2.0, 0.0], [0.0, -2.0], [2.9, 0.0]])
    world.goal.zero_()
    return world


def test_observations_are_those_of_the_task(world: NavigateWorld) -> None:
    shapes = {name: tuple(value.shape) for name, value in world.get_observations().items()}
    assert shapes == {"proprio": (4, 5), "state": (4, 12), "goal": (4, 7), "language": (4, 384)}
    state = world.get_observations()["state"][0].view(4, 3)
    torch.testing.assert_close(state[0], torch.tensor([2.0, 0.0, 1.0]))  # to the left
    torch.testing.assert_close(state[1], torch.tensor([2.0, -1.0, 0.0]))  # behind
    torch.testing.assert_close(world.get_observations()["goal"][0], torch.tensor([1.0, 0, 0, 0, 2.0, 0.0, 1.0]))


def test_points_move_as_they_are_told(world: NavigateWorld) -> None:
    for _ in range(5):
        world.step(torch.stack((STOP, FORWARD, LEFT, RIGHT)))
    seconds, low, high = 5 * world.step_dt, *GAINS
    assert world.pose[0].abs().max() < 1e-6
    assert 0.6 * low * seconds - 0.4 < world.pose[1, 0] < 0.6 * high * seconds + 0.2
    assert 0.8 * low * seconds - 0.6 < world.pose[2, 2] < 0.8 * high * seconds + 0.3
    assert world.pose[3, 2] < -0.5


def test_rewards_pay_for_coming_nearer_and_for_facing(world: NavigateWorld) -> None:
    world.landmarks[1, 0] = torch.tensor([2.0, 0.0])  # ahead
    world.gains[:] = 1.0
    _, rewards, _, _ = world.step(torch.stack((STOP, FORWARD, LEFT, RIGHT)))
    assert rewards[0] == 0.0
    assert rewards[1] > 0.05
    assert rewards[2] > 0.01
    assert rewards[3] < -0.01


def test_only_a_stop_at_the_goal_is_a_success(world: NavigateWorld) -> None:
    world.landmarks[:2, 0] = torch.tensor([0.0, NEAR - 0.1])
    world.landmarks[2, 1] = torch.tensor([NEAR - 0.1, 0.0])
    world.episode_length_buf[3] = world.max_episode_length - 1
    _, rewards, dones, extras = world.step(torch.stack((STOP, LEFT, STOP, STOP)))
    assert extras["success"].tolist() == [True, False, False, False]
    assert extras["wrong"].tolist() == [False, False, True, False]
    assert extras["time_outs"].tolist() == [False, False, False, True]
    assert dones.tolist() == [1, 0, 1, 1]
    assert rewards[0] > 3.0
    assert rewards[2] < -1.0
    assert extras["final_obs"]["goal"][0, 4] < NEAR
    assert world.get_observations()["goal"][0, 4] > 0.9  # of the next episode
