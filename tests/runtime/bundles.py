"""A bundle as small as one can be: the G1's upper body, and a policy of one layer as a real ONNX file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from humanoid_vla.assets.g1_figures import load_figures
from humanoid_vla.export.writer import write_bundle
from humanoid_vla.runtime.bundle import Bundle, CameraSpec, Input, Joints, Language, State, Term

JOINTS = tuple(
    joint.name for joint in load_figures().joints if not any(part in joint.name for part in ("hip", "knee", "ankle"))
)
N = len(JOINTS)
"""17 joints."""
DIM = 8
"""Numbers of an instruction's embedding."""
IMAGE = (16, 24, 3)
"""Height, width and channels of the policy's camera."""
SENTENCES = ("touch the red cube with your left hand", "touch the blue ball with your right hand")
PROPRIO = ("joint_pos_rel", "joint_vel_rel", "joint_target_rel", "last_action")
HIDDEN = 4
"""Numbers that the policy with a state carries from step to step."""
TOUCH = 3 * 4 + 3 * 2 + 2 * 4
"""Numbers that tell of four objects and two hands."""


def make_joints() -> Joints:
    """Default posture, ranges and gains as the Reach tasks have them."""
    known = {joint.name: joint for joint in load_figures().joints}
    joints = [known[name] for name in JOINTS]
    lower, upper = (np.array([getattr(joint, end) for joint in joints]) for end in ("lower", "upper"))
    spare = 0.025 * (upper - lower)

    def values(waist: float, wrist: float, arm: float) -> np.ndarray:
        return np.array([waist if "waist" in name else wrist if "wrist" in name else arm for name in JOINTS])

    pose = {"left_shoulder_roll_joint": 0.3, "right_shoulder_roll_joint": -0.3}
    pose |= {f"{side}_shoulder_pitch_joint": 0.4 for side in ("left", "right")}
    pose |= {f"{side}_elbow_joint": -0.6 for side in ("left", "right")}
    return Joints(
        names=JOINTS,
        units=("rad",) * N,
        follows=np.arange(N),
        default=np.array([pose.get(name, 0.0) for name in JOINTS]),
        scale=values(0.3, 0.8, 1.2),
        max_speed=np.full(N, 1.2),
        max_lead=np.full(N, 0.15),
        lower=lower,
        upper=upper,
        soft_lower=lower + spare,
        soft_upper=upper - spare,
        velocity_limit=np.array([joint.velocity_limit for joint in joints]),
        effort_limit=np.array([joint.effort_limit for joint in joints]),
        stiffness=values(300.0, 40.0, 80.0),
        damping=values(10.0, 1.5, 3.0),
    )


def with_grippers(joints: Joints) -> Joints:
    """The same and two grippers, each of two fingers that slide and follow one action; the last arm joint is held."""
    last, fingers = len(joints.names) - 1, 4
    actions = joints.follows.copy()
    actions[last] = -1
    more = {
        "names": tuple(f"{side}_gripper_{finger}_joint" for side in ("left", "right") for finger in ("inner", "outer")),
        "units": ("m",) * fingers,
        "follows": np.array([last, last, last + 1, last + 1]),
    } | {
        name: np.full(fingers, value)
        for name, value in {
            "default": 0.025, "scale": -0.025, "max_speed": 0.08, "max_lead": 0.01, "lower": 0.0, "upper": 0.05,
            "soft_lower": 0.001, "soft_upper": 0.049, "velocity_limit": 0.5, "effort_limit": 20.0,
            "stiffness": 1000.0, "damping": 25.0,
        }.items()
    }  # fmt: skip
    scale = joints.scale.copy()
    scale[last] = 0.0
    merged: dict[str, Any] = {}
    for name, value in vars(replace(joints, follows=actions, scale=scale)).items():
        merged[name] = value + more[name] if isinstance(value, tuple) else np.concatenate([value, more[name]])
    return Joints(**merged)


def touch_params() -> dict[str, Any]:
    """What `touch_geometry` is called with: hands, objects, and where the pelvis is in the environment's frame."""
    figures = load_figures()
    hands = [link for link in figures.links if link.name in ("left_wrist_yaw_link", "right_wrist_yaw_link")]
    return {
        "hand_bodies": [hand.name for hand in hands],
        "hand_capsules": [[list(end) for end in hand.colliders[0].ends] for hand in hands],
        "hand_radius": hands[0].colliders[0].radius,
        "object_radius": 0.03,
        "object_names": ["cube", "ball", "cylinder", "cone"],
        "pelvis_pos": [0.0, 0.0, figures.standing_height],
    }


