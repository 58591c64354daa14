"""Writes the fingers of a gripper into a robot's stage."""
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false
# The stubs that come with pxr say that its functions return None.

from __future__ import annotations

from pxr import Gf, Usd, UsdGeom, UsdPhysics

from humanoid_vla.assets.g1_figures import Joint
from humanoid_vla.assets.g1_visuals import DARK, Part
from humanoid_vla.assets.gripper import Finger
from humanoid_vla.assets.usd_parts import add_attributes, add_body, add_collider, add_part


def add_finger(stage: Usd.Stage, root: str, finger: Finger) -> None:
    """Add a closed finger to its hand: body, shapes and sliding joint."""
    link = finger.link
    hand = stage.GetPrimAtPath(f"{root}/{link.parent}")
    path = f"{root}/{link.name}"
    add_body(stage, path, link, UsdGeom.Xformable(hand).GetLocalTransformation())
    add_part(stage, f"{path}/visuals/{link.name}", Part(link.name, "box", DARK, *finger.box), Gf.Matrix4d(1.0))
    for number, collider in enumerate(link.colliders):
        add_collider(stage, f"{path}/collisions/{link.name}_{number}", collider, Gf.Matrix4d(1.0))
    if link.joint is not None:
        _add_slide(stage, root, finger, link.joint)


def _add_slide(stage: Usd.Stage, root: str, finger: Finger, joint: Joint) -> None:
    slide = UsdPhysics.PrismaticJoint.Define(stage, f"{root}/joints/{joint.name}")
    slide.CreateBody0Rel().SetTargets([f"{root}/{finger.link.parent}"])
    slide.CreateBody1Rel().SetTargets([f"{root}/{finger.link.name}"])
    # An axis has no sign in USD: half a turn about x makes y point the other way, for both bodies.
    turn = Gf.Quatf(1.0) if finger.direction > 0 else Gf.Quatf(0.0, 1.0, 0.0, 0.0)
    for attribute in (slide.CreateLocalPos0Attr, slide.CreateLocalPos1Attr):
        attribute(Gf.Vec3f(0.0))
    for attribute in (slide.CreateLocalRot0Attr, slide.CreateLocalRot1Attr):
        attribute(turn)
    slide.CreateAxisAttr(joint.axis)
    slide.CreateLowerLimitAttr(joint.lower)
    slide.CreateUpperLimitAttr(joint.upper)
    drive = UsdPhysics.DriveAPI.Apply(slide.GetPrim(), UsdPhysics.Tokens.linear)
    # The gains are the actuators' business (g1.py); a drive must exist for them to be set.
    drive.CreateTypeAttr(UsdPhysics.Tokens.force)
    drive.CreateStiffnessAttr(0.0)
    drive.CreateDampingAttr(0.0)
    drive.CreateMaxForceAttr(joint.effort_limit)
    limits = {"armature": joint.armature, "velocityLimit": joint.velocity_limit}
    add_attributes(slide.GetPrim(), "NewtonJointAPI", {f"newton:{name}": value for name, value in limits.items()})
    physx = {"physxJoint:armature": joint.armature, "physxJoint:maxJointVelocity": joint.velocity_limit}
    add_attributes(slide.GetPrim(), "PhysxJointAPI", physx)
