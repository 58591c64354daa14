"""Who may import whom: the table in docs/architecture.md, checked by reading the imports with ``ast``."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "exts" / "humanoid_vla"

# Folder -> what it may import beside itself, the standard library and numpy. A folder that is not here may not exist.
ALLOWED: dict[str, set[str]] = {
    "": set(),  # the package's own __init__.py: importing it must cost nothing
    "policies": {"torch", "tensordict"},
    "agents": {"humanoid_vla.policies", "humanoid_vla.demos", "rsl_rl", "torch", "tensordict"},
    "assets": {"isaaclab", "pxr"},
    "language": {"torch", "safetensors"},
    "tasks": {
        "humanoid_vla.assets",
        "humanoid_vla.language",
        "humanoid_vla.safety",
        "isaaclab",
        "isaaclab_*",
        "gymnasium",
        "torch",
    },
    "demos": {"torch", "h5py"},
    "safety": {"humanoid_vla.assets.g1_figures"},
    "export": {
        "humanoid_vla.policies",
        "humanoid_vla.language",
        "humanoid_vla.runtime",
        "torch",
        "tensordict",
        "onnx",
        "onnxruntime",
    },
    "runtime": {"humanoid_vla.assets.g1_figures", "humanoid_vla.safety", "onnxruntime"},
    "kit": {"omni", "carb"},
}
# ... and only in this file
ALLOWED_IN_FILE: dict[str, set[str]] = {
    "agents/gym_vec_env.py": {"gymnasium"},
    "demos/lerobot_reader.py": {"pyarrow", "PIL"},
    "demos/lerobot_writer.py": {"pyarrow"},
    "demos/recording.py": {"isaaclab"},
    "demos/video.py": {"imageio_ffmpeg"},
    "export/torch2trt.py": {"tensorrt", "torch2trt"},
    "language/encoder.py": {"sentence_transformers", "transformers", "huggingface_hub"},
    "policies/backbone.py": {"timm"},
    "runtime/half_precision.py": {"onnx"},
    "runtime/jitter.py": {"matplotlib"},
    "runtime/mujoco_model.py": {"mujoco"},
    "runtime/mujoco_robot.py": {"mujoco"},
    "runtime/ros2_node.py": {"rclpy"},
    "runtime/ros2_robot.py": {"rclpy", "builtin_interfaces", "*_msgs"},
    "runtime/sentence_encoder.py": {"tokenizers"},
    "runtime/tensorrt_builder.py": {"tensorrt"},
    "runtime/tensorrt_engine.py": {"torch"},
    "safety/torch_backend.py": {"torch"},
    "tasks/captions.py": {"PIL"},
    "tasks/kinematic_objects.py": {"newton", "warp"},
    "tasks/lift/arm_ik.py": {"newton", "warp"},
    "tasks/mdp/appearance.py": {"warp"},
    "tasks/ovphysx_cpu.py": {"warp"},
    "tasks/ray_tracer.py": {"newton", "warp"},
    "tasks/viser_view.py": {"newton"},
}
# ... and only inside a function
ALLOWED_LAZILY: dict[str, set[str]] = {"kit": {"humanoid_vla.tasks", "gymnasium"}}


class Import(NamedTuple):
    """One imported name with its full path, "torch.nn.Module"; lazy where it stands inside a function."""

    target: str
    line: int
    lazy: bool


def read_imports(file: Path, package: Path) -> Iterator[Import]:
    """Every import of a file, relative ones resolved, those under TYPE_CHECKING and in functions included."""
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    in_functions = {id(node) for function in functions for node in ast.walk(function)}
    here = [package.name, *file.relative_to(package).parent.parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            targets = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for target in targets:
            yield Import(target, node.lineno, id(node) in in_functions)


def find_violations(package: Path) -> list[str]:
    """One line for each import that the table does not allow, and for each folder it does not know."""
    violations = []
    for file in sorted(package.rglob("*.py")):
        name = file.relative_to(package).as_posix()
        folder = name.split("/")[0] if "/" in name else ""
        if folder not in ALLOWED:
            violations.append(f"{name}: the folder '{folder}' has no line in the table of {Path(__file__).name}")
            continue
        allowed = ALLOWED[folder] | ALLOWED_IN_FILE.get(name, set())
        own = f"{package.name}.{folder}"
        for target, line, lazy in read_imports(file, package):
            parts = target.split(".")
            key = ".".join(parts[:2]) if parts[0] == package.name else parts[0]
            patterns = allowed | (ALLOWED_LAZILY.get(folder, set()) if lazy else set())
            if key == own or key == "numpy" or key in sys.stdlib_module_names:
                continue
            # a pattern names a package, or a module in one
            if not any(fnmatchcase(key, pattern) or fnmatchcase(target, f"{pattern}.*") for pattern in patterns):
                violations.append(f"{name}:{line}: {folder or 'the package root'} may not import {target}")
    return violations


def find_broken_references(package: Path) -> list[str]:
    """One line for each string such as "humanoid_vla.agents.sac:SAC" that names nothing in its module.

    With such strings the tasks name their agents, so that neither side imports the other.
    """
    broken = []
    for file in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if not re.fullmatch(rf"{package.name}(\.\w+)+:\w+", node.value):
                continue
            module, name = node.value.split(":")
            source = package.parent.joinpath(*module.split(".")).with_suffix(".py")
            body = ast.parse(source.read_text(encoding="utf-8")).body if source.is_file() else []
            if name not in set(defined_names(body)):
                broken.append(f"{file.relative_to(package).as_posix()}:{node.lineno}: '{node.value}' names nothing")
    return broken


def defined_names(body: list[ast.stmt]) -> Iterator[str]:
    """Classes, functions and variables of a module."""
    for statement in body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef):
            yield statement.name
        elif isinstance(statement, ast.Assign):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))


def find_dropped_modules(package: Path) -> list[str]:
    """Modules that Isaac Lab's Kit launcher would take out of ``sys.modules`` while it starts Isaac Sim."""
    names = (path.relative_to(package.parent).with_suffix("").as_posix() for path in package.rglob("*.py"))
    modules = {name.replace("/", ".").removesuffix(".__init__") for name in names}
    return sorted(module for module in modules if re.match(".*lab.*", module))  # the launcher's own pattern


