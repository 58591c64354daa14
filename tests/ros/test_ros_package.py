"""The package for people with ROS installed says the same as the node that it starts, and is complete."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from humanoid_vla.runtime.loop_settings import LoopSettings
from humanoid_vla.runtime.ros_topics import Topics

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "ros2_ws" / "src" / "humanoid_vla_ros"
RUNTIME = REPOSITORY / "exts" / "humanoid_vla" / "runtime"


@pytest.fixture(scope="module")
def parameters() -> dict[str, Any]:
    """What stands in the file of parameters."""
    content = yaml.safe_load((PACKAGE / "config" / "params.yaml").read_text(encoding="utf-8"))
    return content["humanoid_vla"]["ros__parameters"]


def imported_packages(file: Path) -> set[str]:
    """Names of the packages that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_names_versions_and_licence_agree() -> None:
    root = ElementTree.parse(PACKAGE / "package.xml").getroot()
    setup = (PACKAGE / "setup.py").read_text(encoding="utf-8")
    version = tomllib.loads((REPOSITORY / "extension.toml").read_text())["package"]["version"]
    name = root.findtext("name", "")
    assert name == PACKAGE.name
    assert (PACKAGE / "resource" / name).is_file()
    assert (PACKAGE / name / "__init__.py").is_file()
    assert root.findtext("version") == version
    assert f'version="{version}"' in setup
    assert f'NAME = "{name}"' in setup
    assert root.findtext("export/build_type") == "ament_python"
    assert root.findtext("license") == "BSD-3-Clause"
    assert root.findtext("description", "?") in setup
    for line in re.findall(r"=\$base/(.*)", (PACKAGE / "setup.cfg").read_text()):
        assert line == f"lib/{name}"  # where `ros2 run` looks


def test_every_ros_package_that_is_imported_is_named() -> None:
    root = ElementTree.parse(PACKAGE / "package.xml").getroot()
    named = {element.text for element in root.findall("exec_depend")}
    files = [RUNTIME / "ros2_node.py", RUNTIME / "ros2_robot.py", *PACKAGE.glob("launch/*.py")]
    imported = set().union(*map(imported_packages, files)) - set(sys.stdlib_module_names)
    ours = {"numpy", "humanoid_vla", "ament_index_python"}  # the last one comes with launch
    assert imported - ours == named


def test_what_is_started_exists() -> None:
    setup = (PACKAGE / "setup.py").read_text(encoding="utf-8")
    launch = (PACKAGE / "launch" / "humanoid_vla.launch.py").read_text(encoding="utf-8")
    (executable, module, function) = re.findall(r'"(\w+) = humanoid_vla_ros\.(\w+):(\w+)"', setup)[0]
    assert f'executable="{executable}"' in launch
    assert f"def {function}(" in (PACKAGE / "humanoid_vla_ros" / f"{module}.py").read_text(encoding="utf-8")
    for file in re.findall(r'config / "([\w.]+)"', launch):
        assert (PACKAGE / "config" / file).is_file()
    ElementTree.parse(PACKAGE / "config" / "fastdds.xml")


def test_without_the_package_it_says_how_to_install_it() -> None:
    command = [sys.executable, "-S", "-c", "import sys; from humanoid_vla_ros.node import run; sys.exit(run())"]
    result = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert re.match(r"error: humanoid_vla is not installed .*pip install --no-deps \.", result.stderr)


@pytest.mark.ros
def test_it_installs_where_ros_looks(ros_python: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    shutil.copytree(PACKAGE, source)
    command = [str(ros_python), "setup.py", "--quiet", "install", "--root", str(target)]  # as colcon does it
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)
    installed = {path.as_posix().partition(".venv-ros/")[2] for path in target.rglob("*") if path.is_file()}
    assert {
        "lib/humanoid_vla_ros/node",
        "share/ament_index/resource_index/packages/humanoid_vla_ros",
        "share/humanoid_vla_ros/package.xml",
        "share/humanoid_vla_ros/launch/humanoid_vla.launch.py",
        "share/humanoid_vla_ros/config/params.yaml",
        "share/humanoid_vla_ros/config/fastdds.xml",
    } <= installed


def test_topics_and_times_in_the_file_are_the_defaults(parameters: dict[str, Any]) -> None:
    topics = asdict(Topics())
    assert parameters["topics"] == topics | {"images": list(topics["images"])}
    settings = asdict(LoopSettings()) | {"reenter": True, "core": -1}
    assert {name: parameters[name] for name in settings} == settings


def test_every_parameter_of_the_node_is_in_the_file_and_no_other(parameters: dict[str, Any]) -> None:
    source = (RUNTIME / "ros2_node.py").read_text(encoding="utf-8")
    declared = set(re.findall(r'parameter\(node, "(\w+)"', source)) | asdict(LoopSettings()).keys()
    assert parameters.keys() == declared | {"topics"}


def test_the_environment_of_the_tests_has_the_versions_of_the_other_one() -> None:
    lock = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = Path(__file__).with_name("requirements.txt").read_text(encoding="utf-8").splitlines()
    ours = {line for line in pins if line and not line.startswith(("#", "ros-"))}
    assert ours <= set(lock)
    assert {line.split("==")[0] for line in ours} == {"numpy", "onnxruntime", "tokenizers"}
