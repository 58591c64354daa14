"""A robot without torch understands sentences that no table has."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import make_bundle  # pyright: ignore[reportMissingImports]
from ros_processes import Processes

from humanoid_vla.export.sentence_encoder import encoder_files
from humanoid_vla.export.writer import write_bundle
from humanoid_vla.language.encoder import EMBEDDING_DIM, MODEL, WEIGHTS_SHA256, load_encoder
from humanoid_vla.runtime.bundle import Language

pytestmark = pytest.mark.ros

SENTENCES = ["wave to me", "Touch the GREEN cone, please: with your left palm!"]
PROGRAM = """
import json, sys
from humanoid_vla.runtime.bundle import load_bundle
from humanoid_vla.runtime.instruction import InstructionReader
reader = InstructionReader(load_bundle(sys.argv[1]))
print(json.dumps([reader.read(text).tolist() for text in sys.argv[2:]]))
"""


def test_new_sentences_mean_the_same_to_the_robot(processes: Processes, tmp_path: Path) -> None:
    encoder = load_encoder()
    tiny = make_bundle(tmp_path / "tiny", language=True)
    language = Language(MODEL, WEIGHTS_SHA256, EMBEDDING_DIM, ("touch",), np.zeros((1, EMBEDDING_DIM), np.float32))
    files = {"policy.onnx": tiny.read("policy.onnx")} | encoder_files(encoder)
    bundle = write_bundle(replace(tiny, path=tmp_path / "listening", language=language), files)
    process = processes.start("-c", PROGRAM, str(bundle.path), *SENTENCES)
    assert process.wait() == 0, process.lines
    embeddings = np.array(json.loads(process.lines[-1]))
    assert np.abs(embeddings - encoder.encode(SENTENCES).numpy()).max() <= 1e-5