def test_every_import_is_allowed() -> None:
    assert not find_violations(PACKAGE)


def test_every_class_named_by_a_string_exists() -> None:
    assert not find_broken_references(PACKAGE)


def test_no_module_name_contains_lab() -> None:
    assert not find_dropped_modules(PACKAGE)


def test_every_rule_has_its_folder() -> None:
    """A table that speaks of folders that are gone would say less than it seems to."""
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == ALLOWED.keys() - {""}
    assert all((PACKAGE / name).is_file() for name in ALLOWED_IN_FILE)


def write_file(package: Path, name: str, source: str) -> Path:
    path = package / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    return package


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("policies/bad.py", "import isaaclab.sim"),
        ("policies/bad.py", "from humanoid_vla.agents.sac import SAC"),
        ("agents/bad.py", "import humanoid_vla.tasks"),
        ("agents/bad.py", "from isaaclab_rl.rsl_rl import RslRlVecEnvWrapper"),
        ("tasks/bad.py", "from humanoid_vla import agents"),
        ("tasks/reach/bad.py", "from ...agents import sac"),
        ("tasks/bad.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import rsl_rl"),
        ("tasks/bad.py", "def act():\n    import omni.usd"),
        ("tasks/bad.py", "import warp as wp"),
        ("assets/bad.py", "from ..tasks import reach"),
        ("kit/bad.py", "import humanoid_vla.tasks"),
        ("__init__.py", "import torch"),
        ("newcomers/__init__.py", ""),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, name: str, source: str) -> None:
    (violation,) = find_violations(write_file(tmp_path / "humanoid_vla", name, source))
    assert violation.startswith(name)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("policies/good.py", "from __future__ import annotations\nimport math, numpy, torch.nn"),
        ("tasks/reach/good.py", "from ..mdp import rewards\nfrom isaaclab_newton.physics import NewtonCfg"),
        ("tasks/ovphysx_cpu.py", "import warp as wp"),
        ("kit/good.py", "import omni.ext\ndef load():\n    import humanoid_vla.tasks"),
    ],
)
def test_an_allowed_import_is_not(tmp_path: Path, name: str, source: str) -> None:
    assert not find_violations(write_file(tmp_path / "humanoid_vla", name, source))


def test_a_string_that_names_nothing_is_found(tmp_path: Path) -> None:
    package = write_file(tmp_path / "humanoid_vla", "agents/sac.py", "class SAC: ...")
    write_file(package, "tasks/good.py", "agent = 'humanoid_vla.agents.sac:SAC'")
    assert not find_broken_references(package)
    write_file(package, "tasks/bad.py", "agent = 'humanoid_vla.agents.sac:Sac'")
    assert find_broken_references(package) == ["tasks/bad.py:1: 'humanoid_vla.agents.sac:Sac' names nothing"]


def test_a_module_that_would_be_dropped_is_found(tmp_path: Path) -> None:
    package = write_file(tmp_path / "humanoid_vla", "tasks/labels.py", "")
    assert find_dropped_modules(package) == ["humanoid_vla.tasks.labels"]
