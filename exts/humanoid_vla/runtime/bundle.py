"""A bundle: a policy, and all that a robot must know to follow it. Read and verified here, with NumPy alone.

A folder of ``policy.onnx``, ``bundle.json`` (what stands in :class:`Bundle`), ``parity.json`` (how well the graph
agrees with the network it came from) and, where goals are told in sentences, ``instructions.npz``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from humanoid_vla.runtime.bundle_files import MANIFEST, BundleError, check_files, read_arrays, read_file, read_manifest

ACTION_KINDS = ("joint_position", "velocity", "named")
INPUT_DTYPES = ("float32", "uint8")


@dataclass(frozen=True)
class Term:
    """A part of an input: ``start`` to ``stop`` on its last axis; with a history, the oldest comes first."""

    name: str
    kind: str  # name of the observation function, e.g. "joint_pos_rel"
    start: int
    stop: int
    unit: str  # "rad", "m" ...; "1" where there is none, "" where it is not known
    params: dict[str, Any]  # what the function was called with, as plain JSON


@dataclass(frozen=True)
class Input:
    """An observation group, an input of the graph."""

    name: str
    dtype: str  # "float32", or "uint8" for images
    shape: tuple[int, ...]  # without the batch
    history: int  # how many observations of each term stand in it, the newest one included
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class State:
    """What is carried from step to step: an input of the graph, whose next value is an output."""

    name: str
    output: str
    initial: np.ndarray  # at the start of an episode; without the batch


@dataclass(frozen=True)
class Joints:
    """The joints that are commanded, in the order of the targets; arrays are (n,), float64.

    A target is ``default + scale * actions[follows]``, with actions in [-1, 1]. Joints that follow the same action are
    coupled, as the fingers of a gripper: ``max_lead`` counts from the mean of their positions. Where ``follows`` is -1,
    the policy does not move the joint: it is held at ``default``.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]  # "rad", or "m" of fingers that slide: [N] and [N/m] stand for [N m] and [N m/rad] there
    follows: np.ndarray  # number of the action, int64; -1 where the joint is held
    default: np.ndarray  # [rad]
    scale: np.ndarray  # [rad], 0 where the joint is held
    max_speed: np.ndarray  # of a target [rad/s]
    max_lead: np.ndarray  # of a target before the measured position [rad]
    lower: np.ndarray  # hard limits [rad]
    upper: np.ndarray
    soft_lower: np.ndarray  # what targets keep to [rad]
    soft_upper: np.ndarray
    velocity_limit: np.ndarray  # [rad/s]
    effort_limit: np.ndarray  # [N m]
    stiffness: np.ndarray  # of the PD law in the simulation [N m/rad]
    damping: np.ndarray  # [N m s/rad]


@dataclass(frozen=True)
class CameraSpec:
    """A pinhole camera that an input's images come from, and where it is mounted.

    The mount's orientation is of a frame whose x axis looks along the view, y to the left and z up.
    """

    name: str
    width: int  # [px]
    height: int
    fx: float  # [px]
    fy: float
    cx: float
    cy: float
    parent: str  # the body it is fixed to
    pos: np.ndarray  # (3,) in the body's frame [m]
    quat_wxyz: np.ndarray  # (4,)


@dataclass(frozen=True)
class Language:
    """How sentences become the input ``language``: those known by looking them up, others by the encoder named."""

    encoder: str
    weights_sha256: str
    dim: int
    sentences: tuple[str, ...]
    embeddings: np.ndarray  # (len(sentences), dim) float32


