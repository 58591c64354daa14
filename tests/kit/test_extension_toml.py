"""Kit's manifest, checked without Kit."""

import ast
import importlib.metadata
import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest
import setuptools


@pytest.fixture(scope="module")
def manifest(repository: Path) -> dict[str, Any]:
    return tomllib.loads((repository / "extension.toml").read_text(encoding="utf-8"))


def test_the_extension_folder_links_to_the_manifest(repository: Path) -> None:
    link = repository / "exts" / "humanoid_vla" / "extension.toml"
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == repository / "extension.toml"


def test_setup_reads_the_manifest(
    repository: Path, manifest: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(setuptools, "setup", given.update)
    monkeypatch.chdir(tmp_path)  # the manifest is found from the file's place, not from the working folder's

    runpy.run_path(str(repository / "setup.py"))

    assert given["version"] == manifest["package"]["version"]
    assert given["description"] == manifest["package"]["description"]


def test_pyproject_leaves_both_to_the_manifest(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"version", "description"} <= set(project["dynamic"])


def test_the_installed_version_is_the_manifests(manifest: dict[str, Any]) -> None:
    try:
        installed = importlib.metadata.version("humanoid_vla")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package is not installed in this environment")
    assert installed == manifest["package"]["version"]


def test_kit_imports_a_small_module_that_holds_the_extension_class(repository: Path, manifest: dict[str, Any]) -> None:
    folder = repository / "exts" / "humanoid_vla"
    (module,) = manifest["python"]["module"]
    assert module["name"] != "humanoid_vla", "Kit would import the package root, and look for the class in it"
    source = (folder / module["path"] / module["name"].replace(".", "/")).with_suffix(".py")
    assert source.resolve() == folder / "kit" / "extension.py"
    classes = [node for node in ast.parse(source.read_text()).body if isinstance(node, ast.ClassDef)]
    assert [ast.unparse(base) for cls in classes for base in cls.bases] == ["omni.ext.IExt"]


def test_every_dependency_is_optional(manifest: dict[str, Any]) -> None:
    """A headless Kit holds no other extension, and Isaac Lab 3.0 is none: a plain dependency would not resolve."""
    assert all(options["optional"] for options in manifest["dependencies"].values())
