"""Small quadratic programs: by hand, and against a solver."""

from __future__ import annotations

import numpy as np
import pytest
import qpsolvers
import torch

from humanoid_vla.safety import projection
from humanoid_vla.safety.backend import NumpyBackend
from humanoid_vla.safety.limits import Interval
from humanoid_vla.safety.projection import TOLERANCE, no_worse_than, project
from humanoid_vla.safety.torch_backend import TorchBackend

WIDE = 10.0


def solve(wanted: list, rows: list, least: list, low: float | list = -WIDE, high: float | list = WIDE) -> np.ndarray:
    """One program, as a batch of one."""
    ones = np.ones((1, len(wanted)))
    bounds = Interval(np.array(low) * ones, np.array(high) * ones)
    return project(NumpyBackend(), np.array([wanted]), bounds, np.array([rows]), np.array([least]))[0]


def test_what_meets_all_stays() -> None:
    assert solve([1.0, 2.0], [[1.0, 0.0]], [0.5]).tolist() == [1.0, 2.0]
    assert solve([1.0, 2.0], [[0.0, 0.0]], [-1.0]).tolist() == [1.0, 2.0]


def test_one_constraint_is_met_along_its_row() -> None:
    # 3 u1 + 4 u2 >= 10 from the origin: 10 / 25 of the row
    assert solve([0.0, 0.0], [[3.0, 4.0]], [10.0]) == pytest.approx([1.2, 1.6], abs=1e-4)


def test_two_constraints_meet_in_a_corner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "ITERATIONS", 60)  # half of the way is left after each two
    # u1 >= 1 and u1 + u2 >= 3 from the origin: the latter alone gives (1.5, 1.5), which meets both
    assert solve([0.0, 0.0], [[1.0, 0.0], [1.0, 1.0]], [1.0, 3.0]) == pytest.approx([1.5, 1.5], abs=1e-4)
    # u1 >= 2 and u1 + u2 >= 3: the corner (2, 1)
    assert solve([0.0, 0.0], [[1.0, 0.0], [1.0, 1.0]], [2.0, 3.0]) == pytest.approx([2.0, 1.0], abs=1e-3)


def test_a_joint_at_its_bound_leaves_the_rest_to_the_other() -> None:
    # u1 + u2 >= 3 with u1 <= 0.5: (0.5, 2.5)
    assert solve([0.0, 0.0], [[1.0, 1.0]], [3.0], high=[0.5, 5.0]) == pytest.approx([0.5, 2.5], abs=1e-4)
    # what is wanted lies out of bounds: (0.5, 0.2) first, then u2 alone
    assert solve([2.0, 0.2], [[1.0, 1.0]], [1.0], high=[0.5, 5.0]) == pytest.approx([0.5, 0.5], abs=1e-4)


def test_contradictions_end_within_bounds() -> None:
    for least in ([1.0, 1.0], [1e6, 1e6]):
        u = solve([0.3, 0.2], [[1.0, 0.0], [-1.0, 0.0]], least, low=-2.0, high=2.0)
        assert (np.abs(u) <= 2.0).all()
        assert u[1] == 0.2
    assert solve([0.0], [[1.0]], [9.0], low=-2.0, high=2.0).tolist() == [2.0]  # as near as bounds allow


