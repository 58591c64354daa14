"""The linear read-out by hand."""

import torch

from humanoid_vla.language.read_out import fit_read_out, read_goals


def test_weights_of_two_sentences_by_hand() -> None:
    # X = [[1, 1], [-1, 1]] with the constant, X'X = 2 I, X'Y = [[1, -1], [1, 1]], so W = X'Y / (2 + 10)
    weights = fit_read_out(torch.tensor([[1.0], [-1.0]]), torch.tensor([0, 1]))
    torch.testing.assert_close(weights, torch.tensor([[1.0, -1.0], [1.0, 1.0]]).double() / 12)


def test_the_larger_output_is_the_goal() -> None:
    weights = fit_read_out(torch.tensor([[1.0], [-1.0]]), torch.tensor([0, 1]))
    assert read_goals(weights, torch.tensor([[[0.1], [-0.1]], [[2.0], [-3.0]]])).tolist() == [[0, 1], [0, 1]]
