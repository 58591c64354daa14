"""The figures of `benchmark.py language`, by hand, and those of the real sentences."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmark_language import closer_to_own_goal, confusion_of_centroids, every_pair_closer, linear_read_out


def at_degrees(*goals: list[float]) -> torch.Tensor:
    """Unit vectors in a plane: the cosine similarity of two is the cosine of the angle between them."""
    angles = torch.tensor(goals) * math.pi / 180
    return torch.stack([angles.cos(), angles.sin()], dim=-1)


def test_closer_to_the_own_goal() -> None:
    # Goal A: 0 and 40 degrees, goal B: 50 and 90. Mean cosines to the own and to the other goal's phrasings:
    #  0: cos 40 = 0.766 > (cos 50 + cos 90) / 2 = 0.321      40: cos 40 = 0.766 < (cos 10 + cos 50) / 2 = 0.814
    # 90 and 50: their mirror images
    assert closer_to_own_goal(at_degrees([0, 40], [50, 90])).tolist() == [[0.5], [0.5]]
    assert closer_to_own_goal(at_degrees([0, 40], [90, 130], [50, 90])).tolist() == [[1.0, 0.5], [1.0, 0.5], [0.5, 0.5]]


def test_every_single_pair() -> None:
    # 0: cos 40 against cos 50 and cos 90: both closer. 40: cos 40 against cos 10 and cos 50: one. Likewise the others.
    assert every_pair_closer(at_degrees([0, 40], [50, 90])) == 6 / 8
    # Three goals, the third far away: 0 and 90 win 4 of 4, 40 and 50 win 3 of 4, 180 wins against all, 190 too
    assert every_pair_closer(at_degrees([0, 40], [50, 90], [220, 230])) == 22 / 24


def test_the_nearest_centroid() -> None:
    seen = at_degrees([0, 20], [80, 100])  # centroids at 10 and 90 degrees: the border is at 50
    assert confusion_of_centroids(seen, at_degrees([0, 49, 51], [51, 90, 120])).tolist() == [[2, 1], [0, 3]]


def test_the_linear_read_out_tells_what_a_line_can_tell() -> None:
    seen = at_degrees([-5, 5] * 50, [85, 95] * 50)
    assert linear_read_out(seen, at_degrees([10, -20], [80, 100])) == 1.0
    assert linear_read_out(seen, at_degrees([10, 80], [80, 100])) == 0.75  # one of the four is on the other's side


@pytest.mark.slow
def test_bar_of_the_real_sentences(tmp_path: Path, scripts: Path) -> None:
    """Issue 5, bar 2: phrasings are closer to their own goal than to another for at least 90 % of pairs."""
    command = [sys.executable, str(scripts / "benchmark.py"), "language", "--json", str(tmp_path / "figures.json")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["closer_to_own_goal"]["all"] >= 0.9
    assert figures["linear_read_out"] >= 0.85
