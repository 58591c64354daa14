"""Which costs are limited: names, columns, shares, and the cost of a step."""

from types import SimpleNamespace

import pytest
import torch

from humanoid_vla.agents.constraints import Constraints, known_costs, step_costs


def test_costs_are_shares_of_their_limits_in_the_order_of_the_limits() -> None:
    constraints = Constraints({"c": 4.0, "a": 0.5}, ["a", "b", "c"])
    assert constraints.names == ["c", "a"]
    shares = constraints.shares(torch.tensor([[1.0, 100.0, 2.0], [0.0, 0.0, 4.0]]))
    assert shares.tolist() == [[2.0 / 4.0, 1.0 / 0.5], [1.0, 0.0]]


def test_bad_limits_are_named() -> None:
    with pytest.raises(
        ValueError, match=r"^cost_limits has 'speed', which is none of the environment's costs: joint_vel, impact$"
    ):
        Constraints({"speed": 1.0}, ["joint_vel", "impact"])
    with pytest.raises(ValueError, match=r"the limit of 'impact' must be positive, got 0.0; what must never happen is"):
        Constraints({"impact": 0.0}, ["joint_vel", "impact"])
    with pytest.raises(ValueError, match=r"limit at least one of the environment's costs: joint_vel, impact"):
        Constraints({}, ["joint_vel", "impact"])


def test_names_are_the_environments_or_those_of_what_it_wraps() -> None:
    own = SimpleNamespace(cost_names=("a", "b"))
    assert known_costs(own, 2) == ["a", "b"]
    assert known_costs(SimpleNamespace(unwrapped=own), 2) == ["a", "b"]
    with pytest.raises(ValueError, match=r"cost_names are \('a', 'b'\); they must name the 3 columns"):
        known_costs(own, 3)
    with pytest.raises(ValueError, match="cost_names are None"):
        known_costs(SimpleNamespace(), 1)


def test_the_last_step_of_an_episode_costs_what_it_did_before_the_reset() -> None:
    obs = {"cost": torch.tensor([[1.0, 2.0], [0.0, 0.0]])}
    final = {"final_obs": {"cost": torch.tensor([[8.0, 8.0], [3.0, 4.0]])}}
    assert step_costs(obs, torch.tensor([0, 1]), final).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    # what is left there of an earlier step counts for nothing
    assert step_costs(obs, torch.tensor([0, 0]), final).tolist() == [[1.0, 2.0], [0.0, 0.0]]
    assert step_costs(obs, torch.tensor([0, 0]), {}).tolist() == [[1.0, 2.0], [0.0, 0.0]]
    with pytest.raises(ValueError, match="compute_final_obs = True"):
        step_costs(obs, torch.tensor([0, 1]), {})
