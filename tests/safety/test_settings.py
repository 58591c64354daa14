"""Settings that cannot be meant are refused by name."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest

from humanoid_vla.safety.settings import Box, FilterSettings

NUMBERS = [field.name for field in fields(FilterSettings) if field.type == "float"]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_numbers_are_positive_and_finite(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a positive number, got {value}"):
        FilterSettings(**{name: value})  # pyright: ignore[reportArgumentType]


def test_bodies_are_detected_before_they_are_too_near() -> None:
    with pytest.raises(ValueError, match=r"detection_distance \(0.02\) must exceed minimum_distance \(0.02\)"):
        FilterSettings(minimum_distance=0.02, detection_distance=0.02)
    assert FilterSettings(minimum_distance=0.02, detection_distance=0.03).detection_distance == 0.03


@pytest.mark.parametrize(
    ("centre", "size"),
    [
        ((math.nan, 0.0, 0.0), (1.0, 1.0, 1.0)),
        ((0.0, 0.0, 0.0), (1.0, math.inf, 1.0)),
        ((0.0, 0.0, 0.0), (1.0, 0.0, 1.0)),
        ((0.0, 0.0, 0.0), (1.0, 1.0, -1.0)),
        ((0.0, 0.0), (1.0, 1.0, 1.0)),
        ((0.0, 0.0, 0.0), (1.0,)),
    ],
)
def test_boxes_have_a_place_and_a_volume(centre: tuple, size: tuple) -> None:
    with pytest.raises(ValueError, match="a box needs a finite centre and three positive sizes, got Box"):
        Box(centre, size)
    assert Box((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)).size == (1.0, 1.0, 1.0)
