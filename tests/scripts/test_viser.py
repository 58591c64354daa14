"""The browser view: ``scripts/play.py --viz viser`` shows a robot that moves."""

import asyncio
import base64
import io
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import warp as wp
from isaaclab_visualizers.viser.viser_visualizer import NewtonViewerViser
from newton import GeoType
from newton.viewer import ViewerViser
from PIL import Image
from websockets.asyncio.client import connect

from humanoid_vla.tasks.viser_view import restore_to_numpy

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# WebGL without a GPU, for a browser without a window.
BROWSER_FLAGS = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=960,700"]
BROWSER_FLAGS += ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
PORT = 8080


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_ground_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = NewtonViewerViser(port=free_port(), bind_address="127.0.0.1", verbose=False)
    try:
        viewer.log_geo("/ground", GeoType.PLANE, (0.0, 0.0, 0.0), 0.0, True)
        place: Any = wp.array([[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]], dtype=wp.transform, device="cpu")
        monkeypatch.delattr(ViewerViser, "_to_numpy", raising=False)
        with pytest.raises(AttributeError, match="_to_numpy"):  # else the work-around is no longer needed
            viewer.log_instances("/grounds", "/ground", place, None, None, None)
        restore_to_numpy()
        viewer.log_instances("/grounds", "/ground", place, None, None, None)
        assert len(viewer._plane_handles["/grounds"]) == 1
    finally:
        viewer.close()


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs a browser: apt-get install chromium")
def test_the_page_shows_a_robot_that_moves(checkpoint: Path, scripts: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", PORT)) == 0:
            pytest.skip(f"port {PORT} is taken by another program")
    command = [sys.executable, str(scripts / "play.py"), "--task", "VLA-Reach-G1", "--checkpoint", str(checkpoint)]
    command += ["--viz", "viser", "--num_envs", "1", "--device", "cpu"]
    log = tmp_path / "play.log"
    with running(command, log):
        url = f"http://localhost:{PORT}"
        wait_until(lambda: urllib.request.urlopen(url).status == 200, seconds=240)
        seen = asyncio.run(look_at(url, tmp_path))
        assert "Error stepping visualizer" not in log.read_text()
    assert seen == "moves"


async def look_at(url: str, folder: Path) -> str:
    """What the middle of a page shows, where the robot's upper body is: "nothing", "stands" or "moves".

    Waits for movement for two minutes: without a GPU a picture takes seconds. Speaks Chromium's DevTools protocol: one
    numbered JSON message a call, one with the same number as its answer.
    """
    port = free_port()
    command = [str(BROWSER), *BROWSER_FLAGS, f"--remote-debugging-port={port}", f"--user-data-dir={folder / 'browser'}"]
    with running([*command, url], folder / "browser.log"):
        pages: list[dict[str, str]] = []

        def find_page() -> bool:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
                pages[:] = [page for page in json.load(answer) if page["type"] == "page"]
            return bool(pages)

        wait_until(find_page, seconds=60)
        async with connect(pages[0]["webSocketDebuggerUrl"], max_size=None, ping_interval=None) as devtools:
            first: np.ndarray | None = None
            for number in range(40):
                await asyncio.sleep(3)
                await devtools.send(json.dumps({"id": number, "method": "Page.captureScreenshot"}))
                answer: dict[str, Any] = {}
                while answer.get("id") != number:
                    answer = json.loads(await asyncio.wait_for(devtools.recv(), timeout=120))
                middle = middle_of(base64.b64decode(answer["result"]["data"]))
                if first is None:
                    first = middle if len(np.unique(middle.reshape(-1, 3), axis=0)) > 500 else None
                elif (np.abs(middle - first).max(axis=-1) > 30).mean() > 0.01:
                    return "moves"
    return "nothing" if first is None else "stands"


def middle_of(png: bytes) -> np.ndarray:
    """The middle of a picture, left of Isaac Lab's panel, int (height, width, 3)."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=int)
    height, width, _ = pixels.shape
    return pixels[height // 4 : 2 * height // 3, 3 * width // 8 : 5 * width // 8]


@contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    """A program that runs in the background until the block ends."""
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for something to come true; what fails with a broken connection is not true yet."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError):
            if condition():
                return
        time.sleep(0.5)
    pytest.fail(f"waited {seconds:g} s in vain")
