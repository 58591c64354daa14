"""The running normaliser against numpy."""

import numpy as np
import torch

from humanoid_vla.policies.normalization import RunningNormalizer


def test_statistics_equal_those_of_all_batches_together() -> None:
    rng = np.random.default_rng(0)
    data = (rng.standard_normal((1000, 3)) * [0.1, 1.0, 30.0] + [5.0, 0.0, -200.0]).astype(np.float32)
    normalizer = RunningNormalizer(3)
    for batch in np.split(data, [1, 8, 500]):
        normalizer.update(torch.from_numpy(batch))
    wide = data.astype(np.float64)
    np.testing.assert_allclose(normalizer.mean.numpy(), wide.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(normalizer.var.numpy(), wide.var(axis=0), rtol=1e-4)
    assert normalizer.count.item() == 1000
    expected = (wide - wide.mean(axis=0)) / (wide.std(axis=0) + 0.01)
    np.testing.assert_allclose(normalizer(torch.from_numpy(data)).numpy(), expected, atol=2e-3)


def test_hand_computed_value() -> None:
    normalizer = RunningNormalizer(1, eps=0.5)
    normalizer.update(torch.tensor([[1.0]]))
    normalizer.update(torch.tensor([[2.0], [6.0]]))
    # mean 3, variance (4 + 1 + 9) / 3 = 14 / 3
    torch.testing.assert_close(normalizer(torch.tensor([[4.0]])), torch.tensor([[1.0 / ((14.0 / 3.0) ** 0.5 + 0.5)]]))


def test_unused_it_changes_little_and_a_constant_feature_stays_finite() -> None:
    normalizer = RunningNormalizer(1)
    torch.testing.assert_close(normalizer(torch.tensor([[2.0]])), torch.tensor([[2.0 / 1.01]]))
    normalizer.update(torch.full((10, 1), 7.0))
    torch.testing.assert_close(normalizer(torch.tensor([[7.0]])), torch.tensor([[0.0]]))


def test_statistics_learned_in_inference_mode_can_be_differentiated_through() -> None:
    normalizer = RunningNormalizer(2)
    with torch.inference_mode():
        normalizer.update(torch.randn(10, 2))
    x = torch.randn(4, 2, requires_grad=True)
    normalizer(x).sum().backward()
    assert x.grad is not None
