"""The furniture and the things to touch: ground, table and four objects, all made of primitives.

Isaac Lab's own ground plane comes from NVIDIA's cloud, so the ground here is our own. Colours are linear RGB.
"""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportReturnType=false
# The stubs that come with pxr say that its functions return None.

from __future__ import annotations

import math
from collections.abc import Callable

import isaaclab.sim as sim_utils
from isaaclab.assets import AssetBaseCfg, RigidObjectCfg
from isaaclab.sim.utils import clone, create_prim
from isaaclab.utils import configclass
from pxr import Gf, Usd, UsdGeom, UsdPhysics

from humanoid_vla.assets.g1_figures import Vec3

TABLE_HEIGHT = 0.74
"""Height of the table top's surface above the ground [m]."""

OBJECT_RADIUS = 0.03
"""Radius of the ball that stands for any of the four objects [m]; their surfaces differ from it by at most 16 mm."""

OBJECT_REST_HEIGHTS: dict[str, float] = {"cube": 0.026, "ball": 0.031, "cylinder": 0.031, "cone": 0.031}
"""Height of each object's centre above the surface it stands on [m]: half its own height and 1 mm of air, because
contacts between two things that cannot move only cost time."""


def _add_box(stage: Usd.Stage, path: str, size: Vec3, pos: Vec3, color: Vec3) -> UsdGeom.Cube:
    box = UsdGeom.Cube.Define(stage, path)
    box.CreateSizeAttr(1.0)
    box.AddTranslateOp().Set(Gf.Vec3d(*pos))
    box.AddScaleOp().Set(Gf.Vec3f(*size))
    box.CreateDisplayColorAttr([Gf.Vec3f(*color)])
    return box


@clone
def spawn_table(
    prim_path: str,
    cfg: TableCfg,
    translation: Vec3 | None = None,
    orientation: tuple[float, float, float, float] | None = None,
    **_: object,
) -> Usd.Prim:
    """Spawn a table whose origin is the centre of its top's surface; only the top collides."""
    prim = create_prim(prim_path, "Xform", translation=translation, orientation=orientation)
    stage = prim.GetStage()
    length, width = cfg.size
    size, centre = (length, width, cfg.thickness), (0.0, 0.0, -cfg.thickness / 2)
    _add_box(stage, f"{prim_path}/top", size, centre, cfg.top_color)
    # Beside visible prims Newton hides colliders: the one here is a twin of the top.
    collider = _add_box(stage, f"{prim_path}/collider", size, centre, cfg.top_color)
    collider.CreatePurposeAttr(UsdGeom.Tokens.guide)
    UsdPhysics.CollisionAPI.Apply(collider.GetPrim())
    leg, height = 0.04, cfg.height - cfg.thickness
    for number, (x, y) in enumerate(((1, 1), (1, -1), (-1, 1), (-1, -1))):
        pos = (x * (length / 2 - leg), y * (width / 2 - leg), -cfg.thickness - height / 2)
        _add_box(stage, f"{prim_path}/leg_{number}", (leg, leg, height), pos, cfg.leg_color)
    return prim


@configclass
class TableCfg(sim_utils.SpawnerCfg):
    """A table with four legs. Its origin is the centre of the top's surface."""

    func: Callable[..., Usd.Prim] = spawn_table
    size: tuple[float, float] = (0.50, 0.90)
    """Length along x and width along y [m]."""
    height: float = TABLE_HEIGHT
    """Height of the top's surface above the feet [m]."""
    thickness: float = 0.03
    """Thickness of the top [m]."""
    top_color: Vec3 = (0.42, 0.27, 0.15)
    leg_color: Vec3 = (0.05, 0.05, 0.055)


@clone
def spawn_ground(
    prim_path: str,
    cfg: GroundCfg,
    translation: Vec3 | None = None,
    orientation: tuple[float, float, float, float] | None = None,
    **_: object,
) -> Usd.Prim:
    """Spawn an endless plane to stand on, drawn as a square, with its surface at the origin's height."""
    prim = create_prim(prim_path, "Xform", translation=translation, orientation=orientation)
    plane = UsdGeom.Plane.Define(prim.GetStage(), f"{prim_path}/plane")
    plane.CreateAxisAttr(UsdGeom.Tokens.z)
    plane.CreateWidthAttr(cfg.size)
    plane.CreateLengthAttr(cfg.size)
    plane.CreateDisplayColorAttr([Gf.Vec3f(*cfg.color)])
    UsdPhysics.CollisionAPI.Apply(plane.GetPrim())
    return prim


@configclass
class GroundCfg(sim_utils.SpawnerCfg):
    """The ground: a collision plane, drawn as a square of ``size`` [m]."""

    func: Callable[..., Usd.Prim] = spawn_ground
    size: float = 200.0
    color: Vec3 = (0.30, 0.31, 0.33)


