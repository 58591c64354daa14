"""What the filter must know of a robot: its joints, how they hang together, its limits, and its shape in capsules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from humanoid_vla.assets.g1_figures import Collider, Figures, Frame, Link


@dataclass(frozen=True)
class RobotModel:
    """Numbers of a fixed set of joints, n of them; other joints stand at zero. Frames are relative to the pelvis.

    ``parents`` and ``capsule_frames`` are indices of joints, -1 for the pelvis. ``offsets`` are homogeneous transforms
    from the frame of the parent joint, (n, 4, 4), ``axes`` unit vectors in the joint's own frame, (n, 3). A joint's
    frame turns with it.
    """

    joint_names: tuple[str, ...]
    lower: np.ndarray  # (n,) [rad]
    upper: np.ndarray  # (n,) [rad]
    velocity_limit: np.ndarray  # (n,) [rad/s]
    effort_limit: np.ndarray  # (n,) [N m]
    stiffness: np.ndarray  # (n,) [N m/rad]
    damping: np.ndarray  # (n,) [N m s/rad]
    parents: np.ndarray
    offsets: np.ndarray
    axes: np.ndarray
    masses: np.ndarray  # (n,) of what a joint moves and no later joint does [kg]
    centres: np.ndarray  # (n, 3) its centre of mass [m], in the joint's frame
    spins: np.ndarray  # (n,) its inertia about an axis through there, the mean of all directions [kg m^2]
    armatures: np.ndarray  # (n,) reflected inertia of the rotor [kg m^2]
    capsule_names: tuple[str, ...]
    capsule_frames: np.ndarray  # (c,)
    capsule_ends: np.ndarray  # (c, 2, 3) [m], in the frame of the capsule's joint
    capsule_radii: np.ndarray  # (c,) [m]
    pairs: np.ndarray  # (p, 2) capsules that must not meet

    @property
    def num_joints(self) -> int:
        """n."""
        return len(self.joint_names)


def make_robot(
    figures: Figures,
    joint_names: Sequence[str],
    stiffness: Sequence[float] | np.ndarray,
    damping: Sequence[float] | np.ndarray,
    pairs: Mapping[tuple[str, str], float],
) -> RobotModel:
    """The model of the joints named, in their order.

    Args:
        figures: The robot.
        joint_names: The joints that are commanded; all others stand at zero.
        stiffness: Gain of each joint's PD law [N m/rad].
        damping: Its derivative gain [N m s/rad].
        pairs: Names of capsules that can meet, see :mod:`.pairs`; those that stand still to each other are left out.

    Raises:
        ValueError: If a joint is unknown or named twice, or a gain is missing, not finite or not positive.
    """
    known = {link.joint.name: link.joint for link in figures.links if link.joint is not None}
    if unknown := [name for name in joint_names if name not in known]:
        raise ValueError(f"unknown joints {unknown}; the robot has {sorted(known)}")
    if len(set(joint_names)) != len(joint_names):
        raise ValueError(f"a joint is named twice: {list(joint_names)}")
    gains = {"stiffness": np.asarray(stiffness, float), "damping": np.asarray(damping, float)}
    for name, values in gains.items():
        if values.shape != (len(joint_names),) or not np.isfinite(values).all() or (values < 0).any():
            raise ValueError(f"{name} must be a finite, positive number for each of {len(joint_names)} joints")
    if (gains["stiffness"] == 0).any():
        raise ValueError("stiffness must not be zero: the filter moves joints by their position targets")
    index = {name: number for number, name in enumerate(joint_names)}
    parents, offsets, axes = _chain(figures, index)
    names, frames, ends, radii = _capsules(figures, index)
    masses, centres, spins = _masses(figures, index)
    numbers = {name: number for number, name in enumerate(names)}
    meeting = [(numbers[first], numbers[second]) for first, second in pairs]
    joints = [known[name] for name in joint_names]
    return RobotModel(
        joint_names=tuple(joint_names),
        lower=np.array([joint.lower for joint in joints]),
        upper=np.array([joint.upper for joint in joints]),
        velocity_limit=np.array([joint.velocity_limit for joint in joints]),
        effort_limit=np.array([joint.effort_limit for joint in joints]),
        **gains,
        parents=parents,
        offsets=offsets,
        axes=axes,
        masses=masses,
        centres=centres,
        spins=spins,
        armatures=np.array([joint.armature for joint in joints]),
        capsule_names=names,
        capsule_frames=frames,
        capsule_ends=ends,
        capsule_radii=radii,
        pairs=np.array([(a, b) for a, b in meeting if frames[a] != frames[b]], dtype=int).reshape(-1, 2),
    )


def link_colliders(link: Link) -> list[tuple[str, Collider]]:
    """Name and shape of the capsules that stand for a link: "link/number".

    They are those of the figures, but for the seven of a sole: its two edges, over its whole length, and its middle.
    The robot's USD files have spheres at the ends of these edges.
    """
    colliders = list(link.colliders)
    if "ankle_roll" in link.name:
        longest, middle = colliders[1], colliders[3]
        x, _, z = longest.frame.pos
        edges = [Frame((x, outer.frame.pos[1], z), longest.frame.quat) for outer in (colliders[0], colliders[-1])]
        colliders = [*(replace(longest, frame=edge) for edge in edges), middle]
    return [(f"{link.name}/{number}", collider) for number, collider in enumerate(colliders)]


def _attachments(figures: Figures, index: Mapping[str, int]) -> dict[str, tuple[int, np.ndarray]]:
    """The commanded joint that moves each link, -1 for none, and the link's transform in that joint's frame."""
    attached: dict[str, tuple[int, np.ndarray]] = {figures.links[0].name: (-1, np.eye(4))}
    for link in figures.links[1:]:
        assert link.parent is not None
        assert link.joint is not None
        frame, transform = attached[link.parent]
        number = index.get(link.joint.name)
        attached[link.name] = (frame, transform @ _matrix(link.frame)) if number is None else (number, np.eye(4))
    return attached


def _chain(figures: Figures, index: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    attached = _attachments(figures, index)
    parents, offsets, axes = np.zeros(len(index), int), np.zeros((len(index), 4, 4)), np.zeros((len(index), 3))
    for link in figures.links[1:]:
        assert link.parent is not None
        assert link.joint is not None
        number = index.get(link.joint.name)
        if number is not None:
            parents[number], transform = attached[link.parent]
            offsets[number] = transform @ _matrix(link.frame)
            axes[number]["XYZ".index(link.joint.axis)] = 1.0
    return parents, offsets, axes


def _masses(figures: Figures, index: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mass, centre of mass and mean inertia about it of all links that are fixed to each joint's frame."""
    attached = _attachments(figures, index)
    masses, moments, seconds = np.zeros(len(index)), np.zeros((len(index), 3)), np.zeros(len(index))
    for link in figures.links:
        frame, transform = attached[link.name]
        if frame >= 0:
            centre = (transform @ np.append(link.mass_frame.pos, 1.0))[:3]
            masses[frame] += link.mass
            moments[frame] += link.mass * centre
            # the mean of three directions: a third of the trace, to which a point mass adds 2 m r^2
            seconds[frame] += (sum(link.inertia) + 2.0 * link.mass * centre @ centre) / 3.0
    centres = moments / masses[:, None]
    return masses, centres, seconds - 2.0 * masses * (centres**2).sum(axis=1) / 3.0


def _capsules(figures: Figures, index: Mapping[str, int]) -> tuple[tuple[str, ...], np.ndarray, np.ndarray, np.ndarray]:
    attached = _attachments(figures, index)
    names, frames, ends, radii = [], [], [], []
    for link in figures.links:
        frame, transform = attached[link.name]
        for name, collider in link_colliders(link):
            names.append(name)
            frames.append(frame)
            ends.append([(transform @ np.append(end, 1.0))[:3] for end in collider.ends])
            radii.append(collider.radius)
    return tuple(names), np.array(frames), np.array(ends), np.array(radii)


def _matrix(frame: Frame) -> np.ndarray:
    w, x, y, z = frame.quat
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, 3] = frame.pos
    return matrix
