"""Newton with kinematic objects that cost nothing.

A kinematic rigid object is a free joint to Newton's MuJoCo solver, held by a huge armature: four objects add 24
degrees of freedom to the 17 of the upper body and halve the speed. MuJoCo has a kind of body made for this, the mocap
body, which has no degrees of freedom at all; Newton makes one of every root that is fixed to the world. So the solver
here sees a copy of the model in which the free joints of kinematic objects are fixed joints, and moves the mocap
bodies to where Isaac Lab wrote the objects. Isaac Lab, the sensors and the renderers keep seeing the model as it is.
"""

# pyright: reportInvalidTypeForm=false, reportAssignmentType=false, reportGeneralTypeIssues=false
# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false
# Warp compiles kernels from Python's syntax and types of its own.

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import warp as wp
from isaaclab_newton.physics import MJWarpSolverCfg, NewtonMJWarpManager
from newton import BodyFlags, JointType, Model, State
from newton.solvers import SolverMuJoCo


@wp.kernel
def _place_mocap_bodies(
    joints: wp.array2d(dtype=wp.int32),
    joint_type: wp.array(dtype=wp.int32),
    joint_q_start: wp.array(dtype=wp.int32),
    joint_q: wp.array(dtype=wp.float32),
    joint_frame_in_child: wp.array(dtype=wp.transform),
    joint_frame_in_parent: wp.array(dtype=wp.transform),
    mocap_pos: wp.array2d(dtype=wp.vec3),
    mocap_quat: wp.array2d(dtype=wp.quat),
):
    """Put each mocap body whose joint is free in Isaac Lab's model where that joint's coordinates say."""
    world, body = wp.tid()
    joint = joints[world, body]
    if joint < 0 or joint_type[joint] != int(JointType.FREE):
        return
    q = joint_q_start[joint]
    pos = wp.vec3(joint_q[q], joint_q[q + 1], joint_q[q + 2])
    rot = wp.quat(joint_q[q + 3], joint_q[q + 4], joint_q[q + 5], joint_q[q + 6])
    # The solver's forward kinematics go through the fixed joint's anchor, so that moves too.
    joint_frame_in_parent[joint] = wp.transform(pos, rot)
    pose = wp.transform(pos, rot) * wp.transform_inverse(joint_frame_in_child[joint])
    rot = wp.transform_get_rotation(pose)
    mocap_pos[world, body] = wp.transform_get_translation(pose)
    mocap_quat[world, body] = wp.quat(rot[3], rot[0], rot[1], rot[2])  # MuJoCo's w comes first


class KinematicObjectsSolver(SolverMuJoCo):
    """Newton's MuJoCo solver with the free-floating kinematic bodies as mocap bodies."""

    def __init__(self, model: Any, **kwargs: Any) -> None:
        joint_type, joint_child = model.joint_type.numpy(), model.joint_child.numpy()
        kinematic = (model.body_flags.numpy()[joint_child] & int(BodyFlags.KINEMATIC)) != 0
        held = kinematic & (joint_type == JointType.FREE)
        dof_dim = model.joint_dof_dim.numpy()
        self._free_joint_type = model.joint_type
        self._dof_to_body = wp.array(np.repeat(joint_child, dof_dim.sum(1)), dtype=wp.int32, device=model.device)
        fixed: Any = copy.copy(model)
        fixed.joint_type = wp.array(np.where(held, int(JointType.FIXED), joint_type), device=model.device)
        fixed.joint_dof_dim = wp.array(np.where(held[:, None], 0, dof_dim), dtype=wp.int32, device=model.device)
        fixed.joint_X_p = wp.clone(model.joint_X_p)
        super().__init__(fixed, **kwargs)

    @property
    def newton_dof_to_body(self) -> wp.array:
        """The body each degree of freedom of the *true* model moves; shape (joint_dof_count,)."""
        return self._dof_to_body

    @newton_dof_to_body.setter
    def newton_dof_to_body(self, _: wp.array) -> None:
        """Newton counts the copy's degrees of freedom here, which leaves the objects' out and shifts the rest."""

    def _update_mjc_data(
        self, mj_data: Any, model: Model, state: State | None = None, world_mask: wp.array | None = None
    ) -> None:
        """Write Isaac Lab's state to the solver, before each physics step."""
        if not self._data_is_mjwarp(mj_data):
            return  # the template that MuJoCo compiles: the worlds are made from it and written at the first step
        super()._update_mjc_data(mj_data, model, state, world_mask)
        joints = self.mjc_mocap_to_newton_jnt
        if joints is None:
            return
        wp.launch(
            _place_mocap_bodies,
            dim=joints.shape,
            inputs=[
                joints,
                self._free_joint_type,
                model.joint_q_start,
                (model if state is None else state).joint_q,
                model.joint_X_c,
                model.joint_X_p,
                mj_data.mocap_pos,
                mj_data.mocap_quat,
            ],
            device=model.device,
        )


class NewtonKinematicObjectsManager(NewtonMJWarpManager):
    """Isaac Lab's manager of that solver; it tells the backend by the first word of the name."""

    @classmethod
    def _create_solver(cls, model: Model, solver_cfg: MJWarpSolverCfg) -> SolverMuJoCo:
        kwargs = cls._filter_solver_kwargs(SolverMuJoCo, solver_cfg)
        kwargs.pop("ls_parallel", None)  # deprecated, and even False warns
        return KinematicObjectsSolver(model, **kwargs)
