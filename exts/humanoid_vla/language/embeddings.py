"""Embeddings of sentences, computed once and then read from a cache on the disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from humanoid_vla.language.encoder import WEIGHTS_SHA256, load_encoder

CACHE_VARIABLE = "HUMANOID_VLA_CACHE"


def cache_folder() -> Path:
    """``$HUMANOID_VLA_CACHE``, else ``humanoid_vla`` in the user's cache (``$XDG_CACHE_HOME`` or ``~/.cache``)."""
    if folder := os.environ.get(CACHE_VARIABLE):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "humanoid_vla"


def content_hash(sentences: Sequence[str]) -> str:
    """SHA-256 over the encoder's weights and the sentences in their order."""
    return hashlib.sha256(json.dumps([WEIGHTS_SHA256, *sentences]).encode()).hexdigest()


def embed(sentences: Sequence[str], encoder_path: Path | None = None) -> torch.Tensor:
    """Embeddings of sentences, shape (n, 384), float32, of unit length, on the CPU.

    They come from a file named after the content's hash. The encoder is loaded only where there is no such file, or
    one that is not whole: sentences seen before need neither the encoder nor its libraries.

    Args:
        sentences: At least one.
        encoder_path: Folder of the encoder, see :func:`~humanoid_vla.language.encoder.load_encoder`.

    Raises:
        EncoderError: An encoder is needed and cannot be had.
        ValueError: There is nothing to encode.
        OSError: The cache cannot be written.
    """
    content = content_hash(sentences)
    file = cache_folder() / "embeddings" / f"{content}.safetensors"
    table = _read(file, content)
    if table is None:
        table = load_encoder(encoder_path).encode(sentences)
        _write(file, content, table)
    return table


def _seal(content: str, table: torch.Tensor) -> str:
    """Binds the numbers to the content they are of: a file with a wrong seal was damaged, or is of other sentences."""
    return hashlib.sha256(content.encode() + table.numpy().tobytes()).hexdigest()


def _read(file: Path, content: str) -> torch.Tensor | None:
    try:
        with safe_open(file, framework="pt") as tensors, torch.inference_mode(False):
            table = tensors.get_tensor("embeddings")
            return table if (tensors.metadata() or {}).get("seal") == _seal(content, table) else None
    except (OSError, SafetensorError):  # no file, a part of one, or another format
        return None


def _write(file: Path, content: str, table: torch.Tensor) -> None:
    temporary = file.with_suffix(f".{os.getpid()}.tmp")  # a name of its own: several processes may start at once
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(save({"embeddings": table}, {"seal": _seal(content, table)}))
        temporary.replace(file)
    except OSError as error:
        raise OSError(
            f"cannot write the embeddings' cache '{file.parent}' ({error.strerror}); "
            f"set {CACHE_VARIABLE} to a folder that can be written"
        ) from error