def random_program(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A point that is wanted, bounds, rows and least values that some point within the bounds meets."""
    n, k = 17, 6
    low, high = -rng.uniform(0.5, 1.0, n), rng.uniform(0.5, 1.0, n)
    rows = rng.normal(size=(k, n)) * (rng.random((k, n)) < 0.5)
    least = rows @ rng.uniform(0.5 * low, 0.5 * high) - rng.uniform(0.0, 0.2, k)
    return rng.uniform(1.5 * low, 1.5 * high), low, high, rows, least


def test_random_programs_are_solved_as_a_solver_does(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    programs = [random_program(rng) for _ in range(200)]
    wanted, low, high, rows, least = (np.stack(part) for part in zip(*programs, strict=True))
    expected = np.array(
        [qpsolvers.solve_qp(np.eye(len(q)), -q, -g, -h, lb=lb, ub=ub, solver="daqp") for q, lb, ub, g, h in programs]
    )
    assert (np.abs(expected - wanted.clip(low, high)).max(axis=1) > 0.01).sum() > 150  # constraints matter
    in_torch = [torch.tensor(array) for array in (wanted, low, high, rows, least)]
    # as many iterations as the filter has time for: most are solved, the rest on the way; then as many as it takes
    for iterations, solved, tolerance in ((projection.ITERATIONS, 140, 1e-3), (500, 200, 1e-4)):
        monkeypatch.setattr(projection, "ITERATIONS", iterations)
        ours = projection.project(NumpyBackend(), wanted, Interval(low, high), rows, least)
        assert ((ours >= low) & (ours <= high)).all()
        errors = np.abs(ours - expected).max(axis=1)
        assert (errors < tolerance).sum() >= solved
        assert (errors <= np.abs(expected - wanted.clip(low, high)).max(axis=1) + 1e-4).all()
        q, lb, ub, g, h = in_torch
        again = projection.project(TorchBackend(dtype=torch.float64), q, Interval(lb, ub), g, h)
        assert np.abs(again.numpy() - ours).max() < 1e-9


def test_one_robot_is_solved_as_a_batch_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "ITERATIONS", 500)
    rng = np.random.default_rng(2)
    for _ in range(50):
        wanted, low, high, rows, least = (part[None] for part in random_program(rng))
        rows[:, 0], least[:, 0] = 0.0, -1.0  # a row that constrains nothing
        twice = [np.concatenate([part, part]) for part in (wanted, low, high, rows, least)]
        batch = project(NumpyBackend(), twice[0], Interval(*twice[1:3]), *twice[3:])
        one = project(NumpyBackend(), wanted, Interval(low, high), rows, least)
        assert np.abs(one - batch[:1]).max() < 1e-4


def test_a_fallback_bounds_how_much_worse_it_gets_by_hand() -> None:
    rows = np.array([[[1.0, 0.0]]])
    # from 0, where u1 >= -1 is met by 1, to -4, where it is short by 3: a quarter of the way
    point, share = no_worse_than(NumpyBackend(), np.array([[-4.0, 8.0]]), np.zeros((1, 2)), rows, np.array([[-1.0]]))
    assert share.tolist() == [0.25]
    assert point.tolist() == [[-1.0, 2.0]]
    # short by 1 at the fallback: what falls shorter is not gone, what falls less short is gone to the end
    for wanted, kept in ((-0.5, 0.0), (0.5, 1.0), (2.0, 1.0)):
        point, share = no_worse_than(NumpyBackend(), np.array([[wanted, 1.0]]), np.zeros((1, 2)), rows, np.ones((1, 1)))
        assert share.tolist() == [kept]
        assert point.tolist() == [[wanted * kept, kept]]


def test_no_constraint_is_less_met_than_by_the_fallback() -> None:
    rng = np.random.default_rng(1)
    wanted, fallback = rng.normal(size=(2, 2000, 5))
    rows, least = rng.normal(size=(2000, 4, 5)), rng.normal(size=(2000, 4)) - 1.0
    point, share = no_worse_than(NumpyBackend(), wanted, fallback, rows, least)
    after, before = ((rows @ u[..., None])[..., 0] - least for u in (point, fallback))
    assert (after >= np.minimum(before, 0.0) - 2 * TOLERANCE).all()
    assert point == pytest.approx(fallback + share[:, None] * (wanted - fallback))
    assert ((share >= 0.0) & (share <= 1.0)).all()
    assert min((share == 0.0).sum(), (share == 1.0).sum(), ((share > 0.01) & (share < 0.99)).sum()) > 100
    # and no farther than needed: where something was given up, some constraint is at the edge or cannot be worsened
    least_spare = (after - np.minimum(before, 0.0)).min(axis=1)
    assert least_spare[share < 1.0].max() < 1e-9
