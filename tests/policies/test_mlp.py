"""Multi-layer perceptrons."""

import torch

from humanoid_vla.policies.mlp import make_mlp


def test_values_by_hand() -> None:
    mlp = make_mlp(2, (2,), 1)
    hidden = {"0.weight": torch.tensor([[1.0, 0.0], [0.0, -1.0]]), "0.bias": torch.zeros(2)}
    mlp.load_state_dict(hidden | {"2.weight": torch.tensor([[2.0, 3.0]]), "2.bias": torch.tensor([0.5])})
    # relu(4, -3) = (4, 0); 2 * 4 + 0.5
    assert mlp(torch.tensor([[4.0, 3.0]])).item() == 8.5


def test_layers_are_normalised_before_their_activation() -> None:
    mlp = make_mlp(2, (2,), 1, layer_norm=True)
    weights = {"0.weight": torch.eye(2), "0.bias": torch.zeros(2)}
    weights |= {"3.weight": torch.tensor([[2.0, 3.0]]), "3.bias": torch.tensor([0.5])}
    mlp.load_state_dict(mlp.state_dict() | weights)
    # (1000, 0) has mean 500 and deviation 500: (1, -1), then relu (1, 0); 2 * 1 + 0.5
    torch.testing.assert_close(mlp(torch.tensor([[1000.0, 0.0]])), torch.tensor([[2.5]]))


def test_no_hidden_layers_make_it_linear() -> None:
    assert [type(layer) for layer in make_mlp(3, (), 2)] == [torch.nn.Linear]
