"""Robots as MJCF files: an arm on a floating base, and the G1 of the figures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from humanoid_vla.assets.g1_figures import Frame, Link, load_figures
from humanoid_vla.safety.pairs import OVERLAP_AT_REST

ARM = """
<mujoco model="arm">
  <compiler angle="radian"/>
  <worldbody>
    <body name="base" pos="3 2 1" quat="0 1 0 0">
      <freejoint/>
      <geom type="box" size="0.1 0.1 0.1" mass="5"/>
      <body name="plate">
        <geom type="box" size="0.1 0.1 0.02" pos="0 0 0.1" mass="0.1"/>
        <body name="upper">
          <joint name="shoulder" axis="0 1 0" range="-3 3" armature="0.01" damping="0.1"/>
          <geom name="upper" type="capsule" fromto="0 0 0 0.3 0 0" size="0.04" mass="1"/>
          <body name="fore" pos="0.3 0 0">
            <joint name="elbow" axis="0 1 0" range="-3 3" armature="0.01"/>
            <geom name="fore" type="capsule" fromto="0 0 0 0.3 0 0" size="0.03" mass="0.5"/>
          </body>
        </body>
      </body>
      <body name="leg" pos="0 0 -0.2">
        <joint name="hip" axis="0 1 0"/>
        <geom type="capsule" fromto="0 0 0 0 0 -0.4" size="0.04" mass="2"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor name="shoulder_motor" joint="shoulder"/>
    <motor name="hip_motor" joint="hip"/>
  </actuator>
  <sensor><jointpos joint="hip"/></sensor>
  <keyframe><key qpos="0 0 1 1 0 0 0 0.1 0.2 0.3"/></keyframe>
</mujoco>
"""
"""The arm's joints are "shoulder" and "elbow"; what is fixed to the base overlaps with what is fixed to the arm."""


def write_g1(path: Path) -> Path:
    """All links, joints and capsules of the figures, on a floating base, with self-collisions."""
    links = load_figures().links
    children: dict[str | None, list[Link]] = {}
    for link in links:
        children.setdefault(link.parent, []).append(link)
    excludes = "".join(f'<exclude body1="{first}" body2="{second}"/>' for first, second in OVERLAP_AT_REST)
    path.write_text(
        f'<mujoco model="g1"><compiler angle="radian"/><worldbody>{_body(links[0], children)}</worldbody>'
        f"<contact>{excludes}</contact></mujoco>"
    )
    return path


def _body(link: Link, children: dict[str | None, list[Link]]) -> str:
    masses = _pose(link.mass_frame)
    parts = [f'<inertial mass="{link.mass}" diaginertia="{_row(link.inertia)}" {masses}/>']
    joint = link.joint
    if joint is None:
        parts.append("<freejoint/>")
    else:
        axis = _row(float(letter == joint.axis) for letter in "XYZ")
        limits = f'range="{joint.lower} {joint.upper}" armature="{joint.armature}"'
        parts.append(f'<joint name="{joint.name}" axis="{axis}" {limits}/>')
    for shape in link.colliders:
        kind = "capsule" if shape.half_length else "sphere"
        parts.append(f'<geom type="{kind}" size="{shape.radius} {shape.half_length}" {_pose(shape.frame)}/>')
    parts += [_body(child, children) for child in children.get(link.name, [])]
    return f'<body name="{link.name}" {_pose(link.frame)}>{"".join(parts)}</body>'


def _pose(frame: Frame) -> str:
    return f'pos="{_row(frame.pos)}" quat="{_row(frame.quat)}"'


def _row(values: Iterable[float]) -> str:
    return " ".join(map(str, values))
