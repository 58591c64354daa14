"""The newest plan, and what can be wrong with it."""

from __future__ import annotations

import numpy as np

from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.mailbox import Mailbox
from humanoid_vla.runtime.plans import Plan

GROWTH = 0.2
"""How much a new plan counts in the mean time that a plan takes."""


class PlanSource:
    """Where the loop reads plans. As a fault: there is none, it failed, or it is too old.

    Args:
        bundle: The policy's.
        results: Plans, or why there is none.
        max_age: How long the last row of a plan may be held [s].
        patience: How long the robot may be held without a plan [s].
    """

    def __init__(self, bundle: Bundle, results: Mailbox[Plan | str], max_age: float, patience: float) -> None:
        self.patience = patience
        self.count = 0
        """Plans so far."""
        self.seconds = 0.0
        """How long a plan takes, in the mean of the last few [s]."""
        self.slow = False
        """Whether that is longer than the policy's step."""
        self._results, self._policy_dt = results, bundle.policy_dt
        self._longest = bundle.chunk_size * bundle.policy_dt + max_age
        self._plan: Plan | None = None
        self._trouble: str | None = "the policy has not decided yet"
        self._age = 0.0
        self._seen: object = None

    def healthy(self, now: float) -> bool:
        """Take the newest plan; whether it can be followed."""
        latest = self._results.latest()
        if latest is not self._seen and latest is not None:
            self._seen, result = latest, latest[0]
            if isinstance(result, Plan):
                self._plan, self._trouble = result, None
                self._count(result.seconds)
            else:
                self._trouble = result
        if self._plan is None or self._trouble is not None:
            return False
        self._age = now - self._plan.stamp
        return self._age <= self._longest

    @property
    def problem(self) -> object:
        """Why the policy failed, None where it is late."""
        return self._trouble

    def describe(self) -> str:
        """Why there is none to follow."""
        if self._trouble is not None:
            return self._trouble
        return (
            f"the policy is late: its last observation is {1e3 * self._age:.0f} ms old,"
            f" more than {1e3 * self._longest:.0f} ms"
        )

    def pace(self) -> str:
        """How fast the policy is, in words."""
        if not self.slow:
            return "the policy keeps its pace"
        return (
            f"the policy takes {1e3 * self.seconds:.0f} ms where its step is {1e3 * self._policy_dt:.0f} ms:"
            f" it acts at its own rate, and what it said last is held"
        )

    def targets(self, now: float) -> np.ndarray:
        """Joint position targets for a moment [rad], (n,)."""
        assert self._plan is not None
        return self._plan.targets[self._plan.row(now, self._policy_dt)]

    def action(self, now: float) -> np.ndarray | float:
        """The action for a moment, in [-1, 1], (num_actions,); 0 before the first plan."""
        return 0.0 if self._plan is None else self._plan.actions[self._plan.row(now, self._policy_dt)]

    def _count(self, seconds: float) -> None:
        self.seconds += (seconds - self.seconds) * (GROWTH if self.count else 1.0)
        self.count += 1
        # not back and forth around the limit
        self.slow = self.seconds > (0.9 if self.slow else 1.0) * self._policy_dt
