"""Physics backends a task can run on, chosen on the command line: ``physics=ovphysx``."""

from __future__ import annotations

from isaaclab.physics import PhysxAutoCfg
from isaaclab.utils import configclass
from isaaclab_newton.physics import MJWarpSolverCfg, NewtonCfg, NewtonCollisionPipelineCfg, NewtonShapeCfg
from isaaclab_ov.physics import OvPhysxCfg
from isaaclab_physx.physics import PhysxCfg
from isaaclab_tasks.utils import PresetCfg


@configclass
class KinematicObjectsSolverCfg(MJWarpSolverCfg):
    """MuJoCo Warp with kinematic objects that cost nothing, see :mod:`.kinematic_objects`."""

    class_type: type | str = "{DIR}.kinematic_objects:NewtonKinematicObjectsManager"


@configclass
class QuietSolverCfg(MJWarpSolverCfg):
    """MuJoCo Warp that does not complain of robots that tumble, see :mod:`.quiet_solver`."""

    class_type: type | str = "{DIR}.quiet_solver:NewtonQuietManager"


@configclass
class PhysxPresetsCfg(PresetCfg):
    """PhysX as it is, in the three ways there are to start it."""

    ovphysx: OvPhysxCfg = OvPhysxCfg()
    isaacsim_physx: PhysxCfg = PhysxCfg()
    physx: PhysxAutoCfg = PhysxAutoCfg(isaacsim_physx=isaacsim_physx, ovphysx=ovphysx)


@configclass
class ArmPhysicsCfg(PhysxPresetsCfg):
    """Presets for a robot with a fixed base: few contacts at a time."""

    newton_mjwarp: NewtonCfg = NewtonCfg(
        solver_cfg=KinematicObjectsSolverCfg(
            # Room for 12 contacts a robot at a time, 4 constraint rows each: what is not there need not be cleared.
            njmax=48,
            nconmax=12,
            iterations=20,
            cone="pyramidal",
            integrator="implicitfast",
            update_data_interval=1,
        ),
        # Isaac Lab's default gap of 1 cm makes constraints of things that merely stand close to each other.
        default_shape_cfg=NewtonShapeCfg(gap=0.0),
        num_substeps=1,
        debug_mode=False,
    )
    default: NewtonCfg = newton_mjwarp


@configclass
class WholeBodyPhysicsCfg(PhysxPresetsCfg):
    """Presets for a robot on its own feet, which falls at times."""

    newton_mjwarp: NewtonCfg = NewtonCfg(
        solver_cfg=QuietSolverCfg(
            # Eight spheres are the feet; the rest is for a robot that has fallen. 4 constraint rows a contact, one a
            # joint at its limit.
            njmax=128,
            nconmax=24,
            iterations=10,
            ls_iterations=20,
            cone="pyramidal",
            integrator="implicitfast",
        ),
        # MuJoCo takes the larger friction of two things that touch: the robot's counts, and can be randomised.
        default_shape_cfg=NewtonShapeCfg(gap=0.0, mu=0.1),
        num_substeps=1,
        debug_mode=False,
    )
    default: NewtonCfg = newton_mjwarp


@configclass
class RoughGroundPhysicsCfg(WholeBodyPhysicsCfg):
    """The same for ground that is a height field.

    Newton finds the contacts, as in Isaac Lab's own rough tasks: MuJoCo Warp takes a height field for a row of prisms,
    and pushed a standing robot's feet, spheres of 5 mm, out of them by 30 cm.
    """

    newton_mjwarp: NewtonCfg = NewtonCfg(
        solver_cfg=QuietSolverCfg(
            # A foot's sphere may touch several triangles of the ground at a time.
            njmax=256,
            nconmax=64,
            iterations=10,
            ls_iterations=20,
            cone="pyramidal",
            integrator="implicitfast",
            use_mujoco_contacts=False,
        ),
        collision_cfg=NewtonCollisionPipelineCfg(max_triangle_pairs=200_000),
        default_shape_cfg=NewtonShapeCfg(gap=0.0, mu=0.1),
        num_substeps=1,
        debug_mode=False,
    )
    default: NewtonCfg = newton_mjwarp


@configclass
class GraspPhysicsCfg(PhysxPresetsCfg):
    """Presets for an upper body with grippers, and objects that move."""

    newton_mjwarp: NewtonCfg = NewtonCfg(
        solver_cfg=MJWarpSolverCfg(
            # Room for four objects on the table (11 contacts), two grippers that hold (8 each), and some more; 3 rows
            # each.
            njmax=144,
            nconmax=44,
            iterations=30,
            ls_iterations=50,
            # Friction as soft as MuJoCo's default lets what is held creep out of a gripper, most of all a cone.
            cone="elliptic",
            impratio=100.0,
            integrator="implicitfast",
        ),
        default_shape_cfg=NewtonShapeCfg(gap=0.0),
        num_substeps=1,
        debug_mode=False,
    )
    default: NewtonCfg = newton_mjwarp
