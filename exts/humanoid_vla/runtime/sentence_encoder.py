"""The sentence encoder of a bundle, in ONNX Runtime: new sentences for a robot without torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from .instruction import ENCODER_FILE, InstructionError

if TYPE_CHECKING:
    from .bundle import Bundle

TOKENIZER_FILE = "tokenizer.json"
MAX_TOKENS = 256
"""As the model was made for; 200 characters are fewer."""


def load_sentence_encoder(bundle: Bundle) -> Callable[[str], np.ndarray]:
    """The encoder of a bundle that was exported with one, see ``export/sentence_encoder.py``.

    Returns:
        From a sentence to its embedding, shape (dim,), float32, of unit length.

    Raises:
        InstructionError: It is not the encoder whose embeddings the policy learned with, it cannot be read, or the
            library ``tokenizers`` is missing.
        BundleError: A file of it is missing or was changed.
    """
    assert bundle.language is not None
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise InstructionError("a new sentence needs the library tokenizers: run 'pip install tokenizers'") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the other cores are the loop's and the policy's
    options.inter_op_num_threads = 1
    files = bundle.read(ENCODER_FILE), bundle.read(TOKENIZER_FILE)
    try:
        session = onnxruntime.InferenceSession(files[0], options, providers=["CPUExecutionProvider"])
        tokenizer = Tokenizer.from_buffer(files[1])
    except Exception as error:  # both libraries raise classes of their own, down to a bare Exception
        reason = " ".join(str(error).split())[:200]
        raise InstructionError(f"cannot load the encoder of '{bundle.path}' ({reason}); export it anew") from None
    found = session.get_modelmeta().custom_metadata_map.get("weights_sha256", "unknown")
    if found != bundle.language.weights_sha256:
        raise InstructionError(
            f"the encoder of '{bundle.path}' has the weights {found}, the policy learned with "
            f"{bundle.language.weights_sha256}; export them together"
        )
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)

    def encode(sentence: str) -> np.ndarray:
        tokens = np.array([tokenizer.encode(sentence).ids], dtype=np.int64)  # (1, length)
        return np.asarray(session.run(["embedding"], {"tokens": tokens})[0])[0]

    return encode
