"""The distance from a point to a segment, by hand."""

import pytest
import torch

from humanoid_vla.tasks.mdp.geometry import distance_to_segment

START, END = torch.tensor([1.0, 1.0, 1.0]), torch.tensor([3.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("point", "distance"),
    [
        ((0.0, 1.0, 1.0), 1.0),  # on the line, before the start
        ((-2.0, 5.0, 1.0), 5.0),  # before the start and aside: 3, 4, 5
        ((6.0, 1.0, 5.0), 5.0),  # beyond the end and aside
        ((2.0, 1.0, 3.0), 2.0),  # beside the middle
        ((1.0, 4.0, 5.0), 5.0),  # beside the start
        ((2.5, 1.0, 1.0), 0.0),  # on it
        ((3.0, 1.0, 1.0), 0.0),  # an end itself
    ],
)
def test_distance_to_a_segment(point: tuple[float, float, float], distance: float) -> None:
    assert distance_to_segment(torch.tensor(point), START, END).item() == pytest.approx(distance, abs=1e-6)
    assert distance_to_segment(torch.tensor(point), END, START).item() == pytest.approx(distance, abs=1e-6)


def test_a_slanted_segment() -> None:
    # from (0, 0, 0) to (4, 3, 0), length 5; the point is 2 along it and then 1 to the side (-3, 4, 0) / 5
    point = torch.tensor([2 * 0.8 - 0.6, 2 * 0.6 + 0.8, 0.0])
    end = torch.tensor([4.0, 3.0, 0.0])
    assert distance_to_segment(point, torch.zeros(3), end).item() == pytest.approx(1.0, abs=1e-6)


def test_every_point_meets_every_segment() -> None:
    points = torch.tensor([[0.0, 1.0, 1.0], [2.0, 1.0, 3.0], [6.0, 1.0, 5.0]])  # (3, 3)
    starts, ends = torch.stack([START, START + 1.0]), torch.stack([END, END + 1.0])  # (2, 3)
    distances = distance_to_segment(points, starts.unsqueeze(1), ends.unsqueeze(1))
    assert distances.shape == (2, 3)
    expected = [[1.0, 2.0, 5.0], [6.0**0.5, 2.0**0.5, (2.0**2 + 1.0 + 3.0**2) ** 0.5]]
    torch.testing.assert_close(distances, torch.tensor(expected))