@dataclass(frozen=True)
class Bundle:
    """What ``bundle.json`` says, and the instructions."""

    path: Path
    task: str
    agent: str
    policy: str  # the network's class
    policy_dt: float  # seconds from one action to the next
    inputs: tuple[Input, ...]
    states: tuple[State, ...]
    action_kind: str  # "joint_position": targets of joints; "velocity", "named": velocities for what walks
    commands: dict[str, list[float]]  # velocities [m/s, m/s, rad/s]: by name; "lowest", "highest"; none for joints
    walks_with: dict[str, Any]  # the policy that followed these in the task: checkpoint, sha256, policy_dt; none else
    chunk_size: int  # actions that the graph gives at once
    joints: Joints  # of kind "velocity" and "named" those that the policy that walks moves
    fixed_base: bool  # whether something held the pelvis; else the robot stood on its feet
    filter_settings: dict[str, Any]  # of the action filter, where they are not its own
    keep_out: dict[str, Any]  # boxes to stay out of: name -> centre and size in the pelvis frame [m]
    cameras: tuple[CameraSpec, ...]
    language: Language | None
    provenance: dict[str, Any]  # checkpoint, revision, versions of packages
    files: dict[str, str] = field(default_factory=dict)  # name -> SHA-256

    def read(self, name: str) -> bytes:
        """A file's bytes, checked once more: what is used is what was verified.

        Raises:
            BundleError: There is no such file in the bundle, or it was changed.
        """
        if name not in self.files:
            raise BundleError(f"the bundle '{self.path}' holds no file '{name}'; it holds {', '.join(self.files)}")
        return read_file(self.path, name, self.files[name])


