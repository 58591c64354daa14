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

    Args:
        bundle: The policy's.
        safety: The action filter of its robot, for one robot.
    """

    def __init__(self, bundle: Bundle, safety: ActionFilter) -> None:
        self.safety = safety
        self._shaper = TargetShaper(bundle, safety.dt)

    def joint_targets(self) -> np.ndarray:
        return self.safety.command[0]

    def enter(self, pos: np.ndarray, anew: bool) -> None:
        if anew:
            self.safety.reset(pos[None])
        self._shaper.begin(self.safety.command[0])

    def follow(self, wanted: np.ndarray, share: float, pos: np.ndarray) -> np.ndarray:
        return self._shaper.follow(wanted, share, self.safety.command[0], pos)

    def hold(self) -> np.ndarray:
        return self._shaper.hold(self.safety.command[0])

    def release(self, share: float, pos: np.ndarray) -> np.ndarray:
        return self._shaper.release(share, pos)

    def safe(self, asked: np.ndarray, joints: JointSource) -> np.ndarray:
        return self.safety.step(asked, joints.pos, joints.vel, joints.age)[0]

    def figures(self) -> dict[str, float]:
        return self.safety.counters.figures()


def default_settings(bundle: Bundle) -> FilterSettings:
    """The filter's own, with the boxes that the task keeps out of."""
    boxes = tuple(Box(tuple(centre), tuple(size)) for centre, size in bundle.keep_out.values())
    return FilterSettings(keep_out=boxes)


def make_filter(bundle: Bundle, dt: float, settings: FilterSettings | None = None) -> ActionFilter:
    """The action filter of a bundle's robot.

    Args:
        bundle: Names its joints and their gains.
        dt: Length of a tick [s].
        settings: How careful to be; :func:`default_settings` where nothing is said.

    Raises:
        ValueError: If a joint is none of the G1's, or a gain is impossible.
    """
    joints = bundle.joints
    robot = make_robot(load_figures(), joints.names, joints.stiffness, joints.damping, load_pairs())
    return ActionFilter(robot, dt, settings or default_settings(bundle), NumpyBackend())
