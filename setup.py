"""Version, description and package data; everything else stands in pyproject.toml."""

import tomllib
from pathlib import Path

from setuptools import find_packages, setup

# A link to extension.toml in a clone. Read here, because a source archive carries it as a file, being package data.
manifest = Path(__file__).parent / "exts" / "humanoid_vla" / "extension.toml"
package = tomllib.loads(manifest.read_text(encoding="utf-8"))["package"]

setup(
    version=package["version"],
    description=package["description"],
    package_dir={"": "exts"},
    packages=find_packages(where="exts"),
    include_package_data=False,  # the next line is the whole list
    package_data={"humanoid_vla": ["extension.toml", "**/*.json", "**/*.usda", "**/*.yaml", "**/*.pt", "**/NOTICE"]},
)
