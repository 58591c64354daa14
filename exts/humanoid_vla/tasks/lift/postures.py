"""Postures of Lift: where episodes begin, and with what is held."""

from __future__ import annotations

DEFAULT: dict[str, float] = {
    ".*_shoulder_pitch_joint": 0.5,
    "left_shoulder_roll_joint": 0.2,
    "right_shoulder_roll_joint": -0.2,
    ".*_elbow_joint": -0.8,
    ".*_wrist_pitch_joint": 0.95,
}
"""Both grippers above the near edge of the table, pointing down by 35 degrees; by joint name or pattern [rad]."""

HOLDING: tuple[tuple[float, ...], ...] = (
    (0.050, 0.116, -0.259, -0.316, -0.044, 0.847, -0.100),
    (0.006, 0.115, -0.238, -0.496, -0.062, 1.070, -0.095),
    (-0.190, 0.069, -0.185, -0.029, -0.053, 0.804, -0.092),
    (-0.226, 0.073, -0.166, -0.204, -0.068, 1.013, -0.087),
    (0.094, 0.238, 0.225, -0.231, -0.148, 0.792, -0.189),
    (0.065, 0.262, 0.264, -0.407, -0.179, 1.005, -0.184),
    (-0.154, 0.261, 0.212, 0.058, -0.122, 0.748, -0.180),
    (-0.176, 0.285, 0.236, -0.117, -0.146, 0.951, -0.175),
)
"""Joint positions of the left arm [rad] that hold something above the table, the gripper pointing down by 35 degrees:
the grip centre is at x = 0.29 or 0.34, y = 0.08 (the first four) or 0.24, z = 0.81 or 0.84 m; from :mod:`.arm_ik`."""

HOLDING_DEPTH = 0.004
"""How far an object's centre is below the grip centre when it is held [m]: near the table the fingertips need room."""
