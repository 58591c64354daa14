"""The twin critic against two plain networks."""

import torch
from torch import nn

from humanoid_vla.policies.critic import TwinCritic

OBS = {"state": torch.zeros(5, 6)}
GROUPS = {"critic": ["state"]}


def plain_networks(critic: TwinCritic) -> list[nn.Sequential]:
    """Two ordinary MLPs with the weights of a twin critic."""
    networks = []
    for member in range(2):
        layers: list[nn.Module] = []
        for weight, bias in zip(critic.weights, critic.biases, strict=True):
            linear = nn.Linear(weight.shape[1], weight.shape[2])
            linear.weight.data.copy_(weight[member].T)
            linear.bias.data.copy_(bias[member, 0])
            layers += [linear, nn.ReLU()]
        networks.append(nn.Sequential(*layers[:-1]))
    return networks


def test_equals_two_plain_networks_in_values_and_gradients() -> None:
    torch.manual_seed(0)
    critic = TwinCritic(OBS, GROUPS, "critic", 3, hidden_dims=(16, 8), obs_normalization=False)
    networks = plain_networks(critic)
    obs, actions = torch.randn(10, 6), torch.randn(10, 3, requires_grad=True)
    plain_actions = actions.detach().clone().requires_grad_()
    q = critic(obs, actions)
    plain_q = torch.stack([network(torch.cat([obs, plain_actions], dim=-1)).squeeze(-1) for network in networks])
    assert q.shape == (2, 10)
    torch.testing.assert_close(q, plain_q)

    q.square().sum().backward()
    plain_q.square().sum().backward()
    torch.testing.assert_close(actions.grad, plain_actions.grad)
    for member, network in enumerate(networks):
        linears = [layer for layer in network if isinstance(layer, nn.Linear)]
        for linear, weight, bias in zip(linears, critic.weights, critic.biases, strict=True):
            assert weight.grad is not None
            assert bias.grad is not None
            torch.testing.assert_close(weight.grad[member].T, linear.weight.grad)
            torch.testing.assert_close(bias.grad[member, 0], linear.bias.grad)


def test_members_start_different_and_within_the_bound_of_linear() -> None:
    torch.manual_seed(0)
    critic = TwinCritic(OBS, GROUPS, "critic", 3)
    q = critic(torch.randn(10, 6), torch.randn(10, 3))
    assert (q[0] - q[1]).abs().min() > 0.0
    for weight, bias in zip(critic.weights, critic.biases, strict=True):
        bound = weight.shape[1] ** -0.5
        assert 0.95 * bound < weight.abs().max() <= bound
        assert bias.abs().max() <= bound


def test_observations_are_normalised_and_actions_are_not() -> None:
    critic = TwinCritic(OBS, GROUPS, "critic", 3)
    critic.update_normalization({"state": 5.0 + 3.0 * torch.randn(1000, 6)})
    plain = TwinCritic(OBS, GROUPS, "critic", 3, obs_normalization=False)
    plain.load_state_dict(critic.state_dict(), strict=False)
    obs, actions = torch.randn(10, 6), torch.randn(10, 3)
    torch.testing.assert_close(critic(obs, actions), plain(critic.obs_normalizer(obs), actions))
