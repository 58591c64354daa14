"""The four objects to pick up: those of :mod:`.objects`, free to move.

An upright cylinder and a cone touch a table's box in one point at a time, in MuJoCo Warp, and would wobble. So they
stand on three small spheres each, which stick out by half a millimetre and are not drawn.
"""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportReturnType=false
# The stubs that come with pxr say that its functions return None.

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import MISSING

import isaaclab.sim as sim_utils
from isaaclab.assets import RigidObjectCfg
from isaaclab.sim.utils import clone
from isaaclab.utils import configclass, replace
from pxr import Gf, Usd, UsdGeom, UsdPhysics

from humanoid_vla.assets.g1_figures import Vec3
from humanoid_vla.assets.objects import OBJECT_CFGS

FOOT_RADIUS = 0.004
"""Radius of an object's feet [m]."""


@clone
def spawn_loose_object(
    prim_path: str,
    cfg: LooseObjectCfg,
    translation: Vec3 | None = None,
    orientation: tuple[float, float, float, float] | None = None,
    **_: object,
) -> Usd.Prim:
    """Spawn an object that moves, with its feet."""
    prim = cfg.shape.func(prim_path, cfg.shape, translation, orientation)
    UsdPhysics.RigidBodyAPI.Apply(prim).CreateKinematicEnabledAttr(False)
    for number, (x, y) in enumerate(cfg.feet):
        foot = UsdGeom.Sphere.Define(prim.GetStage(), f"{prim_path}/geometry/foot_{number}")
        foot.CreateRadiusAttr(FOOT_RADIUS)
        foot.CreatePurposeAttr(UsdGeom.Tokens.guide)
        foot.AddTranslateOp().Set(Gf.Vec3d(x, y, FOOT_RADIUS - cfg.foot_depth))
        UsdPhysics.CollisionAPI.Apply(foot.GetPrim())
    return prim


@configclass
class LooseObjectCfg(sim_utils.SpawnerCfg):
    """A shape that moves."""

    func: Callable[..., Usd.Prim] = spawn_loose_object
    shape: sim_utils.SpawnerCfg = MISSING  # type: ignore
    feet: list[tuple[float, float]] = []
    """Where the shape stands: x and y of each foot in its frame [m]."""
    foot_depth: float = 0.0305
    """How far the feet reach below the shape's centre [m]."""


def _tripod(radius: float) -> list[tuple[float, float]]:
    angles = [2.0 * math.pi * number / 3 for number in range(3)]
    return [(radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]


_FEET: dict[str, list[tuple[float, float]]] = {"cylinder": _tripod(0.020), "cone": _tripod(0.024)}

LOOSE_OBJECT_CFGS: dict[str, RigidObjectCfg] = {
    name: replace(cfg, spawn=LooseObjectCfg(shape=cfg.spawn, feet=_FEET.get(name, [])))
    for name, cfg in OBJECT_CFGS.items()
}
"""Red cube, green ball, blue cylinder, yellow cone, of 0.1 kg each; they begin 1 mm above the table."""

HALF_WIDTHS: dict[str, float] = {"cube": 0.0248, "ball": 0.0258, "cylinder": 0.0225, "cone": 0.0188}
"""How far from the middle of a gripper its fingers touch each object when it is held as it stands [m]. The four spheres
of a finger's pad reach around what is round."""
