"""Newton's MuJoCo solver that prints nothing when a world has used up its iterations or its room for contacts.

A robot that tumbles does so in many steps, and thousands of robots would print a line each. Ten iterations are what
mjlab gives its robots, too; what has not converged by then is a fall, which ends the episode.
"""

from __future__ import annotations

from typing import Any

from isaaclab_newton.physics import MJWarpSolverCfg, NewtonMJWarpManager


class NewtonQuietManager(NewtonMJWarpManager):
    """Isaac Lab's manager of that solver; it tells the backend by the first word of the name."""

    @classmethod
    def _create_solver(cls, model: Any, solver_cfg: MJWarpSolverCfg) -> Any:
        solver: Any = super()._create_solver(model, solver_cfg)
        solver.mjw_model.opt.warn_overflow = False
        return solver
