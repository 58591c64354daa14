"""The files of a bundle: each is checked against its SHA-256 before anything of it is used.

``bundle.json`` lists the hashes of the others, and seals itself: its member ``seal`` is the SHA-256 of its own bytes
with 64 zeros in the seal's place. So one changed byte is found wherever it is. Nothing that is read here can run code.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

FORMAT = "humanoid_vla bundle"
FORMAT_VERSION = 2
MANIFEST = "bundle.json"
POLICY = "policy.onnx"

UNSEALED = "0" * 64
"""What stands in the seal's place while the seal is computed."""


class BundleError(ValueError):
    """A bundle that cannot be used: one line that names the file and what differs."""


def seal_of(manifest: bytes, seal: str) -> str:
    """The seal that the bytes of ``bundle.json`` should have, whatever they have now."""
    return hashlib.sha256(manifest.replace(seal.encode(), UNSEALED.encode(), 1)).hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """The content of ``bundle.json``, after its version and its seal were checked.

    Raises:
        BundleError: There is none, it is no bundle's, of another version, or was changed.
    """
    file = folder / MANIFEST
    if not folder.is_dir():
        raise BundleError(f"there is no bundle '{folder}'; make one with scripts/export.py")
    content = _read(folder, MANIFEST)
    try:
        manifest = json.loads(content.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BundleError(
            f"{file} is not JSON ({error}): it was changed or cut short; export the bundle again"
        ) from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BundleError(f"{file} is no bundle's: its format is not '{FORMAT}'")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise BundleError(
            f"{file} has format version {manifest.get('format_version')}, this program reads {FORMAT_VERSION};"
            " export the bundle again, or use the release that wrote it"
        )
    seal = manifest.get("seal")
    if not isinstance(seal, str) or not re.fullmatch("[0-9a-f]{64}", seal) or seal_of(content, seal) != seal:
        raise BundleError(f"{file} was changed after it was written: its seal is broken; export the bundle again")
    return manifest


def check_files(folder: Path, files: Any) -> dict[str, str]:
    """The hashes of a bundle's files by name, after each file was checked.

    Raises:
        BundleError: A name leads out of the folder, or a file is missing or was changed.
    """
    if not isinstance(files, dict) or POLICY not in files:
        raise BundleError(f"{folder / MANIFEST} lists no {POLICY}")
    for name, sha256 in files.items():
        read_file(folder, name, sha256)
    return files


def read_file(folder: Path, name: str, sha256: str) -> bytes:
    """The bytes of a file of the bundle, which are what was written.

    Raises:
        BundleError: The name leads out of the folder, or the file is missing or was changed.
    """
    if not re.fullmatch(r"\w[\w.-]*", name, re.ASCII):
        raise BundleError(f"{folder / MANIFEST} lists the file '{name}', which is no plain file name in its folder")
    content = _read(folder, name)
    if (found := hashlib.sha256(content).hexdigest()) != sha256:
        raise BundleError(
            f"{folder / name} was changed after it was written: its SHA-256 is {found}, not {sha256};"
            " export the bundle again"
        )
    return content


def read_arrays(content: bytes, file: Path) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz`` file, numbers and text only.

    Raises:
        BundleError: It is no such file, or holds pickled objects, which could run code.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # of NumPy, of zip archives, of compression: whatever it is, it cannot be read
        raise BundleError(f"{file} is no file of plain arrays ({error})") from None


def _read(folder: Path, name: str) -> bytes:
    file = folder / name
    if not file.is_file():
        raise BundleError(f"{file} is missing; export the bundle again")
    if file.resolve().parent != folder.resolve():
        raise BundleError(f"{file} is a link that leads out of the bundle")
    try:
        return file.read_bytes()
    except OSError as error:
        raise BundleError(f"{file} cannot be read ({error.strerror})") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
