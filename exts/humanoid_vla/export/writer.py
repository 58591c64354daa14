"""Writes a bundle: what :func:`humanoid_vla.runtime.bundle.load_bundle` reads, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from humanoid_vla.runtime.bundle import Bundle, Language, load_bundle
from humanoid_vla.runtime.bundle_files import FORMAT, FORMAT_VERSION, MANIFEST, UNSEALED

INSTRUCTIONS = "instructions.npz"


def write_bundle(bundle: Bundle, files: Mapping[str, bytes]) -> Bundle:
    """Write the folder ``bundle.path`` and read it back.

    It is made beside that place and then renamed: a bundle is there whole or not at all. A bundle that is there already
    is replaced, anything else is not.

    Args:
        bundle: What to write into ``bundle.json``; ``bundle.files`` is not read.
        files: Name -> content of the files beside it: ``policy.onnx``, ``parity.json``. The table of instructions is
            made here.

    Raises:
        FileExistsError: The place is taken by something that is no bundle.
        BundleError: What was to be written contradicts itself.
    """
    place = bundle.path
    check_place(place)
    contents = dict(files)
    if bundle.language is not None:
        contents[INSTRUCTIONS] = _table(bundle.language)
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        for name, content in contents.items():
            (temporary / name).write_bytes(content)
        (temporary / MANIFEST).write_bytes(_manifest(bundle, contents))
        load_bundle(temporary)
        temporary.chmod(0o755)
        if place.exists():
            shutil.rmtree(place)
        temporary.rename(place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return load_bundle(place)


def check_place(place: Path) -> None:
    """Raise a FileExistsError where something other than a bundle or an empty folder has the name."""
    if place.exists() and not (place.is_dir() and ((place / MANIFEST).is_file() or not any(place.iterdir()))):
        raise FileExistsError(f"'{place}' exists and is no bundle; give another place")


def _manifest(bundle: Bundle, contents: Mapping[str, bytes]) -> bytes:
    values = asdict(bundle)
    del values["path"]
    values["states"] = [
        {"dtype": str(state.initial.dtype), **saved}
        for state, saved in zip(bundle.states, values["states"], strict=True)
    ]
    if bundle.language is not None:
        values["language"] = {key: values["language"][key] for key in ("encoder", "weights_sha256", "dim")}
        values["language"]["table"] = INSTRUCTIONS
    values["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    manifest = {"format": FORMAT, "format_version": FORMAT_VERSION, "seal": UNSEALED, **values}
    unsealed = json.dumps(manifest, indent=1, allow_nan=False, default=_plain).encode() + b"\n"
    return unsealed.replace(UNSEALED.encode(), hashlib.sha256(unsealed).hexdigest().encode(), 1)


def _table(language: Language) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, sentences=np.array(language.sentences, dtype=np.str_), embeddings=language.embeddings)
    return stream.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r} has no place in {MANIFEST}")
