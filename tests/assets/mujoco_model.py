"""A MuJoCo model of the G1 made straight from the json, sharing no code with the package."""
# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import mujoco

FIGURES: dict[str, Any] = json.loads(files("humanoid_vla.assets").joinpath("data/g1_29dof.json").read_text())
JOINTS: dict[str, dict[str, Any]] = {
    link["joint"]["name"]: link["joint"] for link in FIGURES["links"] if link["parent"] is not None
}


def build() -> mujoco.MjModel:
    """All bodies, joints and colliders of the json, on a free base."""
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    bodies: dict[str | None, Any] = {None: spec.worldbody}
    for link in FIGURES["links"]:
        body = bodies[link["parent"]].add_body(
            name=link["name"],
            pos=link["pos"],
            quat=link["quat_wxyz"],
            mass=link["mass"],
            ipos=link["com"],
            iquat=link["inertia_quat_wxyz"],
            inertia=link["inertia_diag"],
            explicitinertial=True,
        )
        bodies[link["name"]] = body
        if link["parent"] is None:
            body.add_freejoint()
        else:
            joint = link["joint"]
            body.add_joint(name=joint["name"], axis=joint["axis"], range=joint["range"], armature=joint["armature"])
        for shape in link["collision"]:
            kind = mujoco.mjtGeom.mjGEOM_SPHERE if shape["type"] == "sphere" else mujoco.mjtGeom.mjGEOM_CAPSULE
            size = [shape["radius"], shape.get("half_length", 0.0), 0.0]
            body.add_geom(type=kind, pos=shape["pos"], quat=shape["quat_wxyz"], size=size)
    return spec.compile()
