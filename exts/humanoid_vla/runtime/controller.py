"""What happens in one tick of the control loop."""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np

from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.inference import Inference
from humanoid_vla.runtime.loop_settings import LoopSettings
from humanoid_vla.runtime.plan_source import PlanSource
from humanoid_vla.runtime.robot import Robot
from humanoid_vla.runtime.sources import JointSource
from humanoid_vla.runtime.statistics import Series
from humanoid_vla.runtime.targets import TargetShaper, smooth
from humanoid_vla.runtime.watchdog import Fault, State, Watchdog
from humanoid_vla.safety.filter import ActionFilter

COMMANDING = (State.ACTIVE, State.HOLDING, State.STOPPING)
"""States in which the robot gets targets."""


class Checked(Fault, Protocol):
    """Something that must be well for the policy to move the robot."""

    def healthy(self, now: float) -> bool:
        """Whether it is at the moment."""
        ...


class Controller:
    """Latest measurement, watchdog, newest plan, targets, action filter, robot: in this order, once a tick.

    Args:
        bundle: The policy's.
        robot: What is moved.
        joints: Its joint states.
        inputs: What else the policy reads: pictures, values, the instruction.
        inference: Where plans come from.
        safety: The action filter, for one robot, with the loop's period.
        settings: Times of the loop.
    """

    def __init__(
        self,
        bundle: Bundle,
        robot: Robot,
        joints: JointSource,
        inputs: list[Checked],
        inference: Inference,
        safety: ActionFilter,
        settings: LoopSettings,
    ) -> None:
        self.safety = safety
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
        self._shaper = TargetShaper(bundle, safety.dt)
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
        last = self.safety.command[0]
        if state is not before:
            self._enter(state, before, pos)
            last = self.safety.command[0]
        read = time.perf_counter()
        self.stages[0].add(read - begin)
        if state in COMMANDING:
            asked = self._asked(state, now, last, pos)
            shaped = time.perf_counter()
            safe = self.safety.step(asked, self._joints.pos, self._joints.vel, self._joints.age)
            filtered = time.perf_counter()
            self._robot.command(safe[0])
            self.commands += 1
            self.stages[1].add(shaped - read)
            self.stages[2].add(filtered - shaped)
            self.stages[3].add(time.perf_counter() - filtered)
        if well and state is not State.STOPPING:
            # with the targets that were in force when the joints were measured
            self._let_think(now, deadline, last)
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
        if state is State.ACTIVE and before in (State.WAITING, State.STOPPED):
            self.safety.reset(pos[None])
        elif state is State.STOPPED and before is not State.WAITING:
            self._robot.damp()
        self._shaper.begin(self.safety.command[0])

    def _asked(self, state: State, now: float, last: np.ndarray, pos: np.ndarray) -> np.ndarray:
        """Targets before the filter [rad], (1, n)."""
        passed = now - self.watchdog.since
        if state is State.ACTIVE:
            share = smooth(passed / self._settings.blend)
            return self._shaper.follow(self.plans.targets(now), share, last, pos)
        if state is State.HOLDING:
            return self._shaper.hold(last)
        return self._shaper.release(1.0 - smooth(passed / self._settings.stop), pos)

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
