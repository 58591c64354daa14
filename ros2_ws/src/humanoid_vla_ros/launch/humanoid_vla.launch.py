"""``ros2 launch humanoid_vla_ros humanoid_vla.launch.py bundle:=FOLDER``: the node, with parameters from a file."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node


def generate_launch_description() -> LaunchDescription:
    config = Path(get_package_share_directory("humanoid_vla_ros")) / "config"
    arguments = {
        "bundle": ("", "folder that scripts/export.py wrote"),
        "instruction": ("", "what the robot is told at first; later on /robot/command"),
        "params": (str(config / "params.yaml"), "file of the node's parameters"),
        "fastdds": (str(config / "fastdds.xml"), "Fast DDS profile: shared memory that holds whole pictures"),
    }
    return LaunchDescription(
        [
            *(DeclareLaunchArgument(name, default_value=value, description=text)
              for name, (value, text) in arguments.items()),
            SetEnvironmentVariable("FASTDDS_DEFAULT_PROFILES_FILE", LaunchConfiguration("fastdds")),
            Node(
                package="humanoid_vla_ros",
                executable="node",
                name="humanoid_vla",
                output="screen",
                parameters=[
                    LaunchConfiguration("params"),
                    {"bundle": LaunchConfiguration("bundle"), "instruction": LaunchConfiguration("instruction")},
                ],
                sigterm_timeout="10",  # it stops the robot before it ends
            ),
        ]
    )  # fmt: skip
