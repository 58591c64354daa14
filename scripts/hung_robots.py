"""Robots that hang by the pelvis in Isaac Lab on Newton, and how deep the solver finds them in themselves."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from humanoid_vla.safety.robot import RobotModel

PHYSICS_DT, DECIMATION = 0.005, 2
"""200 Hz physics, 100 Hz control."""


class HungRobots:
    """A batch of G1 with 29 joints, in the figures' order.

    Args:
        scene: With the articulation "robot" and nothing that it could touch.
    """

    def __init__(self, scene: Any) -> None:
        import torch
        import warp as wp
        from isaaclab_newton.physics import NewtonManager

        from humanoid_vla.assets.g1_figures import load_figures

        self._scene, self._robot = scene, scene["robot"]
        self.joint_names = [joint.name for joint in load_figures().joints]
        self._ids, _ = self._robot.find_joints(self.joint_names, preserve_order=True)
        self._back = torch.argsort(torch.tensor(self._ids)).tolist()
        self._data = NewtonManager._solver.mjw_data  # type: ignore[attr-defined]
        contact = self._data.contact
        self._distances, self._worlds = wp.to_torch(contact.dist), wp.to_torch(contact.worldid)
        self._count = wp.to_torch(self._data.nacon)

    def model(self) -> RobotModel:
        """What the filter is to know of them."""
        from humanoid_vla.assets.g1_figures import load_figures
        from humanoid_vla.safety.pairs import load_pairs
        from humanoid_vla.safety.robot import make_robot

        data = self._robot.data
        kp, kd = (values.torch[0, self._ids].cpu().numpy() for values in (data.joint_stiffness, data.joint_damping))
        return make_robot(load_figures(), self.joint_names, kp, kd, load_pairs())

    @property
    def joint_pos(self) -> torch.Tensor:
        """[rad], shape (robots, 29)."""
        return self._robot.data.joint_pos.torch[:, self._ids]

    @property
    def joint_vel(self) -> torch.Tensor:
        """[rad/s], shape (robots, 29)."""
        return self._robot.data.joint_vel.torch[:, self._ids]

    def step(self, targets: torch.Tensor) -> torch.Tensor:
        """A control step; the deepest self-penetration of the solver's own contacts in it [m], shape (robots,)."""
        import torch

        self._robot.actuators.target_command.set_position_index(value=targets[:, self._back].contiguous())
        deepest = torch.zeros(len(targets), device=targets.device)
        for _ in range(DECIMATION):
            self._scene.write_data_to_sim()
            self._scene.sim.step(render=False)
            self._scene.update(PHYSICS_DT)
            valid = torch.arange(len(self._distances), device=targets.device) < self._count
            depths = torch.where(valid, -self._distances, 0.0)
            deepest.scatter_reduce_(0, torch.where(valid, self._worlds, 0).long(), depths, "amax")
        return deepest


@contextlib.contextmanager
def hang_robots(num_robots: int, device: str) -> Iterator[HungRobots]:
    """Robots in the air, in their default posture."""
    import isaaclab.sim as sim_utils
    from isaaclab.scene import InteractiveScene, InteractiveSceneCfg
    from isaaclab.utils import configclass
    from isaaclab_newton.physics import MJWarpSolverCfg, NewtonCfg, NewtonShapeCfg

    from humanoid_vla.assets.g1 import G1_HUNG_CFG

    @configclass
    class SceneCfg(InteractiveSceneCfg):
        num_envs: int = num_robots
        env_spacing: float = 4.0
        robot = G1_HUNG_CFG

    solver = MJWarpSolverCfg(njmax=200, nconmax=48, iterations=20, integrator="implicitfast")
    physics = NewtonCfg(solver_cfg=solver, default_shape_cfg=NewtonShapeCfg(gap=0.0))
    cfg = sim_utils.SimulationCfg(dt=PHYSICS_DT, device=device, physics=physics)
    with sim_utils.build_simulation_context(sim_cfg=cfg) as sim:
        with contextlib.redirect_stdout(io.StringIO()):
            scene = InteractiveScene(SceneCfg())
            sim.reset()
        yield HungRobots(scene)
