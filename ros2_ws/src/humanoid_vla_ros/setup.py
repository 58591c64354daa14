"""The ROS package around the node: what `colcon build` installs."""

from glob import glob

from setuptools import setup

NAME = "humanoid_vla_ros"

setup(
    name=NAME,
    version="0.1.0",
    packages=[NAME],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        (f"share/{NAME}/launch", glob("launch/*.launch.py")),
        (f"share/{NAME}/config", glob("config/*")),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="The humanoid_vla authors",
    maintainer_email="maintainers@humanoid-vla.invalid",
    description="Launches the control loop of humanoid_vla, which is installed with pip, as a ROS 2 node",
    license="BSD-3-Clause",
    entry_points={"console_scripts": ["node = humanoid_vla_ros.node:run"]},
)
