"""Which capsules can meet: the committed list against shorter searches, and what it must be whatever a search says."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from pinocchio_model import LINKS, CoalDistances, PinocchioRobot, shapes
from safety_robots import ALL, make_g1, random_postures

from humanoid_vla.assets.g1_figures import load_figures
from humanoid_vla.assets.usd_writer import FILTERED_PAIRS
from humanoid_vla.safety import pairs

PARENTS = {link["name"]: link["parent"] for link in LINKS}
NAMES = [f"{link['name']}/{number}" for link in LINKS for number in range(len(shapes(link)))]


def reasons() -> dict[tuple[str, str], str]:
    rows = json.loads(pairs.PAIRS_PATH.read_text(encoding="utf-8"))["left_out"]
    return {(first, second): reason for first, second, reason in rows}


def reason_without_search(first: str, second: str) -> str | None:
    a, b = first.split("/")[0], second.split("/")[0]
    if a == b:
        return "same link"
    if PARENTS[a] == b or PARENTS[b] == a:
        return "neighbours"
    return "overlap at rest" if (a, b) in FILTERED_PAIRS or (b, a) in FILTERED_PAIRS else None


def mirrored(name: str) -> str:
    """The same capsule of the other side; the edges of a sole change places."""
    link, number = name.split("/")
    if "ankle_roll" in link:
        number = {"0": "1", "1": "0", "2": "2"}[number]
    sides = {"left": "right", "right": "left"}
    side = link.split("_")[0]
    return f"{link.replace(side, sides.get(side, side), 1)}/{number}"


def test_every_two_capsules_are_listed_once() -> None:
    listed = [frozenset(pair) for pair in (*pairs.load_pairs(), *reasons())]
    assert len(set(listed)) == len(listed) == len(NAMES) * (len(NAMES) - 1) // 2
    assert set().union(*listed) == set(NAMES)


def test_reasons_are_those_of_the_figures() -> None:
    assert pairs.OVERLAP_AT_REST == FILTERED_PAIRS
    found = Counter()
    for pair, reason in reasons().items():
        assert reason == (reason_without_search(*pair) or "never meet")
        found[reason] += 1
    assert all(found[reason] > 0 for reason in ("same link", "neighbours", "overlap at rest", "never meet"))
    assert [pair for pair in pairs.load_pairs() if reason_without_search(*pair)] == []


def test_left_and_right_are_alike() -> None:
    for listed in (pairs.load_pairs().keys(), reasons().keys()):
        every = {frozenset(pair) for pair in listed}
        assert {frozenset(map(mirrored, pair)) for pair in every} == every


def test_what_never_meets_does_not_in_random_postures() -> None:
    never = [pair for pair, reason in reasons().items() if reason == "never meet"]
    reference = PinocchioRobot()
    joint_pos = random_postures(make_g1(pairs={}), 2000, seed=3)
    frames = reference.placements(reference.angles(ALL, joint_pos))
    assert CoalDistances(reference, never).distances(frames)[0].min() > pairs.CLEARANCE


def test_a_short_search_finds_no_other_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "RANDOM_POSTURES", 2000)
    monkeypatch.setattr(pairs, "DESCENTS", 4)
    monkeypatch.setattr(pairs, "DESCENT_STEPS", 20)
    robot = make_g1(pairs={pair: 0.0 for pair, reason in reasons().items() if reason == "never meet"})
    assert len(robot.pairs) == 37
    assert pairs.smallest_distances(robot, np.random.default_rng(7)).min() > pairs.CLEARANCE


def test_listed_pairs_do_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "RANDOM_POSTURES", 4000)
    monkeypatch.setattr(pairs, "DESCENTS", 8)
    assert max(pairs.load_pairs().values()) <= pairs.CLEARANCE
    assert pairs.smallest_distances(make_g1(), np.random.default_rng(7)).max() <= pairs.CLEARANCE


@pytest.mark.slow
def test_the_full_search_finds_the_committed_list() -> None:
    meeting, left_out = pairs.sort_pairs(load_figures())
    assert meeting.keys() == pairs.load_pairs().keys()
    assert left_out == reasons()
    assert np.array(list(meeting.values())) == pytest.approx(list(pairs.load_pairs().values()), abs=1e-3)