def load_bundle(path: str | Path) -> Bundle:
    """Read a bundle; nothing in it runs code.

    Raises:
        BundleError: It is missing, of another version, was changed, or contradicts itself; one line.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    files = check_files(folder, manifest.get("files"))
    try:
        bundle = Bundle(
            path=folder,
            files=files,
            inputs=tuple(_input(value) for value in manifest["inputs"]),
            states=tuple(_state(value) for value in manifest["states"]),
            joints=_joints(manifest["joints"]),
            cameras=tuple(_camera(value) for value in manifest["cameras"]),
            language=_language(folder, files, manifest["language"]),
            **{name: _typed(manifest, name, kind) for name, kind in _PLAIN.items()},
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise BundleError(f"{folder / MANIFEST}: {type(error).__name__}: {error}; export the bundle again") from None
    except ValueError as error:
        raise BundleError(str(error) if isinstance(error, BundleError) else f"{folder / MANIFEST}: {error}") from None
    return bundle


_PLAIN: dict[str, type] = {
    "task": str,
    "agent": str,
    "policy": str,
    "policy_dt": float,
    "action_kind": str,
    "commands": dict,
    "walks_with": dict,
    "chunk_size": int,
    "fixed_base": bool,
    "filter_settings": dict,
    "keep_out": dict,
    "provenance": dict,
}


def _typed(values: Mapping[str, Any], name: str, kind: type) -> Any:
    value: Any = values[name]
    if type(value) is not kind:
        raise ValueError(f"{name} is {value!r}, which is no {kind.__name__}")
    if kind in (int, float) and not (math.isfinite(value) and value >= (1 if kind is int else 0)):
        raise ValueError(f"{name} is {value}, which is no positive number")
    if name == "policy_dt" and value == 0.0:
        raise ValueError("policy_dt is 0; it is the seconds from one action to the next")
    if name == "filter_settings":
        _finite(name, list(value.values()))
    if name == "commands" and value and _finite("commands", list(value.values())).ndim != 2:
        raise ValueError(f"commands are {value}, which are no lists of numbers")
    if name == "action_kind" and value not in ACTION_KINDS:
        raise ValueError(f"action_kind is '{value}'; it must be one of {', '.join(ACTION_KINDS)}")
    return value


def _input(value: dict[str, Any]) -> Input:
    result = Input(**value | {"shape": tuple(value["shape"]), "terms": tuple(Term(**term) for term in value["terms"])})
    if result.dtype not in INPUT_DTYPES:
        raise ValueError(f"input '{result.name}' is of {result.dtype}; known are {', '.join(INPUT_DTYPES)}")
    stops = [0, *(term.stop for term in result.terms)]
    if (
        min(result.shape) < 1
        or result.history < 1
        or stops[-1] != result.shape[-1]
        or [term.start for term in result.terms] != stops[:-1]
    ):
        raise ValueError(f"the terms of input '{result.name}' do not fill its shape {result.shape}")
    return result


def _state(value: dict[str, Any]) -> State:
    if value["dtype"] not in ("float32", "int64"):
        raise ValueError(f"state '{value['name']}' is of {value['dtype']}; known are float32 and int64")
    return State(value["name"], value["output"], _finite(f"state '{value['name']}'", value["initial"], value["dtype"]))


def _joints(value: dict[str, Any]) -> Joints:
    names, units = tuple(value["names"]), tuple(value["units"])
    arrays = {
        key.name: _finite(f"joints.{key.name}", value[key.name], "int64" if key.name == "follows" else "float64")
        for key in fields(Joints)
        if key.name not in ("names", "units")
    }
    if len(set(names)) != len(names) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"joints.names must be different names, got {list(names)}")
    if len(units) != len(names) or not set(units) <= {"rad", "m"}:
        raise ValueError(f"joints.units must be 'rad' or 'm' for each of {len(names)} joints, got {list(units)}")
    for key, array in arrays.items():
        if array.shape != (len(names),):
            raise ValueError(f"joints.{key} has shape {array.shape} for {len(names)} joints")
    joints = Joints(names, units, **arrays)
    for key in ("max_speed", "max_lead"):
        if not (arrays[key] > 0.0).all():
            raise ValueError(f"joints.{key} is {arrays[key].tolist()}; all of it must be above 0")
    ordered = (
        joints.lower <= joints.soft_lower,
        joints.soft_lower < joints.soft_upper,
        joints.soft_upper <= joints.upper,
    )
    for index, name in enumerate(names):
        if not all(column[index] for column in ordered):
            raise ValueError(f"the limits of joint '{name}' are not in order")
        if joints.follows[index] < 0 and joints.scale[index] != 0.0:
            raise ValueError(f"joint '{name}' follows no action, but its scale is {joints.scale[index]}")
    return joints


def _camera(value: dict[str, Any]) -> CameraSpec:
    name = f"camera '{value['name']}'"
    mount = {key: _finite(f"{key} of {name}", value[key]) for key in ("pos", "quat_wxyz")}
    camera = CameraSpec(**{**value, **mount})
    lens = _finite(name, [camera.fx, camera.fy, camera.cx, camera.cy])
    if min(camera.width, camera.height) < 1 or lens[:2].min() <= 0.0:
        raise ValueError(f"{name} is impossible: {camera}")
    if camera.pos.shape != (3,) or camera.quat_wxyz.shape != (4,) or abs(np.linalg.norm(camera.quat_wxyz) - 1) > 1e-3:
        raise ValueError(f"the mount of {name} is no position and unit quaternion: {camera}")
    return camera


def _language(folder: Path, files: Mapping[str, str], value: dict[str, Any] | None) -> Language | None:
    if value is None:
        return None
    file = value["table"]
    if file not in files:
        raise ValueError(f"the instructions' file '{file}' has no hash")
    arrays = read_arrays(read_file(folder, file, files[file]), folder / file)
    if arrays.keys() != {"sentences", "embeddings"} or arrays["sentences"].dtype.kind != "U":
        raise BundleError(f"{folder / file} must hold sentences and embeddings, holds {sorted(arrays)}")
    sentences, embeddings, dim = tuple(arrays["sentences"].tolist()), arrays["embeddings"], value["dim"]
    if embeddings.shape != (len(sentences), dim) or embeddings.dtype != np.float32 or not np.isfinite(embeddings).all():
        raise BundleError(f"{folder / file} must hold finite float32 embeddings ({len(sentences)}, {dim})")
    return Language(value["encoder"], value["weights_sha256"], dim, sentences, embeddings)


def _finite(name: str, values: Any, dtype: str = "float64") -> np.ndarray:
    array = np.array(values, dtype=dtype)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} is not finite: {values}")
    return array
