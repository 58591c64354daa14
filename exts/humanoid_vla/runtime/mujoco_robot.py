"""A robot in plain MuJoCo: stepped by whoever evaluates a policy, or by a thread of its own in real time."""
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import mujoco
import numpy as np

from .bundle import CameraSpec, Joints
from .mailbox import Mailbox
from .robot import Inbox

MEASURE_DT = 0.005
"""Time between two measurements in real time [s]."""
PICTURE_DT = 1.0 / 30.0
"""Time between two pictures [s]."""
SLOWEST = 0.1
"""Real time that the physics makes up for where it was kept waiting [s]; more is lost."""
_BROKEN = [int(getattr(mujoco.mjtWarning, f"mjWARN_{name}")) for name in ("BADQPOS", "BADQVEL", "BADQACC")]


class MujocoWorld:
    """A model's state, in the terms of a policy: joints in its order, positions in the frame of the robot's base.

    Args:
        model: From :func:`.mujoco_model.build_model`.
        joints: The same as there.
        objects: Names of the things whose positions the policy is told, in its order.
        sensed: Bodies whose contact forces are measured.
    """

    def __init__(
        self, model: mujoco.MjModel, joints: Joints, objects: Sequence[str] = (), sensed: Sequence[str] = ()
    ) -> None:
        self.model, self.data = model, mujoco.MjData(model)
        self._pos_ids = np.array([model.joint(name).qposadr[0] for name in joints.names])
        self._vel_ids = np.array([model.joint(name).dofadr[0] for name in joints.names])
        self._motors = np.array([model.actuator(name).id for name in joints.names])
        self._objects = [model.body(name).id for name in objects]
        self._sensed = np.array([model.body(name).id for name in sensed], dtype=int)
        # the base is what the first joint's body hangs on, at the end of all that is fixed to the world
        moving = np.flatnonzero(model.body_weldid != 0)
        self.base_pos = model.body_pos[model.body_rootid[moving[0]]].copy()
        """Where the base is in the world [m]."""
        self.peak_forces = np.zeros(len(sensed))
        """Largest net contact force that each sensed body felt in a physics step of the last :meth:`step` [N]."""
        self.reset(joints.default)

    @property
    def time(self) -> float:
        """Simulated since the reset [s]."""
        return self.data.time

    @property
    def joint_pos(self) -> np.ndarray:
        """A copy, (n,) [rad]."""
        return self.data.qpos[self._pos_ids]

    @property
    def joint_vel(self) -> np.ndarray:
        """A copy, (n,) [rad/s]."""
        return self.data.qvel[self._vel_ids]

    def object_positions(self) -> np.ndarray:
        """Of the objects, in the base's frame, (k, 3) [m]."""
        return self.data.xpos[self._objects] - self.base_pos

    def body_pose(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """A body's position in the base's frame [m], (3,), and its rotation matrix."""
        body = self.data.body(name)
        return body.xpos - self.base_pos, body.xmat.reshape(3, 3).copy()

    def reset(self, joint_pos: np.ndarray) -> None:
        """At rest at joint positions [rad], (n,), which are also the targets; things stay where they are."""
        placed = self.data.mocap_pos.copy(), self.data.mocap_quat.copy()
        mujoco.mj_resetData(self.model, self.data)
        if self.data.mocap_pos.size and placed[1].any():
            self.data.mocap_pos[:], self.data.mocap_quat[:] = placed
        self.data.qpos[self._pos_ids] = joint_pos
        self.data.ctrl[self._motors] = joint_pos
        mujoco.mj_forward(self.model, self.data)

    def place(self, name: str, pos: np.ndarray, yaw: float = 0.0) -> None:
        """Put a thing somewhere in the world [m], turned about the vertical [rad]."""
        number = self.model.body(name).mocapid[0]
        self.data.mocap_pos[number] = pos
        self.data.mocap_quat[number] = np.cos(0.5 * yaw), 0.0, 0.0, np.sin(0.5 * yaw)
        mujoco.mj_forward(self.model, self.data)

    def step(self, targets: np.ndarray, steps: int) -> None:
        """Go on by a number of physics steps with joint position targets [rad], (n,).

        Raises:
            FloatingPointError: The simulation broke down.
        """
        before = self.data.time
        self.data.ctrl[self._motors] = targets
        if len(self._sensed):
            self._step_and_feel(steps)
        else:
            mujoco.mj_step(self.model, self.data, nstep=steps)
        if self.data.warning.number[_BROKEN].any():  # MuJoCo began anew
            raise FloatingPointError(f"the simulation broke down at {before:.2f} s; give it a smaller timestep")

    def damp(self) -> None:
        """Take the motors' stiffness away; what is left is their damping."""
        self.model.actuator_gainprm[self._motors, 0] = 0.0
        self.model.actuator_biasprm[self._motors, 1] = 0.0

    def _step_and_feel(self, steps: int) -> None:
        self.peak_forces[:] = 0.0
        for _ in range(steps):
            mujoco.mj_step(self.model, self.data)
            if self.data.ncon:
                mujoco.mj_rnePostConstraint(self.model, self.data)
                forces = np.linalg.norm(self.data.cfrc_ext[self._sensed, 3:], axis=1)
                np.maximum(self.peak_forces, forces, out=self.peak_forces)


class Eye:
    """Draws a world. To be made, used and closed in one thread.

    Args:
        model: The world's.

    Raises:
        RuntimeError: This machine cannot draw; the message says what to do.
    """

    def __init__(self, model: mujoco.MjModel, height: int, width: int) -> None:
        self._model, self._data = model, mujoco.MjData(model)
        try:
            self._renderer = mujoco.Renderer(model, height, width)
        except Exception as error:  # each graphics library has errors of its own
            why = " ".join(str(error).split()) or type(error).__name__
            raise RuntimeError(
                f"MuJoCo cannot draw here ({why}); install a software OpenGL, such as libegl1 and libgl1-mesa-dri, or "
                "set MUJOCO_GL to osmesa or glfw"
            ) from None

    def close(self) -> None:
        """Give back what the graphics library holds."""
        self._renderer.close()

    def picture(self, state: tuple[np.ndarray, ...], camera: str | mujoco.MjvCamera) -> np.ndarray:
        """What a camera sees of a world's :func:`snapshot`, (height, width, 3) uint8."""
        data = self._data
        data.qpos[:], data.mocap_pos[:], data.mocap_quat[:] = state
        mujoco.mj_kinematics(self._model, data)
        mujoco.mj_comPos(self._model, data)
        mujoco.mj_camlight(self._model, data)
        self._renderer.update_scene(data, camera)
        return self._renderer.render()


def snapshot(world: MujocoWorld) -> tuple[np.ndarray, ...]:
    """What a picture of a world is drawn from."""
    return world.data.qpos.copy(), world.data.mocap_pos.copy(), world.data.mocap_quat.copy()


class Pictures(Mapping[str, np.ndarray]):
    """What a world's cameras see at the moment, drawn when it is asked for.

    Args:
        world: What they look at.
        cameras: They were in the model that the world is of.
    """

    def __init__(self, world: MujocoWorld, cameras: Sequence[CameraSpec]) -> None:
        self._world = world
        self._eyes = {camera.name: Eye(world.model, camera.height, camera.width) for camera in cameras}

    def __getitem__(self, name: str) -> np.ndarray:
        return self._eyes[name].picture(snapshot(self._world), name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._eyes)

    def __len__(self) -> int:
        return len(self._eyes)

    def close(self) -> None:
        """Give back what the graphics library holds."""
        for eye in self._eyes.values():
            eye.close()


def spectator(target: tuple[float, float, float], distance: float, azimuth: float) -> mujoco.MjvCamera:
    """A camera that looks down on a point [m] from a distance [m] and a direction [deg]."""
    camera = mujoco.MjvCamera()
    camera.lookat[:], camera.distance, camera.azimuth, camera.elevation = target, distance, azimuth, -25.0
    return camera


class MujocoRobot:
    """The robot of a control loop: physics and pictures in threads of their own, in real time.

    Args:
        world: The robot and what is around it; nobody else may step it between :meth:`start` and :meth:`stop`.
        cameras: Cameras whose pictures the policy reads.
        after_step: Called with the targets after steps of the physics, in their thread.
    """

    def __init__(
        self,
        world: MujocoWorld,
        cameras: Sequence[CameraSpec] = (),
        after_step: Callable[[np.ndarray], None] | None = None,
    ) -> None:
        self.world, self._after_step = world, after_step
        self.states: list[tuple[str, str]] = []
        """The loop's states so far, and why."""
        self.lost = 0.0
        """Real time that the physics could not keep up with [s]."""
        self.trouble: str | None = None
        """What ended the simulation, or why there are no pictures; None where all is well."""
        self._cameras = cameras
        self._targets = world.joint_pos
        self._damped = self._stopping = False
        self._threads: list[threading.Thread] = []
        self._seen: Mailbox[tuple[np.ndarray, ...]] = Mailbox()

    def start(self, inbox: Inbox) -> None:
        self._stopping = False
        self._measure(inbox)
        self._threads = [threading.Thread(target=self._run, args=(inbox,), name="physics", daemon=True)]
        if self._cameras:
            self._threads.append(threading.Thread(target=self._look, args=(inbox,), name="eyes", daemon=True))
        for thread in self._threads:
            thread.start()

    def command(self, joint_pos: np.ndarray) -> None:
        self._targets = joint_pos.copy()

    def damp(self) -> None:
        self._damped = True

    def stop(self) -> None:
        self._stopping = True
        for thread in self._threads:
            thread.join()

    def status(self, state: str, reason: str) -> None:
        self.states.append((state, reason))

    def _run(self, inbox: Inbox) -> None:
        try:
            self._simulate(inbox)
        except Exception as error:  # the loop sees that measurements stop; here is why
            self.trouble = f"{type(error).__name__}: {error}"

    def _simulate(self, inbox: Inbox) -> None:
        timestep = self.world.model.opt.timestep
        begin, done = time.monotonic(), 0
        while not self._stopping:
            due = int((time.monotonic() - begin) / timestep)
            if (late := (due - done) * timestep - SLOWEST) > 0.0:
                self.lost += late
                done += round(late / timestep)
            if self._damped:
                self.world.damp()
            if due > done:
                targets = self._targets
                self.world.step(targets, due - done)
                done = due
                self._measure(inbox)
                if self._after_step is not None:
                    self._after_step(targets)
            time.sleep(max(MEASURE_DT - (time.monotonic() - begin) % MEASURE_DT, 0.0))

    def _measure(self, inbox: Inbox) -> None:
        now = time.monotonic()
        inbox.joint_state.put((self.world.joint_pos, self.world.joint_vel), now)
        if (objects := inbox.values.get("object_positions")) is not None:
            objects.put(self.world.object_positions(), now)
        if self._cameras:
            self._seen.put(snapshot(self.world), now)

    def _look(self, inbox: Inbox) -> None:
        eyes: list[Eye] = []
        try:
            eyes = [Eye(self.world.model, camera.height, camera.width) for camera in self._cameras]
            while not self._stopping:
                begin = time.monotonic()
                for camera, eye in zip(self._cameras, eyes, strict=True):
                    seen = self._seen.latest()
                    assert seen is not None  # measured before the threads began
                    state, stamp = seen
                    inbox.images[camera.name].put(eye.picture(state, camera.name), stamp)
                time.sleep(max(PICTURE_DT - (time.monotonic() - begin), 0.0))
        except RuntimeError as error:
            self.trouble = str(error)
        finally:
            for eye in eyes:
                eye.close()
