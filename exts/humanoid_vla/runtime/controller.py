"""What happens in one tick of the control loop."""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np

from humanoid_vla.runtime.actuation import Actuation
from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.inference import Inference
from humanoid_vla.runtime.loop_settings import LoopSettings
from humanoid_vla.runtime.plan_source import PlanSource
from humanoid_vla.runtime.robot import Robot
from humanoid_vla.runtime.sources import JointSource
from humanoid_vla.runtime.statistics import Series
from humanoid_vla.runtime.targets import smooth
from humanoid_vla.runtime.watchdog import Fault, State, Watchdog

COMMANDING = (State.ACTIVE, State.HOLDING, State.STOPPING)
"""States in which the robot gets targets."""


class Checked(Fault, Protocol):
    """Something that must be well for the policy to move the robot."""

    def healthy(self, now: float) -> bool:
        """Whether it is at the moment."""
        ...


class Controller:
    """Latest measurement, watchdog, newest plan, targets, what makes them safe, robot: in this order, once a tick.

    Args:
        bundle: The policy's.
        robot: What is moved.
        joints: Its joint states.
        inputs: What else the policy reads: pictures, values, the instruction.
        inference: Where plans come from.
        actuation: From plans to what is sent.
        settings: Times of the loop.
    """

    def __init__(
        self,
        bundle: Bundle,
        robot: Robot,
        joints: JointSource,
        inputs: list[Checked],
        inference: Inference,
        actuation: Actuation,
        settings: LoopSettings,
    ) -> None:
        self.actuation = actuation
        self.watchdog = Watchdog(settings)
        self.fault: Fault | None = None
        """What is wrong at the moment."""
        self.plans = PlanSource(bundle, inference.results, settings.max_action_age, settings.hold)
        self.commands = 0
        """Targets that were sent."""
        self.late_steps = 0
        """The policy's steps that began late, for it was still busy with the one before."""
        self.stages = tuple(Series(name) for name in ("read", "targets", "filter", "send", "tick"))
        self._robot, self._joints, self._inference, self._settings = robot, joints, inference, settings
        self._inputs = [joints, *inputs]
        self._policy_dt = bundle.policy_dt
        self._next_step, self._step = -1.0, 0  # when the policy's next step is due [s], and its number
        self._fresh, self._counted_late = True, False

    def tick(self, now: float, deadline: float) -> State:
        """Do all that a tick does.

        Args:
            now: When it began [s of ``time.monotonic()``].
            deadline: When it should have begun [s].
        """
        begin = time.perf_counter()
        before, pos = self.watchdog.state, self._joints.pos[0]
        well = self._look(now)
        state = self.watchdog.update(self.fault, now)
        if state is not before:
            self._enter(state, before, pos)
        # those that were in force when the joints were measured
        targets = self.actuation.joint_targets()
        read = time.perf_counter()
        self.stages[0].add(read - begin)
        if state in COMMANDING:
            asked = self._asked(state, now, pos)
            shaped = time.perf_counter()
            safe = self.actuation.safe(asked, self._joints)
            filtered = time.perf_counter()
            self._robot.command(safe)
            self.commands += 1
            self.stages[1].add(shaped - read)
            self.stages[2].add(filtered - shaped)
            self.stages[3].add(time.perf_counter() - filtered)
        if well and state is not State.STOPPING:
            self._let_think(now, deadline, targets)
        self.stages[4].add(time.perf_counter() - begin)
        return state

    def _look(self, now: float) -> bool:
        """Find what is wrong; whether all that the policy reads is well."""
        self.fault = None
        for source in self._inputs:  # all of them, the joints' positions are read there
            if not source.healthy(now) and self.fault is None:
                self.fault = source
        well = self.fault is None
        if not well:
            self._fresh = True
        elif not self.plans.healthy(now):
            self.fault = self.plans
        return well

    def _enter(self, state: State, before: State, pos: np.ndarray) -> None:
        self.actuation.enter(pos, anew=state is State.ACTIVE and before in (State.WAITING, State.STOPPED))
        if state is State.STOPPED and before is not State.WAITING:
            self._robot.damp()

    def _asked(self, state: State, now: float, pos: np.ndarray) -> np.ndarray:
        """What to ask for in this state, before it is made safe."""
        passed = now - self.watchdog.since
        if state is State.ACTIVE:
            share = smooth(passed / self._settings.blend)
            return self.actuation.follow(self.plans.targets(now), share, pos)
        if state is State.HOLDING:
            return self.actuation.hold()
        return self.actuation.release(1.0 - smooth(passed / self._settings.stop), pos)

    def _let_think(self, now: float, deadline: float, target: np.ndarray) -> None:
        """Ask for a plan when the policy's next step is due."""
        if self._next_step < 0.0:
            self._next_step = deadline
        if deadline < self._next_step - 1e-6:
            return
        if self._inference.busy:
            # as soon as it is free; then it goes on at its own rate
            self.late_steps += not self._counted_late
            self._counted_late = True
            return
        due = 1 + int((deadline - self._next_step) / self._policy_dt + 1e-6)
        self._next_step += due * self._policy_dt
        self._step += due
        self._counted_late = False
        joints = self._joints
        self._inference.request(
            joints.pos[0], joints.vel[0], target, self.plans.action(now), now, self._step, self._fresh
        )
        self._fresh = False
