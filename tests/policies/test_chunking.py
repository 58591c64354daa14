"""Overlapping chunks become one action."""

import math

import torch

from humanoid_vla.policies.chunking import TemporalEnsemble


def test_the_average_by_hand() -> None:
    ensemble = TemporalEnsemble(3, 1, decay=1.0)
    first, second, third, fourth = (torch.tensor([[[a], [b], [c]]]) for a, b, c in
                                    ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), (7.0, 8.0, 9.0), (0.0, 0.0, 0.0)))  # fmt: skip
    w = math.exp(-1.0)
    assert ensemble(first).item() == 1.0
    torch.testing.assert_close(ensemble(second), torch.tensor([[(2.0 + 4.0 * w) / (1.0 + w)]]))
    torch.testing.assert_close(ensemble(third), torch.tensor([[(3.0 + 5.0 * w + 7.0 * w**2) / (1.0 + w + w**2)]]))
    # the first chunk does not reach here: the second is the oldest
    torch.testing.assert_close(ensemble(fourth), torch.tensor([[(6.0 + 8.0 * w) / (1.0 + w + w**2)]]))


def test_an_episode_forgets_the_chunks_of_the_last_one() -> None:
    ensemble = TemporalEnsemble(2, 1)
    ensemble(torch.ones(3, 2, 1))
    ensemble.reset(torch.tensor([0, 1, 0]))
    assert ensemble(torch.zeros(3, 2, 1)).flatten().ne(0).tolist() == [True, False, True]
    ensemble.reset()
    assert not ensemble(torch.zeros(3, 2, 1)).any()
    assert ensemble(torch.ones(5, 2, 1)).shape == (5, 1)  # another number of environments
