"""Pieces of a robot's USD file: frames, schema attributes, colliders and what is drawn."""
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false
# The stubs that come with pxr say that its functions return None.

from __future__ import annotations

from pxr import Gf, Sdf, Usd, UsdGeom, UsdPhysics

from humanoid_vla.assets.g1_figures import Collider, Frame, Link, Vec3
from humanoid_vla.assets.g1_visuals import Part


def to_matrix(frame: Frame) -> Gf.Matrix4d:
    """The frame as a matrix for row vectors, as USD has them."""
    w, x, y, z = frame.quat
    return Gf.Matrix4d().SetRotate(Gf.Quatd(w, x, y, z)) * Gf.Matrix4d().SetTranslate(Gf.Vec3d(*frame.pos))


def to_quatf(frame: Frame) -> Gf.Quatf:
    """The frame's rotation in single precision."""
    w, x, y, z = frame.quat
    return Gf.Quatf(w, x, y, z)


def place(prim: Usd.Prim, matrix: Gf.Matrix4d, scale: Vec3 = (1.0, 1.0, 1.0)) -> None:
    """Author the transform as translate, orient, scale, the operations Isaac Lab expects.

    Rounded to a nanometre, so that the last bit of another machine's arithmetic does not change the file.
    """
    quat = matrix.ExtractRotationQuat().GetNormalized()
    sign = -1.0 if quat.GetReal() < 0 else 1.0
    real, imaginary = (round(sign * quat.GetReal(), 9) + 0.0, [round(sign * v, 9) + 0.0 for v in quat.GetImaginary()])
    xform = UsdGeom.Xformable(prim)
    translate = Gf.Vec3d([round(v, 9) + 0.0 for v in matrix.ExtractTranslation()])
    xform.AddTranslateOp(UsdGeom.XformOp.PrecisionDouble).Set(translate)
    xform.AddOrientOp(UsdGeom.XformOp.PrecisionDouble).Set(Gf.Quatd(real, *imaginary))
    xform.AddScaleOp(UsdGeom.XformOp.PrecisionDouble).Set(Gf.Vec3d(*scale))


def add_attributes(prim: Usd.Prim, schema: str, attributes: dict[str, float | bool]) -> None:
    """Apply a schema by name and author its attributes; its Python bindings and definitions need not be installed."""
    prim.AddAppliedSchema(schema)
    for name, value in attributes.items():
        kind = Sdf.ValueTypeNames.Bool if isinstance(value, bool) else Sdf.ValueTypeNames.Float
        prim.CreateAttribute(name, kind, custom=False).Set(value)


def add_collider(stage: Usd.Stage, path: str, collider: Collider, offset: Gf.Matrix4d) -> None:
    """Add a capsule or sphere that collides and is not drawn; ``offset`` maps the link's frame to the body's."""
    if collider.half_length:
        shape = UsdGeom.Capsule.Define(stage, path)
        shape.CreateAxisAttr(UsdGeom.Tokens.z)
        shape.CreateHeightAttr(2 * collider.half_length)
    else:
        shape = UsdGeom.Sphere.Define(stage, path)
    shape.CreateRadiusAttr(collider.radius)
    shape.CreatePurposeAttr(UsdGeom.Tokens.guide)
    place(shape.GetPrim(), to_matrix(collider.frame) * offset)
    UsdPhysics.CollisionAPI.Apply(shape.GetPrim())


def add_part(stage: Usd.Stage, path: str, part: Part, offset: Gf.Matrix4d) -> None:
    """Add a primitive that is drawn and does not collide; ``offset`` maps the link's frame to the body's."""
    start, end = Gf.Vec3d(*part.start), Gf.Vec3d(*part.end)
    # A box spans its corners along the link's axes; everything else runs along its own z axis.
    turn = Gf.Rotation(Gf.Vec3d(0, 0, 1), 0.0) if part.kind == "box" else Gf.Rotation(Gf.Vec3d(0, 0, 1), end - start)
    matrix = Gf.Matrix4d().SetRotate(turn) * Gf.Matrix4d().SetTranslate((start + end) / 2)
    scale = (1.0, 1.0, 1.0)
    if part.kind == "box":
        shape = UsdGeom.Cube.Define(stage, path)
        shape.CreateSizeAttr(1.0)
        x, y, z = (round(abs(v), 9) for v in end - start)
        scale = (x, y, z)
    else:
        shape = (UsdGeom.Capsule if part.kind == "capsule" else UsdGeom.Cylinder).Define(stage, path)
        shape.CreateAxisAttr(UsdGeom.Tokens.z)
        shape.CreateHeightAttr(round((end - start).GetLength(), 9))
        shape.CreateRadiusAttr(part.radius)
    shape.CreateDisplayColorAttr([Gf.Vec3f(*part.color)])
    place(shape.GetPrim(), matrix * offset, scale)


def add_body(stage: Usd.Stage, path: str, link: Link, world: Gf.Matrix4d) -> None:
    """Add the rigid body of ``link``, without shapes, with its frame at ``world``."""
    body = UsdGeom.Xform.Define(stage, path).GetPrim()
    place(body, world)
    UsdPhysics.RigidBodyAPI.Apply(body)
    mass = UsdPhysics.MassAPI.Apply(body)
    mass.CreateMassAttr(link.mass)
    mass.CreateCenterOfMassAttr(Gf.Vec3f(*link.mass_frame.pos))
    mass.CreateDiagonalInertiaAttr(Gf.Vec3f(*link.inertia))
    mass.CreatePrincipalAxesAttr(to_quatf(link.mass_frame))
