"""The ensemble against plain networks."""

import pytest
import torch
from torch import nn

from humanoid_vla.policies.ensemble import EnsembleMLP


def plain_networks(ensemble: EnsembleMLP) -> list[nn.Sequential]:
    """Ordinary MLPs with the weights of the ensemble's members."""
    networks = []
    for member in range(ensemble.num_members):
        layers: list[nn.Module] = []
        for weight, bias in zip(ensemble.weights, ensemble.biases, strict=True):
            linear = nn.Linear(weight.shape[1], weight.shape[2])
            linear.weight.data.copy_(weight[member].T)
            linear.bias.data.copy_(bias[member, 0])
            layers.append(linear)
            number = sum(isinstance(layer, nn.Linear) for layer in layers) - 1
            if number < len(ensemble.scales):
                norm = nn.LayerNorm(weight.shape[2])
                norm.weight.data.copy_(ensemble.scales[number][member, 0])
                norm.bias.data.copy_(ensemble.shifts[number][member, 0])
                layers.append(norm)
            layers.append(nn.ReLU())
        networks.append(nn.Sequential(*layers[:-1]))
    return networks


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("output_dim", [1, 5])
@pytest.mark.parametrize("num_members", [1, 3])
def test_equals_plain_networks_in_values_and_gradients(num_members: int, output_dim: int, layer_norm: bool) -> None:
    torch.manual_seed(0)
    ensemble = EnsembleMLP(num_members, 9, (16, 8), output_dim, layer_norm=layer_norm)
    for parameter in (*ensemble.scales, *ensemble.shifts):
        nn.init.uniform_(parameter, -2.0, 2.0)
    networks = plain_networks(ensemble)
    x = torch.randn(10, 9, requires_grad=True)
    plain_x = x.detach().clone().requires_grad_()
    y, plain_y = ensemble(x), torch.stack([network(plain_x) for network in networks])
    assert y.shape == (num_members, 10, output_dim)
    torch.testing.assert_close(y, plain_y)

    y.square().sum().backward()
    plain_y.square().sum().backward()
    torch.testing.assert_close(x.grad, plain_x.grad)
    for member, network in enumerate(networks):
        linears = [layer for layer in network if isinstance(layer, nn.Linear)]
        for linear, weight, bias in zip(linears, ensemble.weights, ensemble.biases, strict=True):
            assert weight.grad is not None
            assert bias.grad is not None
            torch.testing.assert_close(weight.grad[member].T, linear.weight.grad)
            torch.testing.assert_close(bias.grad[member, 0], linear.bias.grad)
        norms = [layer for layer in network if isinstance(layer, nn.LayerNorm)]
        for norm, scale, shift in zip(norms, ensemble.scales, ensemble.shifts, strict=True):
            assert scale.grad is not None
            assert shift.grad is not None
            torch.testing.assert_close(scale.grad[member, 0], norm.weight.grad)
            torch.testing.assert_close(shift.grad[member, 0], norm.bias.grad)


def test_members_start_different_and_within_the_bound_of_linear() -> None:
    torch.manual_seed(0)
    ensemble = EnsembleMLP(2, 9, (256, 256), 1)
    y = ensemble(torch.randn(10, 9))
    assert (y[0] - y[1]).abs().min() > 0.0
    for weight, bias in zip(ensemble.weights, ensemble.biases, strict=True):
        bound = weight.shape[1] ** -0.5
        assert 0.95 * bound < weight.abs().max() <= bound
        assert bias.abs().max() <= bound


@pytest.mark.parametrize("layer_norm", [False, True])
def test_runs_in_bfloat16_with_gradients_in_float32(layer_norm: bool) -> None:
    torch.manual_seed(0)
    ensemble = EnsembleMLP(2, 9, (32, 32), 1, layer_norm=layer_norm)
    x = torch.randn(10, 9)
    with torch.autocast("cpu", torch.bfloat16):
        y = ensemble(x)
    torch.testing.assert_close(y.float(), ensemble(x), atol=0.05, rtol=0.05)
    y.float().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in ensemble.parameters())


def test_an_empty_ensemble_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one member, got 0"):
        EnsembleMLP(0, 3, (4,), 1)
