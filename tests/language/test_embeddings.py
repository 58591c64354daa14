"""The cache of embeddings: computed once, never trusted blindly, read without the encoder's libraries."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from humanoid_vla.language import embeddings
from humanoid_vla.language.embeddings import cache_folder, content_hash, embed

SENTENCES = ["touch the red cube", "touch the green ball"]


class CountingEncoder:
    """Embeds sentence i as the unit vector e_i, and counts its calls."""

    calls = 0

    def encode(self, sentences: Sequence[str]) -> torch.Tensor:
        self.calls += 1
        return torch.eye(384)[: len(sentences)]


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CountingEncoder:
    encoder = CountingEncoder()
    monkeypatch.setenv("HUMANOID_VLA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(embeddings, "load_encoder", lambda path: encoder)
    return encoder


def cache_file(sentences: Sequence[str]) -> Path:
    return cache_folder() / "embeddings" / f"{content_hash(sentences)}.safetensors"


def test_sentences_are_encoded_once(encoder: CountingEncoder) -> None:
    first, second = embed(SENTENCES), embed(SENTENCES)
    assert encoder.calls == 1
    assert torch.equal(first, torch.eye(384)[:2])
    assert torch.equal(first, second)
    assert [path.name for path in cache_file(SENTENCES).parent.iterdir()] == [cache_file(SENTENCES).name]


def test_another_sentence_or_another_order_is_another_table(encoder: CountingEncoder) -> None:
    embed(SENTENCES)
    embed([*SENTENCES, "touch the cone"])
    embed(SENTENCES[::-1])
    assert encoder.calls == 3


def test_the_hash_knows_where_a_sentence_ends_and_which_encoder_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert content_hash(["ab", "c"]) != content_hash(["a", "bc"])
    before = content_hash(SENTENCES)
    monkeypatch.setattr(embeddings, "WEIGHTS_SHA256", "of other weights")
    assert content_hash(SENTENCES) != before


@pytest.mark.parametrize("damage", ["truncated", "empty", "foreign", "flipped", "of other sentences"])
def test_a_damaged_file_is_computed_anew(encoder: CountingEncoder, damage: str) -> None:
    expected = embed(SENTENCES)
    file = cache_file(SENTENCES)
    content = file.read_bytes()
    if damage == "of other sentences":
        embed(SENTENCES[::-1])
        content = cache_file(SENTENCES[::-1]).read_bytes()
    broken = {
        "truncated": content[:-8],
        "empty": b"",
        "foreign": b"PK\x03\x04 something else",
        "flipped": content[:-1] + b"\x01",
    }
    file.write_bytes(broken.get(damage, content))
    calls = encoder.calls
    assert torch.equal(embed(SENTENCES), expected)
    assert encoder.calls == calls + 1
    embed(SENTENCES)
    assert encoder.calls == calls + 1  # the file is whole again


def test_a_table_may_meet_a_gradient_wherever_it_was_made(encoder: CountingEncoder) -> None:
    embed(SENTENCES)
    with torch.inference_mode():  # as a rollout does
        table = embed(SENTENCES)
    weight = torch.ones(384, 1, requires_grad=True)
    (table @ weight).sum().backward()
    assert not table.is_inference()


def test_a_cache_that_cannot_be_written_is_named(
    encoder: CountingEncoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HUMANOID_VLA_CACHE", str(tmp_path / "file"))
    with pytest.raises(OSError, match=r"cannot write .*file.*; set HUMANOID_VLA_CACHE to a folder"):
        embed(SENTENCES)


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUMANOID_VLA_CACHE", "here")
    assert cache_folder() == Path("here")
    monkeypatch.delenv("HUMANOID_VLA_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "humanoid_vla"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "humanoid_vla"


def test_a_cached_table_needs_no_library_of_the_encoder(encoder: CountingEncoder) -> None:
    embed(SENTENCES)
    program = (
        "import sys; from humanoid_vla.language.embeddings import embed; import humanoid_vla.language.reach\n"
        f"assert embed({SENTENCES!r}).shape == (2, 384)\n"
        "print(sorted({'sentence_transformers', 'transformers', 'huggingface_hub'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=dict(os.environ))
    assert result.stdout == "[]\n", result.stderr
