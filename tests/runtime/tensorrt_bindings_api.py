"""What the real TensorRT bindings offer: classes and their members, without a GPU and without TensorRT's libraries.

The bindings are a package of their own. They only load where the libraries lie that they call, but nine functions are
all that they call by name: empty ones in their place will do to look at the classes. Run as a program this prints what
the bindings on its path offer, and with a folder for downloads it writes ``tensorrt_names.json`` anew:
``python tests/runtime/tensorrt_bindings_api.py /tmp/wheels``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

BINDINGS = {"10": "tensorrt-cu13-bindings>=10,<11", "11": "tensorrt-cu13-bindings>=11,<12"}
GOLDEN = Path(__file__).with_name("tensorrt_names.json")
LIBRARIES = ("nvinfer", "nvinfer_plugin", "nvonnxparser")
STUB = "".join(
    f"void *{name}(void) {{ return 0; }}\n"
    for name in (
        "createInferBuilder_INTERNAL", "createInferRefitter_INTERNAL", "createInferRuntime_INTERNAL",
        "createNvOnnxParserRefitter_INTERNAL", "createNvOnnxParser_INTERNAL", "getBuilderPluginRegistry",
        "getNvOnnxParserVersion", "getPluginRegistry", "initLibNvInferPlugins",
    )
)  # fmt: skip

NOT_OURS = re.compile(r"Layer|Plugin|\dExt|DataType|_")
"""Classes that a program which reads ONNX files has no use for."""

Api = dict[str, dict[str, str]]
"""Class -> its members -> the class that each gives, or "". The module itself is the class ""."""


class NotHereError(Exception):
    """A package or a compiler that cannot be had on this machine."""


def fetch(requirement: str, folder: Path) -> Path:
    """Download a wheel into a folder, where it is not there yet, and unpack it.

    Raises:
        NotHereError: It cannot be had.
    """
    place = folder / re.sub(r"\W+", "-", requirement)
    if not place.is_dir():
        wheels = folder / f"{place.name}-wheels"
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--dest",
            str(wheels),
        ]
        done = subprocess.run([*command, requirement], capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise NotHereError(
                f"{requirement}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'no pip'}"
            )
        (wheel,) = wheels.glob("*.whl")
        unpacked = folder / f".{place.name}-{os.getpid()}"
        zipfile.ZipFile(wheel).extractall(unpacked)
        unpacked.rename(place)
        shutil.rmtree(wheels)
    return place


def read_api(version: str, folder: Path) -> Api:
    """What the newest bindings of TensorRT 10 or 11 offer.

    Raises:
        NotHereError: They or a C compiler cannot be had.
    """
    if not (compiler := shutil.which("cc")):
        raise NotHereError("a C compiler is missing")
    bindings, stubs = fetch(BINDINGS[version], folder), folder / f"stubs-{version}"
    stubs.mkdir(exist_ok=True)
    (stubs / "stub.c").write_text(STUB, encoding="utf-8")
    for library in LIBRARIES:
        name = f"lib{library}.so.{version}"
        options = ["-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(stubs / name), str(stubs / "stub.c")]
        subprocess.run([compiler, *options], check=True)
    environment = os.environ | {"LD_LIBRARY_PATH": str(stubs), "PYTHONPATH": str(bindings)}
    command = [sys.executable, __file__]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def describe(module: Any) -> Api:
    """The classes and functions of a module of pybind11's."""
    api: Api = {"": {"__version__": ""}}
    for name, value in vars(module).items():
        if name.startswith("_") or (NOT_OURS.search(name) and isinstance(value, type)):
            continue
        api[""][name] = ""
        if isinstance(value, type):
            api[name] = {member: _given(value, member) for member in dir(value) if not member.startswith("_")}
    return api


def read_golden() -> dict[str, Api]:
    """What ``tensorrt_names.json`` holds: TensorRT's version -> what it offers."""
    written = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return {
        version: {
            name: {member: given for member, _, given in (entry.partition(":") for entry in members.split())}
            for name, members in api.items()
        }
        for version, api in written.items()
    }


def write_golden(folder: Path) -> None:
    """Write it anew, with a folder for the downloads."""
    written = {
        version: {
            name: " ".join(f"{member}:{given}" if given else member for member, given in sorted(members.items()))
            for name, members in read_api(version, folder).items()
        }
        for version in BINDINGS
    }
    GOLDEN.write_text(json.dumps(written, indent=0, sort_keys=True) + "\n", encoding="utf-8")


def _given(cls: type, member: str) -> str:
    """The class of what a method returns or a property holds, from its signature; "" where that is none of them."""
    value = getattr(cls, member)
    if isinstance(value, cls):  # a value of an enumeration
        return cls.__name__
    signature = (value.fget if isinstance(value, property) else value).__doc__ or ""
    # some signatures were written before Python's name of the class was known: nvonnxparser::IParserError
    found = re.search(r"-> (?:tensorrt_bindings\.tensorrt\.|nv\w+::I(?=ParserError))(\w+)", signature)
    return found[1] if found else ""


if __name__ == "__main__":
    if sys.argv[1:]:
        write_golden(Path(sys.argv[1]))
    else:
        import tensorrt_bindings  # pyright: ignore[reportMissingImports]

        print(json.dumps(describe(tensorrt_bindings)))
