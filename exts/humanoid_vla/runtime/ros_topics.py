"""Where the ROS 2 node listens and speaks."""

from __future__ import annotations

from dataclasses import dataclass

OUTPUTS = ("joint_trajectory", "joint_state")


@dataclass(frozen=True)
class Topics:
    """Names of topics, each a parameter of the node ("topics.images").

    Raises:
        ValueError: If ``output`` is none of :data:`OUTPUTS`.
    """

    joint_states: str = "/joint_states"
    images: tuple[str, ...] = ("/camera/rgb/image_raw",)
    """In the order of the bundle's cameras."""
    instruction: str = "/robot/command"
    targets: str = "/joint_targets"
    output: str = "joint_trajectory"
    """Type of the targets' messages: trajectory_msgs/JointTrajectory or sensor_msgs/JointState."""
    cmd_vel: str = "/cmd_vel"
    status: str = "/robot/status"

    def __post_init__(self) -> None:
        if self.output not in OUTPUTS:
            raise ValueError(f"topics.output is '{self.output}'; it must be one of {', '.join(OUTPUTS)}")
