"""Bundles are read as they were written, and refused where a byte of them is another."""

import hashlib
import io
import json
import pickle
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import make_bundle

from humanoid_vla.export.writer import write_bundle
from humanoid_vla.runtime.bundle import Bundle, load_bundle
from humanoid_vla.runtime.bundle_files import UNSEALED, BundleError


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """One of everything: language, camera, objects, a state."""
    return make_bundle(tmp_path / "bundle", language=True, camera=True, objects=True, state=True)


def reseal(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change ``bundle.json`` as somebody would who can compute its seal."""
    file = folder / "bundle.json"
    manifest = json.loads(file.read_text())
    change(manifest)
    manifest["seal"] = UNSEALED
    content = json.dumps(manifest).encode()
    file.write_bytes(content.replace(UNSEALED.encode(), hashlib.sha256(content).hexdigest().encode(), 1))


def swap_file(folder: Path, name: str, content: bytes) -> None:
    """Put other content into a file, and its hash into ``bundle.json``."""
    (folder / name).write_bytes(content)
    reseal(folder, lambda manifest: manifest["files"].update({name: hashlib.sha256(content).hexdigest()}))


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, np.ndarray):
        return ours.dtype == theirs.dtype and np.array_equal(ours, theirs)
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list | tuple):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours == theirs


def test_what_is_written_is_read_to_the_last_bit(bundle: Bundle, tmp_path: Path) -> None:
    joints = replace(bundle.joints, default=np.pi * np.linspace(-0.1, 0.1, len(bundle.joints.names)))
    provenance = {"checkpoint": "model_399.pt", "packages": {"torch": "2.11.0"}}
    ours = replace(bundle, path=tmp_path / "other", joints=joints, provenance=provenance)
    theirs = write_bundle(ours, {"policy.onnx": bundle.read("policy.onnx"), "parity.json": b"{}"})
    assert theirs.files.keys() == {"policy.onnx", "parity.json", "instructions.npz"}
    assert same(asdict(replace(theirs, files={})), asdict(replace(ours, files={})))
    assert theirs.read("policy.onnx") == bundle.read("policy.onnx")


@pytest.mark.parametrize("name", ["policy.onnx", "instructions.npz"])
def test_one_changed_byte_of_a_file_is_found(bundle: Bundle, name: str) -> None:
    content = (bundle.path / name).read_bytes()
    for place in (0, len(content) // 2, len(content) - 1):
        changed = bytearray(content)
        changed[place] ^= 1
        (bundle.path / name).write_bytes(changed)
        with pytest.raises(BundleError, match=rf"{name} was changed after it was written: its SHA-256 is"):
            load_bundle(bundle.path)
        with pytest.raises(BundleError, match=f"{name} was changed"):
            bundle.read(name)


def test_one_changed_byte_of_the_manifest_is_found_wherever_it_is(bundle: Bundle) -> None:
    file = bundle.path / "bundle.json"
    content = file.read_bytes()
    for place in range(0, len(content), 17):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 7
        file.write_bytes(changed)
        with pytest.raises(BundleError, match=r"bundle\.json"):
            load_bundle(bundle.path)
    file.write_bytes(content)
    load_bundle(bundle.path)


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_manifest_cut_short_is_refused(bundle: Bundle, cut: int) -> None:
    file = bundle.path / "bundle.json"
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(BundleError, match=r"bundle\.json"):
        load_bundle(bundle.path)


def test_a_foreign_version_is_named(bundle: Bundle) -> None:
    reseal(bundle.path, lambda manifest: manifest.update(format_version=1))
    with pytest.raises(BundleError, match=r"bundle\.json has format version 1, this program reads 2"):
        load_bundle(bundle.path)


@pytest.mark.parametrize("name", ["policy.onnx", "instructions.npz", "bundle.json"])
def test_a_missing_file_is_named(bundle: Bundle, name: str) -> None:
    (bundle.path / name).unlink()
    with pytest.raises(BundleError, match=rf"{name} is missing; export the bundle again"):
        load_bundle(bundle.path)


def test_no_bundle_at_all(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"there is no bundle '.*nowhere'; make one with"):
        load_bundle(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["../outside.bin", "/etc/passwd", "a/b", "..", ".", "", "a\\b", "-rf", ".hidden"])
def test_no_file_leads_out_of_the_folder(bundle: Bundle, name: str) -> None:
    (bundle.path.parent / "outside.bin").write_bytes(b"")
    reseal(bundle.path, lambda manifest: manifest["files"].update({name: hashlib.sha256(b"").hexdigest()}))
    with pytest.raises(BundleError, match="is no plain file name in its folder"):
        load_bundle(bundle.path)


def test_no_link_leads_out_of_the_folder(bundle: Bundle) -> None:
    policy = bundle.path / "policy.onnx"
    policy.rename(bundle.path.parent / "policy.onnx")
    policy.symlink_to(bundle.path.parent / "policy.onnx")
    with pytest.raises(BundleError, match=r"policy\.onnx is a link that leads out of the bundle"):
        load_bundle(bundle.path)


class Bomb:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_pickled_arrays_are_refused_and_not_run(bundle: Bundle, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=True, sentences=np.array([Bomb(mark)], dtype=object), embeddings=np.zeros((1, 8)))
    for content in (stream.getvalue(), pickle.dumps(Bomb(mark)), b"", b"PK\x03\x04 nonsense"):
        swap_file(bundle.path, "instructions.npz", content)
        with pytest.raises(BundleError, match=r"instructions\.npz is no file of plain arrays"):
            load_bundle(bundle.path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m["joints"]["default"].__setitem__(0, float("nan")), "NaN is no number"),
        (lambda m: m["joints"]["damping"].pop(), r"joints\.damping has shape \(16,\) for 17 joints"),
        (lambda m: m["joints"]["names"].__setitem__(0, m["joints"]["names"][1]), "must be different names"),
        (lambda m: m["joints"]["soft_upper"].__setitem__(2, 9.0), "limits of joint 'waist_pitch_joint'"),
        (lambda m: m["joints"].pop("scale"), "KeyError: 'scale'"),
        (lambda m: m["inputs"][0]["terms"].pop(), "terms of input 'proprio' do not fill its shape"),
        (lambda m: m["inputs"][0].update(dtype="object"), "input 'proprio' is of object"),
        (lambda m: m["states"][0].update(dtype="object"), "state 'memory' is of object"),
        (lambda m: m["cameras"][0].update(fx=0.0), "camera 'head' is impossible"),
        (lambda m: m["cameras"][0].update(quat_wxyz=[1.0, 1.0, 0.0, 0.0]), "no position and unit quaternion"),
        (lambda m: m["language"].update(dim=9), r"finite float32 embeddings \(2, 9\)"),
        (lambda m: m["language"].update(table="../table.npz"), r"'\.\./table\.npz' has no hash"),
        (lambda m: m.update(policy_dt=0.0), "policy_dt is 0"),
        (lambda m: m.update(policy_dt=True), "policy_dt is True, which is no float"),
        (lambda m: m["joints"]["max_speed"].__setitem__(3, -1.0), r"joints\.max_speed is \[1\.2, .*must be above 0"),
        (lambda m: m["joints"]["units"].__setitem__(3, "inch"), "joints.units must be 'rad' or 'm'"),
        (lambda m: m["joints"]["follows"].__setitem__(3, -1), "follows no action, but its scale is 1.2"),
        (lambda m: m["filter_settings"].update(max_speed="fast"), "could not convert string to float"),
        (lambda m: m["commands"].update(forward=0.5), "commands are {'forward': 0.5}, which are no lists of numbers"),
        (lambda m: m.update(fixed_base=1), "fixed_base is 1, which is no bool"),
        (lambda m: m.update(action_kind="torque"), "action_kind is 'torque'"),
        (lambda m: m.pop("task"), "KeyError: 'task'"),
        (lambda m: m["files"].pop("policy.onnx"), r"lists no policy\.onnx"),
        (lambda m: m.update(format="something"), "is no bundle's"),
    ],
)
def test_what_contradicts_itself_is_refused(bundle: Bundle, change: Any, said: str) -> None:
    reseal(bundle.path, change)
    with pytest.raises(BundleError, match=said) as error:
        load_bundle(bundle.path)
    assert "\n" not in str(error.value)


def test_not_even_its_maker_can_write_what_cannot_be_read(bundle: Bundle, tmp_path: Path) -> None:
    broken = replace(bundle, path=tmp_path / "broken", policy_dt=0.0)
    with pytest.raises(BundleError, match="policy_dt is 0"):
        write_bundle(broken, {"policy.onnx": b""})
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_bundle_replaces_a_bundle_and_nothing_else(bundle: Bundle, tmp_path: Path) -> None:
    (bundle.path / "left_over").touch()
    again = write_bundle(replace(bundle, agent="another"), {"policy.onnx": bundle.read("policy.onnx")})
    assert again.agent == "another"
    assert not (bundle.path / "left_over").exists()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").touch()
    with pytest.raises(FileExistsError, match="exists and is no bundle"):
        write_bundle(replace(bundle, path=tmp_path / "home"), {"policy.onnx": b""})
    assert (tmp_path / "home" / "thesis.tex").exists()
