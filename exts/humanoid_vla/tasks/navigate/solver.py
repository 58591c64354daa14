"""Newton's MuJoCo solver for robots that may tumble among things that cannot move."""

from __future__ import annotations

from humanoid_vla.tasks.kinematic_objects import NewtonKinematicObjectsManager
from humanoid_vla.tasks.quiet_solver import NewtonQuietManager


class NewtonQuietKinematicManager(NewtonQuietManager, NewtonKinematicObjectsManager):
    """Both of what its parents are; Isaac Lab tells the backend by the first word of the name."""
