"""A task of Isaac Lab as the robot of a control loop: stepped in real time, with everything but the loop left out.

The environment's managers choose the scene and judge it; what the joints do is told to the actuators directly.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from humanoid_vla.runtime.bundle import Bundle
    from humanoid_vla.runtime.robot import Inbox

BASE = {
    "base_lin_vel": "root_lin_vel_b",
    "base_ang_vel": "root_ang_vel_b",
    "projected_gravity": "projected_gravity_b",
}
"""What a base feels, and what Isaac Lab calls that."""
WARM_UP = 4
"""Steps of the physics before time counts."""
SLOWEST = 0.1
"""Real time that the physics makes up for where it was kept waiting [s]; more is lost."""


class SimRobot:
    """The first environment's robot; a thread steps its physics.

    Args:
        env: The task's environment, without wrappers, with one robot.
        bundle: The policy's.

    Raises:
        ValueError: If the bundle commands no joints, or others than the robot's.
    """

    def __init__(self, env: Any, bundle: Bundle) -> None:
        import torch

        if bundle.action_kind != "joint_position":
            raise ValueError(
                f"the policy of {bundle.task} commands velocities to a robot that walks by itself; --robot sim moves"
                " joints. scripts/evaluate.py --bundle runs both policies"
            )
        self._env, self._asset = env, env.scene["robot"]
        have = list(self._asset.joint_names)
        if missing := [name for name in bundle.joints.names if name not in have]:
            raise ValueError(f"the robot of {bundle.task} lacks the joints {missing}; it has {have}")
        self._ids = [have.index(name) for name in bundle.joints.names]
        self._cameras = [camera.name for camera in bundle.cameras]
        self.states: list[tuple[str, str]] = []
        """The loop's states so far, and why."""
        self.lost = 0.0
        """Real time that the physics could not keep up with [s]."""
        self.trouble: str | None = None
        """What ended the simulation."""
        self._success_s: float | None = None
        self._failures: dict[str, float] = {}
        with torch.inference_mode():
            env.reset()
            for _ in range(WARM_UP):  # kernels are compiled, and graphs recorded, before time counts
                self._step(None)
            env.termination_manager.compute()
            env.reset()
        self._targets = self._asset.data.joint_pos.torch[0, self._ids].double().cpu().numpy()
        self._damped = self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def instruction(self) -> str | None:
        """The sentence that the task drew; None where it tells none."""
        from humanoid_vla.tasks.mdp.instructions import language_command

        command = language_command(self._env)
        return None if command is None else command.instructions.sentences[int(command.instruction_index[0])]

    def start(self, inbox: Inbox) -> None:
        self._measure(inbox, pictures=True)
        self._thread = threading.Thread(target=self._run, args=(inbox,), name="physics", daemon=True)
        self._thread.start()

    def command(self, joint_pos: np.ndarray) -> None:
        self._targets = joint_pos.copy()

    def damp(self) -> None:
        self._damped = True

    def stop(self) -> None:
        self._stopping = True
        if self._thread is not None:
            self._thread.join()

    def status(self, state: str, reason: str) -> None:
        self.states.append((state, reason))

    def outcome(self) -> dict[str, Any]:
        """Whether and when the task's goal was reached, by its own terminations; what else would have ended it [s]."""
        figures = {"success_at_s": self._success_s, "failures": self._failures, "physics_lost_s": round(self.lost, 3)}
        if self.trouble is not None:
            figures["trouble"] = self.trouble
        return {"instruction": self.instruction} | figures

    def _run(self, inbox: Inbox) -> None:
        import torch

        dt, decimation = self._env.physics_dt, self._env.cfg.decimation
        begin, step = time.monotonic(), 0
        try:
            with torch.inference_mode():
                while not self._stopping:
                    time.sleep(max(begin + (step + 1) * dt - time.monotonic(), 0.0))
                    if (late := time.monotonic() - begin - (step + 1) * dt - SLOWEST) > 0.0:
                        self.lost += late
                        begin += late
                    self._step(None if self._damped else self._targets)
                    step += 1
                    self._measure(inbox, pictures=step % decimation == 0)
                    if step % decimation == 0 and self._success_s is None:
                        self._judge(step * dt)
        except Exception as error:  # the loop sees that measurements stop; here is why
            self.trouble = f"{type(error).__name__}: {error}"

    def _step(self, targets: np.ndarray | None) -> None:
        """A step of the physics, with joint position targets [rad], (n,), or none: the joints are damped then."""
        import torch

        env, asset = self._env, self._asset
        # a spring that always ends where the joint is does not pull
        measured = asset.data.joint_pos.torch[:, self._ids]
        wanted = measured if targets is None else torch.as_tensor(targets, dtype=torch.float32).to(env.device)[None]
        asset.actuators.target_command.set_position_index(value=wanted.contiguous(), joint_ids=self._ids)
        env.scene.write_data_to_sim()
        env.sim.step(render=False)
        env.scene.update(dt=env.physics_dt)

    def _measure(self, inbox: Inbox, pictures: bool) -> None:
        data, now = self._asset.data, time.monotonic()
        pos, vel = (values.torch[0, self._ids].double().cpu().numpy() for values in (data.joint_pos, data.joint_vel))
        inbox.joint_state.put((pos, vel), now)
        for name, box in inbox.values.items():
            box.put(self._value(name), now)
        if pictures:
            for name in self._cameras:
                output = self._env.scene[name].data.output["rgb"].torch[0]
                inbox.images[name].put(output.cpu().numpy().copy(), now)

    def _value(self, name: str) -> np.ndarray:
        """What a policy is told of the scene, in the frame of the robot's base.

        Raises:
            KeyError: If that is nothing that a simulation knows.
        """
        env = self._env
        if name == "object_positions":
            # bases stand upright and unturned
            positions = env.scene["objects"].data.body_link_pos_w.torch[0] - self._asset.data.root_link_pos_w.torch[0]
            return positions.double().cpu().numpy()
        if name in BASE:
            return getattr(self._asset.data, BASE[name]).torch[0].double().cpu().numpy()
        if name == "held_time":
            return env.command_manager.get_term("goal").held_time[:1].double().cpu().numpy()
        return env.command_manager.get_command(name)[0].double().cpu().numpy()

    def _judge(self, now: float) -> None:
        terms = self._env.termination_manager
        terms.compute()
        for name in terms.active_terms:
            if name != "time_out" and bool(terms.get_term(name)[0]):
                if name == "success":
                    self._success_s = now
                else:
                    self._failures.setdefault(name, now)