def make_policy(
    joints: Joints,
    groups: dict[str, tuple[str, tuple[int, ...]]],
    chunk: int = 1,
    state: bool = False,
    action: Sequence[float] | float | None = None,
    velocities: Sequence[float] | None = None,
) -> bytes:
    """A policy in ONNX, ``actions = tanh(W x + b)`` of all its inputs x, with the outputs every bundle's policy has.

    Args:
        joints: What turns actions into targets.
        groups: Input -> dtype and shape without batch.
        chunk: Steps of a plan.
        state: Whether it carries something from step to step.
        action: What it answers to everything, in [-1, 1]; random weights where nothing is said.
        velocities: What it commands in place of joint positions, whatever its action is.
    """
    rng = np.random.default_rng(0)
    nodes, constants, parts = [], [], []

    def constant(name: str, values: Any, dtype: Any = np.float32) -> str:
        constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    inputs, size = [], 0
    for name, (dtype, shape) in groups.items():
        kind = TensorProto.UINT8 if dtype == "uint8" else TensorProto.FLOAT
        inputs.append(helper.make_tensor_value_info(name, kind, ["batch", *shape]))
        if dtype == "uint8":
            flat = node("Cast", [name], f"{name}_float", to=TensorProto.FLOAT)
            flat = node("ReduceMean", [flat], f"{name}_mean", axes=[1, 2], keepdims=0)
            parts.append(node("Div", [flat, constant(f"{name}_range", 255.0)], f"{name}_share"))
        else:
            parts.append(name)
        size += shape[-1]
    if state:
        inputs.append(helper.make_tensor_value_info("memory", TensorProto.FLOAT, ["batch", HIDDEN]))
        parts.append("memory")
        size += HIDDEN
    features = node("Concat", parts, "features", axis=1)
    width = chunk * len(joints.names)
    if action is None:
        weight, bias = rng.normal(0.0, 0.5 / size**0.5, (size, width)), rng.normal(0.0, 0.3, width)
    else:
        wanted = np.broadcast_to(np.asarray(action, float), (len(joints.names),))
        weight, bias = np.zeros((size, width)), np.tile(np.arctanh(0.999999 * wanted), chunk)
    flat = node("MatMul", [features, constant("weight", weight)], "product")
    flat = node("Add", [flat, constant("bias", bias)], "sum")
    shape = [-1, len(joints.names)] if chunk == 1 else [-1, chunk, len(joints.names)]
    node("Tanh", [node("Reshape", [flat, constant("shape", shape, np.int64)], "shaped")], "actions")
    clipped = node("Clip", ["actions", constant("least", -1.0), constant("most", 1.0)], "clipped")
    scaled = node("Mul", [clipped, constant("scale", joints.scale)], "scaled")
    node("Add", [scaled, constant("default", joints.default)], "targets")
    if velocities is not None:
        nodes[-1].output[0] = "positions"
        first = node("Slice", ["positions", *(constant(f"slice_{k}", [k], np.int64) for k in (0, 3, 1))], "first")
        none = node("Mul", [first, constant("zero", 0.0)], "none")
        node("Add", [none, constant("velocities", velocities)], "targets")
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape[1:-1], size])
        for name, size in (("actions", N), ("targets", N if velocities is None else len(velocities)))
    ]
    if state:
        moved = node("MatMul", [features, constant("keep", rng.normal(0.0, 0.3, (size, HIDDEN)))], "moved")
        node("Tanh", [moved], "next_memory")
        outputs.append(helper.make_tensor_value_info("next_memory", TensorProto.FLOAT, ["batch", HIDDEN]))
    graph = helper.make_graph(nodes, "policy", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def make_bundle(
    folder: Path,
    language: bool = False,
    camera: bool = False,
    objects: bool = False,
    chunk: int = 1,
    state: bool = False,
    policy_dt: float = 1.0 / 30.0,
    action: Sequence[float] | float | None = None,
    velocities: Sequence[float] | None = None,
) -> Bundle:
    """Write a bundle and read it.

    Args:
        folder: Its folder, not there yet.
        language: Whether the policy is told what to do.
        camera: Whether it reads a camera, called "head".
        objects: Whether it reads where four objects are.
        chunk: Steps of a plan.
        state: Whether it carries something from step to step.
        policy_dt: Its step [s].
        action: What it answers to everything, in [-1, 1]; random weights where nothing is said.
        velocities: What it commands all the time in place of joint positions [m/s, m/s, rad/s].
    """
    joints = make_joints()
    terms, start = [], 0
    for kind in PROPRIO:
        terms.append(Term(kind, kind, start, start + N, "", {}))
        start += N
    inputs = [Input("proprio", "float32", (start,), 1, tuple(terms))]
    if objects:
        length = 4 * 3 + 2 * 3 + 2 * 4
        inputs.append(
            Input("state", "float32", (length,), 1, (Term("touch", "touch_geometry", 0, length, "m", touch_params()),))
        )
    if language:
        inputs.append(Input("language", "float32", (DIM,), 1, (Term("instruction", "instruction", 0, DIM, "", {}),)))
    if camera:
        term = Term("image", "camera_rgb", 0, IMAGE[-1], "", {"sensor_name": "head"})
        inputs.append(Input("camera", "uint8", IMAGE, 1, (term,)))
    groups = {group.name: (group.dtype, group.shape) for group in inputs}
    policy = make_policy(joints, groups, chunk, state, action, velocities)
    embeddings = np.random.default_rng(1).normal(size=(len(SENTENCES), DIM)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    height, width, _ = IMAGE
    spec = CameraSpec(
        name="head", width=width, height=height, fx=20.0, fy=20.0, cx=width / 2, cy=height / 2,
        parent="torso_link", pos=np.array([0.05, 0.0, 0.45]), quat_wxyz=np.array([1.0, 0.0, 0.0, 0.0]),
    )  # fmt: skip
    bundle = Bundle(
        path=folder,
        task="VLA-Test-G1",
        agent="test",
        policy="test",
        policy_dt=policy_dt,
        inputs=tuple(inputs),
        states=(State("memory", "next_memory", np.zeros(HIDDEN, np.float32)),) if state else (),
        action_kind="joint_position" if velocities is None else "velocity",
        commands={} if velocities is None else {"lowest": [-1.0] * 3, "highest": [1.0] * 3},
        walks_with={},
        chunk_size=chunk,
        joints=joints,
        fixed_base=True,
        filter_settings={},
        keep_out={},
        cameras=(spec,) if camera else (),
        language=Language("test", "0" * 64, DIM, SENTENCES, embeddings) if language else None,
        provenance={},
    )
    return write_bundle(bundle, {"policy.onnx": policy})
