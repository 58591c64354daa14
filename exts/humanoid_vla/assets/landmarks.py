"""The things to walk to: four shapes on the ground, to be seen and not to be bumped into."""

from __future__ import annotations

from typing import Any

import isaaclab.sim as sim_utils
from isaaclab.assets import RigidObjectCfg

_PHYSICS: dict[str, Any] = {
    # They stay where they are put, and robots come no nearer than half a metre: they need no colliders.
    "rigid_props": sim_utils.UsdPhysicsRigidBodyCfg(kinematic_enabled=True),
    "mass_props": sim_utils.MassCfg(mass=1.0),
}


def _colored(*color: float) -> sim_utils.PreviewSurfaceCfg:
    return sim_utils.PreviewSurfaceCfg(diffuse_color=color)  # type: ignore  (linear RGB)


LANDMARK_HEIGHTS: dict[str, float] = {"ball": 0.2, "cube": 0.175, "cylinder": 0.25, "cone": 0.25}
"""Height of each thing's centre above the ground it stands on [m]."""

_SPAWNS: dict[str, sim_utils.SpawnerCfg] = {
    "ball": sim_utils.SphereCfg(radius=0.2, visual_material=_colored(0.80, 0.03, 0.03), **_PHYSICS),
    "cube": sim_utils.CuboidCfg(size=(0.35, 0.35, 0.35), visual_material=_colored(0.05, 0.50, 0.07), **_PHYSICS),
    "cylinder": sim_utils.CylinderCfg(radius=0.15, height=0.5, visual_material=_colored(0.03, 0.12, 0.80), **_PHYSICS),
    "cone": sim_utils.ConeCfg(radius=0.2, height=0.5, visual_material=_colored(0.90, 0.65, 0.02), **_PHYSICS),
}

LANDMARK_CFGS: dict[str, RigidObjectCfg] = {
    name: RigidObjectCfg(
        prim_path=f"{{ENV_REGEX_NS}}/Landmark_{name}",
        spawn=spawn,
        init_state=RigidObjectCfg.InitialStateCfg(pos=(2.0, 1.5 - number, LANDMARK_HEIGHTS[name])),
    )
    for number, (name, spawn) in enumerate(_SPAWNS.items())
}
"""Red ball, green cube, blue cylinder, yellow cone; 0.3 to 0.5 m in size."""