@clone
def spawn_cone(
    prim_path: str,
    cfg: ConeCfg,
    translation: Vec3 | None = None,
    orientation: tuple[float, float, float, float] | None = None,
    **_: object,
) -> Usd.Prim:
    """Spawn a kinematic cone along z, centred at half its height, as a convex mesh."""
    prim = create_prim(prim_path, "Xform", translation=translation, orientation=orientation)
    mesh = UsdGeom.Mesh.Define(prim.GetStage(), f"{prim_path}/geometry/mesh")
    angles = [2.0 * math.pi * number / cfg.facets for number in range(cfg.facets)]
    rim = [Gf.Vec3f(cfg.radius * math.cos(a), cfg.radius * math.sin(a), -cfg.height / 2) for a in angles]
    mesh.CreatePointsAttr([*rim, Gf.Vec3f(0.0, 0.0, -cfg.height / 2), Gf.Vec3f(0.0, 0.0, cfg.height / 2)])
    base, apex = cfg.facets, cfg.facets + 1
    faces = []
    for here in range(cfg.facets):
        there = (here + 1) % cfg.facets
        faces += [there, here, base, here, there, apex]
    mesh.CreateFaceVertexIndicesAttr(faces)
    mesh.CreateFaceVertexCountsAttr([3] * (len(faces) // 3))
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    mesh.CreateDisplayColorAttr([Gf.Vec3f(*cfg.color)])
    UsdPhysics.CollisionAPI.Apply(mesh.GetPrim())
    UsdPhysics.MeshCollisionAPI.Apply(mesh.GetPrim()).CreateApproximationAttr(UsdPhysics.Tokens.convexHull)
    UsdPhysics.MassAPI.Apply(prim).CreateMassAttr(cfg.mass)
    UsdPhysics.RigidBodyAPI.Apply(prim).CreateKinematicEnabledAttr(True)
    return prim


@configclass
class ConeCfg(sim_utils.SpawnerCfg):
    """A kinematic cone. Newton's MuJoCo solver knows no cone colliders, so this one is a convex mesh."""

    func: Callable[..., Usd.Prim] = spawn_cone
    radius: float = 0.032
    height: float = 0.06
    mass: float = 0.1
    facets: int = 24
    color: Vec3 = (0.90, 0.65, 0.02)


GROUND_CFG = AssetBaseCfg(prim_path="/World/ground", spawn=GroundCfg(), collision_group=-1)
"""One ground for all environments."""

TABLE_CFG = AssetBaseCfg(
    prim_path="{ENV_REGEX_NS}/Table",
    spawn=TableCfg(),
    init_state=AssetBaseCfg.InitialStateCfg(pos=(0.45, 0.0, TABLE_HEIGHT)),
)
"""A table before the robot; its position is that of the top's surface."""

_PHYSICS = {
    # Objects stay where they are put: the task moves them at resets only.
    "rigid_props": sim_utils.UsdPhysicsRigidBodyCfg(kinematic_enabled=True),
    "mass_props": sim_utils.MassCfg(mass=0.1),
    "collision_props": sim_utils.UsdPhysicsCollisionCfg(),
}
_SPAWNS: dict[str, sim_utils.SpawnerCfg] = {
    "cube": sim_utils.CuboidCfg(
        size=(0.05, 0.05, 0.05),
        visual_material=sim_utils.PreviewSurfaceCfg(diffuse_color=(0.80, 0.03, 0.03)),
        **_PHYSICS,
    ),
    "ball": sim_utils.SphereCfg(
        radius=0.03, visual_material=sim_utils.PreviewSurfaceCfg(diffuse_color=(0.05, 0.50, 0.07)), **_PHYSICS
    ),
    "cylinder": sim_utils.CylinderCfg(
        radius=0.025,
        height=0.06,
        visual_material=sim_utils.PreviewSurfaceCfg(diffuse_color=(0.03, 0.12, 0.80)),
        **_PHYSICS,
    ),
    "cone": ConeCfg(),
}

OBJECT_CFGS: dict[str, RigidObjectCfg] = {
    name: RigidObjectCfg(
        prim_path=f"{{ENV_REGEX_NS}}/Object_{name}",
        spawn=spawn,
        init_state=RigidObjectCfg.InitialStateCfg(
            pos=(0.36, 0.3 - 0.2 * number, TABLE_HEIGHT + OBJECT_REST_HEIGHTS[name])
        ),
    )
    for number, (name, spawn) in enumerate(_SPAWNS.items())
}
"""Red cube, green ball, blue cylinder, yellow cone, side by side on the table; kinematic, about 6 cm in size."""
