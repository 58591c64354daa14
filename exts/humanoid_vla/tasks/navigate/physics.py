"""Physics backends of Navigate, chosen on the command line: ``physics=ovphysx``."""

from __future__ import annotations

from isaaclab.utils import configclass
from isaaclab_newton.physics import NewtonCfg

from humanoid_vla.tasks.physics import QuietSolverCfg, WholeBodyPhysicsCfg

_WALK = WholeBodyPhysicsCfg().newton_mjwarp


@configclass
class QuietKinematicSolverCfg(QuietSolverCfg):
    """The solver of Walk with things that cannot move and cost nothing, see :mod:`.solver`."""

    class_type: type | str = "{DIR}.solver:NewtonQuietKinematicManager"


@configclass
class NavigatePhysicsCfg(WholeBodyPhysicsCfg):
    """Presets for a robot on its own feet among things that stay where they are put."""

    newton_mjwarp: NewtonCfg = NewtonCfg(
        solver_cfg=QuietKinematicSolverCfg(
            **{
                name: getattr(_WALK.solver_cfg, name)
                for name in ("njmax", "nconmax", "iterations", "ls_iterations", "cone", "integrator")
            }
        ),
        default_shape_cfg=_WALK.default_shape_cfg,
        num_substeps=_WALK.num_substeps,
        debug_mode=_WALK.debug_mode,
    )
    default: NewtonCfg = newton_mjwarp
