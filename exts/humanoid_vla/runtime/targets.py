"""From what a policy asks for, once in a while, to the targets of every tick."""

from __future__ import annotations

import numpy as np

from humanoid_vla.runtime.bundle import Bundle


class TargetShaper:
    """Moves targets as the task's action term does (``tasks/mdp/actions.py``), at the loop's rate.

    They move by at most ``max_speed * dt`` a tick, lead the measured joint by at most ``max_lead`` (coupled joints the
    mean of them), and stay within the soft limits. What is returned is overwritten by the next call.

    Args:
        bundle: The policy's.
        dt: Length of a tick [s].
    """

    def __init__(self, bundle: Bundle, dt: float) -> None:
        joints = bundle.joints
        self._lower, self._upper, self._lead = joints.soft_lower, joints.soft_upper, joints.max_lead
        self._most, self._least = joints.max_speed * dt, -joints.max_speed * dt
        self._mean = _means(joints.follows)
        self._measured = np.zeros(len(joints.names))
        self._start = joints.default.copy()  # where the robot was when the policy, or a stop, began
        self._targets, self._bound = np.zeros((1, len(joints.names))), np.zeros(len(joints.names))

    def begin(self, targets: np.ndarray) -> None:
        """Keep the targets from which a policy fades in, or which a stop fades out [rad], (n,)."""
        self._start[:] = targets

    def follow(self, wanted: np.ndarray, share: float, last: np.ndarray, pos: np.ndarray) -> np.ndarray:
        """Targets on the way to what the policy wants [rad], (1, n).

        Args:
            wanted: The policy's targets [rad], (n,).
            share: How much of them counts beside those at the beginning, from 0 to 1.
            last: The last tick's targets [rad], (n,).
            pos: Measured joint positions [rad], (n,).
        """
        targets, bound = self._targets[0], self._bound
        # start + share (wanted - start), and from the last targets there by so much
        np.subtract(wanted, self._start, out=targets)
        targets *= share
        targets += self._start
        targets -= last
        np.maximum(targets, self._least, out=targets)
        np.minimum(targets, self._most, out=targets)
        targets += last
        if self._mean is not None:
            pos = np.matmul(self._mean, pos, out=self._measured)
        np.subtract(pos, self._lead, out=bound)
        np.maximum(targets, bound, out=targets)
        np.add(pos, self._lead, out=bound)
        np.minimum(targets, bound, out=targets)
        np.maximum(targets, self._lower, out=targets)
        np.minimum(targets, self._upper, out=targets)
        return self._targets

    def hold(self, last: np.ndarray) -> np.ndarray:
        """The last tick's targets once more [rad], (1, n)."""
        self._targets[0] = last
        return self._targets

    def release(self, share: float, pos: np.ndarray) -> np.ndarray:
        """Targets on the way to the measured posture [rad], (1, n); NaN where a measurement is.

        Args:
            share: How much of the targets at the beginning still counts, from 1 to 0.
            pos: Measured joint positions [rad], (n,).
        """
        targets = self._targets[0]
        np.subtract(self._start, pos, out=targets)
        targets *= share
        targets += pos
        return self._targets


def _means(follows: np.ndarray) -> np.ndarray | None:
    """What takes positions to the means of coupled joints, (n, n); None where none are coupled."""
    coupled = (follows[:, None] == follows) & (follows >= 0) | np.eye(len(follows), dtype=bool)
    return coupled / coupled.sum(axis=1, keepdims=True) if coupled.sum() > len(follows) else None


def smooth(share: float) -> float:
    """From 0 to 1 without a kink at either end: 3 x^2 - 2 x^3, x within [0, 1]."""
    x = min(max(share, 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x)
