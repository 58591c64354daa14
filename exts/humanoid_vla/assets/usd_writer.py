"""Writes the robot's USD files into ``data/``: ``python -m humanoid_vla.assets.usd_writer``.

All files have the default prim ``/g1``, whose origin is the pelvis frame, and hold the links as its children, named as
in the figures, at zero joint angles. ``g1.usda`` has a free base and 29 joints. In ``g1_upper_body.usda`` a fixed joint
holds the pelvis to the world, the straight legs are part of the pelvis (drawn, and as colliders down to the shins), and
17 joints remain. Its pelvis keeps the mass of the pelvis alone: a fixed body's mass changes nothing.
``g1_gripper.usda`` is that with a gripper in place of each hand, and 4 joints more.

Attributes stand in three schemas: UsdPhysics where it has them, ``newton:`` and ``physxJoint:`` for what it lacks, so
that every backend of Isaac Lab reads the same limits. Angles are degrees, as UsdPhysics asks.
"""
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false
# The stubs that come with pxr say that its functions return None.

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

from pxr import Gf, Usd, UsdGeom, UsdPhysics

from humanoid_vla.assets.g1_figures import DATA_DIR, Collider, Figures, Frame, Joint, Link, load_figures
from humanoid_vla.assets.g1_visuals import PARTS, STAND_PARTS, Part
from humanoid_vla.assets.gripper import FINGERS, HANDS, PALM, PALM_PARTS
from humanoid_vla.assets.gripper_usd import add_finger
from humanoid_vla.assets.usd_parts import add_attributes, add_body, add_collider, add_part, place, to_matrix, to_quatf

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


def _add_shapes(stage: Usd.Stage, body: str, link: Link, parts: tuple[Part, ...], offset: Gf.Matrix4d) -> None:
    """Add the colliders and the visuals of ``link`` to the body at path ``body``, which ``offset`` maps to."""
    colliders = foot_spheres(link) if "ankle_roll" in link.name else link.colliders
    if not body.endswith(link.name) and ("knee" in link.name or "ankle" in link.name):
        # Shanks and feet that hang from a fixed pelvis meet nothing a hand can reach.
        colliders = ()
    for number, collider in enumerate(colliders):
        add_collider(stage, f"{body}/collisions/{link.name}_{number}", collider, offset)
    for number, part in enumerate(part for part in parts if part.link == link.name):
        add_part(stage, f"{body}/visuals/{link.name}_{number}", part, offset)


def _add_joint(stage: Usd.Stage, root: str, link: Link, joint: Joint) -> None:
    hinge = UsdPhysics.RevoluteJoint.Define(stage, f"{root}/joints/{joint.name}")
    hinge.CreateBody0Rel().SetTargets([f"{root}/{link.parent}"])
    hinge.CreateBody1Rel().SetTargets([f"{root}/{link.name}"])
    hinge.CreateLocalPos0Attr(Gf.Vec3f(*link.frame.pos))
    hinge.CreateLocalRot0Attr(to_quatf(link.frame))
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
    add_attributes(prim, "NewtonJointAPI", {"newton:armature": joint.armature, "newton:velocityLimit": velocity})
    add_attributes(
        prim, "PhysxJointAPI", {"physxJoint:armature": joint.armature, "physxJoint:maxJointVelocity": velocity}
    )


def build_stage(figures: Figures, upper_body: bool, parts: tuple[Part, ...] = PARTS) -> Usd.Stage:
    """Build the robot in memory: free, with 29 joints, or fixed to the world, with the 17 of the upper body."""
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    UsdPhysics.SetStageKilogramsPerUnit(stage, 1.0)
    root = "/g1"
    root_prim = UsdGeom.Xform.Define(stage, root).GetPrim()
    stage.SetDefaultPrim(root_prim)
    UsdPhysics.ArticulationRootAPI.Apply(root_prim)
    add_attributes(root_prim, "NewtonArticulationRootAPI", {"newton:selfCollisionEnabled": True})
    add_attributes(root_prim, "PhysxArticulationAPI", {"physxArticulation:enabledSelfCollisions": True})

    parts = parts + STAND_PARTS if upper_body else parts
    pelvis = figures.links[0].name
    world = {pelvis: Gf.Matrix4d(1.0)}
    for link in figures.links:
        if link.parent is not None:
            world[link.name] = to_matrix(link.frame) * world[link.parent]
        if upper_body and is_leg(link.name):
            _add_shapes(stage, f"{root}/{pelvis}", link, parts, world[link.name])
        else:
            add_body(stage, f"{root}/{link.name}", link, world[link.name])
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

    place(UsdGeom.Xform.Define(stage, f"{root}/torso_link/head_camera_mount").GetPrim(), to_matrix(HEAD_CAMERA_MOUNT))
    for link in figures.links:
        if link.name.endswith("wrist_yaw_link"):
            palm = UsdGeom.Xform.Define(stage, f"{root}/{link.name}/{link.name.split('_')[0]}_palm").GetPrim()
            place(palm, to_matrix(Frame(link.colliders[0].frame.pos)))
    return stage


def build_gripper_stage(figures: Figures) -> Usd.Stage:
    """Build the upper body with a gripper in place of each hand, in memory."""
    links = tuple(replace(link, colliders=(PALM,)) if link.name in HANDS else link for link in figures.links)
    parts = tuple(part for part in PARTS if part.link not in HANDS) + PALM_PARTS
    stage = build_stage(replace(figures, links=links), True, parts)
    for finger in FINGERS:
        add_finger(stage, "/g1", finger)
    for inner, outer in zip(FINGERS[::2], FINGERS[1::2], strict=True):  # they touch where the gripper is closed
        prim = stage.GetPrimAtPath(f"/g1/{inner.link.name}")
        UsdPhysics.FilteredPairsAPI.Apply(prim).CreateFilteredPairsRel().AddTarget(f"/g1/{outer.link.name}")
    return stage


def write(directory: Path = DATA_DIR) -> None:
    """Write the files into ``directory``, each under a temporary name first, so that no reader sees half a file."""
    figures = load_figures()
    stages = {
        "g1.usda": build_stage(figures, upper_body=False),
        "g1_upper_body.usda": build_stage(figures, upper_body=True),
        "g1_gripper.usda": build_gripper_stage(figures),
    }
    for name, stage in stages.items():
        # ExportToString carries no comment, path or version: the same figures give the same bytes.
        text = stage.GetRootLayer().ExportToString()
        temporary = directory / f".{name}.part"
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, directory / name)


if __name__ == "__main__":
    write()
