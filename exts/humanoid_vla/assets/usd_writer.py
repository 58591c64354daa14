"""Writes ``data/g1.usda`` and ``data/g1_upper_body.usda``: ``python -m humanoid_vla.assets.usd_writer``.

Both files have the default prim ``/g1``, whose origin is the pelvis frame, and hold the links as its children, named as
in the figures, at zero joint angles. ``g1.usda`` has a free base and 29 joints. In ``g1_upper_body.usda`` a fixed joint
holds the pelvis to the world, the straight legs are part of the pelvis (drawn, and as colliders down to the shins), and
17 joints remain. Its pelvis keeps the mass of the pelvis alone: a fixed body's mass changes nothing.

Attributes stand in three schemas: UsdPhysics where it has them, ``newton:`` and ``physxJoint:`` for what it lacks, so
that every backend of Isaac Lab reads the same limits. Angles are degrees, as UsdPhysics asks.
"""
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false
# The stubs that come with pxr say that its functions return None.

from __future__ import annotations

import math
import os
from pathlib import Path

from pxr import Gf, Sdf, Usd, UsdGeom, UsdPhysics

from humanoid_vla.assets.g1_figures import DATA_DIR, Collider, Figures, Frame, Joint, Link, Vec3, load_figures
from humanoid_vla.assets.g1_visuals import PARTS, STAND_PARTS, Part

HEAD_CAMERA_MOUNT = Frame((0.0576235, 0.01753, 0.42987), (math.cos(0.8307767 / 2), 0.0, math.sin(0.8307767 / 2), 0.0))
"""The head camera in ``torso_link``, ``d435_joint`` in Unitree's g1_29dof URDF: pitch 0.8307767 rad, view along x."""

FILTERED_PAIRS: tuple[tuple[str, str], ...] = (
    ("pelvis", "left_hip_roll_link"),
    ("pelvis", "right_hip_roll_link"),
    ("left_elbow_link", "left_wrist_pitch_link"),
    ("right_elbow_link", "right_wrist_pitch_link"),
)
"""Links whose colliders overlap in every pose although a link without colliders stands between them."""

_LEG_WORDS = ("hip", "knee", "ankle")


def is_leg(name: str) -> bool:
    """Whether a link or joint of this name belongs to a leg."""
    return any(word in name for word in _LEG_WORDS)


def foot_spheres(link: Link) -> tuple[Collider, ...]:
    """Four spheres in place of the seven capsules of a sole: the same corners, four ground contacts a foot.

    Length from the longest outer capsules, width from the outermost ones; within 1 cm of the four spheres in Unitree's
    own MuJoCo model (x -0.05 and 0.12 m, y 0.025 and 0.03 m).
    """
    outer, longest = link.colliders[0], link.colliders[1]
    (middle, _, z), width = longest.frame.pos, abs(outer.frame.pos[1])
    return tuple(
        Collider(Frame((middle + along * longest.half_length, across * width, z)), longest.radius)
        for along in (-1, 1)
        for across in (-1, 1)
    )


def _matrix(frame: Frame) -> Gf.Matrix4d:
    w, x, y, z = frame.quat
    return Gf.Matrix4d().SetRotate(Gf.Quatd(w, x, y, z)) * Gf.Matrix4d().SetTranslate(Gf.Vec3d(*frame.pos))


def _quatf(frame: Frame) -> Gf.Quatf:
    w, x, y, z = frame.quat
    return Gf.Quatf(w, x, y, z)


def _place(prim: Usd.Prim, matrix: Gf.Matrix4d, scale: Vec3 = (1.0, 1.0, 1.0)) -> None:
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


def _add_attributes(prim: Usd.Prim, schema: str, attributes: dict[str, float | bool]) -> None:
    """Apply a schema by name and author its attributes; its Python bindings and definitions need not be installed."""
    prim.AddAppliedSchema(schema)
    for name, value in attributes.items():
        kind = Sdf.ValueTypeNames.Bool if isinstance(value, bool) else Sdf.ValueTypeNames.Float
        prim.CreateAttribute(name, kind, custom=False).Set(value)


def _add_collider(stage: Usd.Stage, path: str, collider: Collider, offset: Gf.Matrix4d) -> None:
    if collider.half_length:
        shape = UsdGeom.Capsule.Define(stage, path)
        shape.CreateAxisAttr(UsdGeom.Tokens.z)
        shape.CreateHeightAttr(2 * collider.half_length)
    else:
        shape = UsdGeom.Sphere.Define(stage, path)
    shape.CreateRadiusAttr(collider.radius)
    shape.CreatePurposeAttr(UsdGeom.Tokens.guide)
    _place(shape.GetPrim(), _matrix(collider.frame) * offset)
    UsdPhysics.CollisionAPI.Apply(shape.GetPrim())


def _add_part(stage: Usd.Stage, path: str, part: Part, offset: Gf.Matrix4d) -> None:
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
    _place(shape.GetPrim(), matrix * offset, scale)


def _add_shapes(stage: Usd.Stage, body: str, link: Link, parts: tuple[Part, ...], offset: Gf.Matrix4d) -> None:
    """Add the colliders and the visuals of ``link`` to the body at path ``body``, which ``offset`` maps to."""
    colliders = foot_spheres(link) if "ankle_roll" in link.name else link.colliders
    if not body.endswith(link.name) and ("knee" in link.name or "ankle" in link.name):
        # Shanks and feet that hang from a fixed pelvis meet nothing a hand can reach.
        colliders = ()
    for number, collider in enumerate(colliders):
        _add_collider(stage, f"{body}/collisions/{link.name}_{number}", collider, offset)
    for number, part in enumerate(part for part in parts if part.link == link.name):
        _add_part(stage, f"{body}/visuals/{link.name}_{number}", part, offset)


