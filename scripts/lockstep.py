"""The control loop's parts without its threads and clocks, tick by tick in simulated time: quick and repeatable."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.engine import Engine
from humanoid_vla.runtime.joint_actuation import make_filter
from humanoid_vla.runtime.observations import ObservationBuilder
from humanoid_vla.runtime.plans import Overlap
from humanoid_vla.runtime.policy import PolicyRunner
from humanoid_vla.runtime.targets import TargetShaper


class LockStep:
    """A policy and what follows it: its plans reach the robot a tick later, as in the loop, where it thinks beside it.

    Args:
        bundle: The policy's; its chunks are averaged where they overlap.
        engine: Runs its network.
        dt: Length of a tick [s].
        filtered: Whether the action filter comes last.
    """

    def __init__(self, bundle: Bundle, engine: Engine, dt: float, filtered: bool = True) -> None:
        self._dt, self._policy_dt = dt, bundle.policy_dt
        self._builder, self._runner = ObservationBuilder(bundle), PolicyRunner(bundle, engine)
        self._shaper = TargetShaper(bundle, dt)
        shape = bundle.chunk_size, len(bundle.joints.names)
        self._overlaps = [Overlap(shape) for _ in range(2)] if bundle.chunk_size > 1 else []
        self.safety = make_filter(bundle, dt) if filtered else None
        """The filter, with its counters."""
        joints = bundle.joints
        self._soft = joints.soft_lower, joints.soft_upper
        self._action, self._wanted = np.zeros(len(joints.names)), joints.default
        self.targets = joints.default.copy()
        """What was commanded last [rad], (n,)."""
        self._next: tuple[np.ndarray, np.ndarray] | None = None
        self._tick = 0
        self._steps = -1

    def begin(self, joint_pos: np.ndarray) -> None:
        """Begin an episode at rest where the robot is, as the task does: at full strength at once."""
        self._runner.reset()
        for overlap in self._overlaps:
            overlap.reset()
        self.targets = np.clip(joint_pos, *self._soft)
        if self.safety is not None:
            self.safety.reset(joint_pos[None])
            self.targets = self.safety.command[0].copy()
        self._action = np.zeros_like(self._action)
        self._wanted, self._next, self._tick, self._steps = self.targets.copy(), None, 0, -1

    def tick(
        self,
        joint_pos: np.ndarray,
        joint_vel: np.ndarray,
        embedding: np.ndarray | None,
        images: Mapping[str, np.ndarray],
        values: Mapping[str, np.ndarray],
    ) -> np.ndarray:
        """Targets for the next `dt` seconds [rad], (n,); arguments as in :class:`.observations.Measurement`."""
        if self._next is not None:
            (self._action, self._wanted), self._next = self._next, None
        # a tick that begins a step of the policy, but for rounding
        step = int(self._tick * self._dt / self._policy_dt + 1e-6)
        if step > self._steps:
            self._steps = step
            inputs = self._builder.build(
                joint_pos, joint_vel, self.targets, self._action, embedding, images, values, step * self._policy_dt
            )
            plan = [values[0].reshape(-1, len(joint_pos)) for values in self._runner.step(inputs)]
            if self._overlaps:
                plan = [overlap.add(values, step) for overlap, values in zip(self._overlaps, plan, strict=True)]
            self._next = np.clip(plan[0][0], -1.0, 1.0), plan[1][0].astype(float)
        self._tick += 1
        targets = self._shaper.follow(self._wanted, 1.0, self.targets, joint_pos)
        if self.safety is not None:
            targets = self.safety.step(targets, joint_pos[None], joint_vel[None])
        self.targets = targets[0].copy()
        return self.targets
