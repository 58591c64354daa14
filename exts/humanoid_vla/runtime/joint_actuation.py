"""Targets of joints: shaped as in the task, and made safe by the action filter, which comes last."""

from __future__ import annotations

import numpy as np

from humanoid_vla.assets.g1_figures import load_figures
from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.sources import JointSource
from humanoid_vla.runtime.targets import TargetShaper
from humanoid_vla.safety.backend import NumpyBackend
from humanoid_vla.safety.filter import ActionFilter
from humanoid_vla.safety.pairs import load_pairs
from humanoid_vla.safety.robot import make_robot
from humanoid_vla.safety.settings import Box, FilterSettings


class JointActuation:
    """See :class:`.actuation.Actuation`; its numbers are joint positions [rad].

    Joints that the filter does not know, the fingers of grippers, get what was shaped for them, within their limits.

    Args:
        bundle: The policy's.
        safety: The action filter of its robot, for one robot; see :func:`make_filter`.
    """

    def __init__(self, bundle: Bundle, safety: ActionFilter) -> None:
        self.safety = safety
        self._shaper = TargetShaper(bundle, safety.dt)
        joints = bundle.joints
        known = [name in safety.robot.joint_names for name in joints.names]
        self._known = np.flatnonzero(known)
        """Places of the filter's joints among the bundle's, in its order."""
        self._others = None if all(known) else np.flatnonzero(np.logical_not(known))
        self._lower, self._upper = joints.soft_lower, joints.soft_upper
        self._sent = joints.default.copy()

    def joint_targets(self) -> np.ndarray:
        return self._sent

    def enter(self, pos: np.ndarray, anew: bool) -> None:
        if anew:
            self.safety.reset(pos[None, self._known])
            self._sent = np.clip(pos, self._lower, self._upper)
            self._sent[self._known] = self.safety.command[0]
        self._shaper.begin(self._sent)

    def follow(self, wanted: np.ndarray, share: float, pos: np.ndarray) -> np.ndarray:
        return self._shaper.follow(wanted, share, self._sent, pos)

    def hold(self) -> np.ndarray:
        return self._shaper.hold(self._sent)

    def release(self, share: float, pos: np.ndarray) -> np.ndarray:
        return self._shaper.release(share, pos)

    def safe(self, asked: np.ndarray, joints: JointSource) -> np.ndarray:
        if self._others is None:
            self._sent = self.safety.step(asked, joints.pos, joints.vel, joints.age)[0]
            return self._sent
        sent, others, measured = self._sent.copy(), self._others, (joints.pos, joints.vel)
        pos, vel = (values[:, self._known] for values in measured)
        sent[self._known] = self.safety.step(asked[:, self._known], pos, vel, joints.age)[0]
        wanted = np.where(np.isfinite(asked[0, others]), asked[0, others], sent[others])
        sent[others] = np.clip(wanted, self._lower[others], self._upper[others])
        self._sent = sent
        return sent

    def figures(self) -> dict[str, float]:
        return self.safety.counters.figures()


def default_settings(bundle: Bundle) -> FilterSettings:
    """The filter's own but for those of the task, with the boxes that it keeps out of.

    Raises:
        ValueError: If the bundle names a setting that there is not.
    """
    boxes = tuple(Box(tuple(centre), tuple(size)) for centre, size in bundle.keep_out.values())
    try:
        return FilterSettings(keep_out=boxes, **bundle.filter_settings)
    except TypeError as error:
        raise ValueError(f"filter_settings of the bundle: {error}") from None


def make_filter(bundle: Bundle, dt: float, settings: FilterSettings | None = None) -> ActionFilter:
    """The action filter of a bundle's robot: of all its joints but the fingers of grippers.

    Args:
        bundle: Names its joints and their gains.
        dt: Length of a tick [s].
        settings: How careful to be; :func:`default_settings` where nothing is said.

    Raises:
        ValueError: If a joint that turns is none of the G1's, or a gain is impossible.
    """
    joints, figures = bundle.joints, load_figures()
    turning = [number for number, unit in enumerate(joints.units) if unit == "rad"]
    names = [joints.names[number] for number in turning]
    robot = make_robot(figures, names, joints.stiffness[turning], joints.damping[turning], load_pairs())
    return ActionFilter(robot, dt, settings or default_settings(bundle), NumpyBackend())