def _add_body(stage: Usd.Stage, path: str, link: Link, world: Gf.Matrix4d) -> None:
    body = UsdGeom.Xform.Define(stage, path).GetPrim()
    _place(body, world)
    UsdPhysics.RigidBodyAPI.Apply(body)
    mass = UsdPhysics.MassAPI.Apply(body)
    mass.CreateMassAttr(link.mass)
    mass.CreateCenterOfMassAttr(Gf.Vec3f(*link.mass_frame.pos))
    mass.CreateDiagonalInertiaAttr(Gf.Vec3f(*link.inertia))
    mass.CreatePrincipalAxesAttr(_quatf(link.mass_frame))


def _add_joint(stage: Usd.Stage, root: str, link: Link, joint: Joint) -> None:
    hinge = UsdPhysics.RevoluteJoint.Define(stage, f"{root}/joints/{joint.name}")
    hinge.CreateBody0Rel().SetTargets([f"{root}/{link.parent}"])
    hinge.CreateBody1Rel().SetTargets([f"{root}/{link.name}"])
    hinge.CreateLocalPos0Attr(Gf.Vec3f(*link.frame.pos))
    hinge.CreateLocalRot0Attr(_quatf(link.frame))
    hinge.CreateLocalPos1Attr(Gf.Vec3f(0.0))
    hinge.CreateLocalRot1Attr(Gf.Quatf(1.0))
    hinge.CreateAxisAttr(joint.axis)
    hinge.CreateLowerLimitAttr(math.degrees(joint.lower))
    hinge.CreateUpperLimitAttr(math.degrees(joint.upper))
    drive = UsdPhysics.DriveAPI.Apply(hinge.GetPrim(), UsdPhysics.Tokens.angular)
    # The gains are the actuators' business (g1.py); a drive must exist for them to be set.
    drive.CreateTypeAttr(UsdPhysics.Tokens.force)
    drive.CreateStiffnessAttr(0.0)
    drive.CreateDampingAttr(0.0)
    drive.CreateMaxForceAttr(joint.effort_limit)
    velocity = math.degrees(joint.velocity_limit)
    prim = hinge.GetPrim()
    _add_attributes(prim, "NewtonJointAPI", {"newton:armature": joint.armature, "newton:velocityLimit": velocity})
    _add_attributes(
        prim, "PhysxJointAPI", {"physxJoint:armature": joint.armature, "physxJoint:maxJointVelocity": velocity}
    )


def build_stage(figures: Figures, upper_body: bool) -> Usd.Stage:
    """Build the robot in memory: free, with 29 joints, or fixed to the world, with the 17 of the upper body."""
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    UsdPhysics.SetStageKilogramsPerUnit(stage, 1.0)
    root = "/g1"
    root_prim = UsdGeom.Xform.Define(stage, root).GetPrim()
    stage.SetDefaultPrim(root_prim)
    UsdPhysics.ArticulationRootAPI.Apply(root_prim)
    _add_attributes(root_prim, "NewtonArticulationRootAPI", {"newton:selfCollisionEnabled": True})
    _add_attributes(root_prim, "PhysxArticulationAPI", {"physxArticulation:enabledSelfCollisions": True})

    parts = PARTS + STAND_PARTS if upper_body else PARTS
    pelvis = figures.links[0].name
    world = {pelvis: Gf.Matrix4d(1.0)}
    for link in figures.links:
        if link.parent is not None:
            world[link.name] = _matrix(link.frame) * world[link.parent]
        if upper_body and is_leg(link.name):
            _add_shapes(stage, f"{root}/{pelvis}", link, parts, world[link.name])
        else:
            _add_body(stage, f"{root}/{link.name}", link, world[link.name])
            _add_shapes(stage, f"{root}/{link.name}", link, parts, Gf.Matrix4d(1.0))

    if upper_body:
        fixed = UsdPhysics.FixedJoint.Define(stage, f"{root}/joints/pelvis_to_world")
        fixed.CreateBody1Rel().SetTargets([f"{root}/{pelvis}"])
    for link in figures.links:
        if link.joint is not None and not (upper_body and is_leg(link.name)):
            _add_joint(stage, root, link, link.joint)
    for first, second in FILTERED_PAIRS:
        if not (upper_body and is_leg(second)):
            prim = stage.GetPrimAtPath(f"{root}/{first}")
            UsdPhysics.FilteredPairsAPI.Apply(prim).CreateFilteredPairsRel().AddTarget(f"{root}/{second}")

    _place(UsdGeom.Xform.Define(stage, f"{root}/torso_link/head_camera_mount").GetPrim(), _matrix(HEAD_CAMERA_MOUNT))
    for link in figures.links:
        if link.name.endswith("wrist_yaw_link"):
            palm = UsdGeom.Xform.Define(stage, f"{root}/{link.name}/{link.name.split('_')[0]}_palm").GetPrim()
            _place(palm, _matrix(Frame(link.colliders[0].frame.pos)))
    return stage


def write(directory: Path = DATA_DIR) -> None:
    """Write both files into ``directory``, each under a temporary name first, so that no reader sees half a file."""
    for name, upper_body in (("g1.usda", False), ("g1_upper_body.usda", True)):
        # ExportToString carries no comment, path or version: the same figures give the same bytes.
        stage = build_stage(load_figures(), upper_body)  # a layer does not keep its stage alive
        text = stage.GetRootLayer().ExportToString()
        temporary = directory / f".{name}.part"
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, directory / name)


if __name__ == "__main__":
    write()
