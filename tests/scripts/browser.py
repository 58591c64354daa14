"""A page in a browser without a window, driven through Chromium's DevTools protocol."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect
from websockets.sync.connection import Connection

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# WebGL without a GPU.
FLAGS = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"]
FLAGS += ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]

needs_browser = pytest.mark.skipif(BROWSER is None, reason="needs a browser: apt-get install chromium")


class Page:
    """What can be done with an open page.

    Args:
        devtools: The page's end of the DevTools protocol: one numbered JSON message a call, one with the same number
            as its answer.
    """

    def __init__(self, devtools: Connection) -> None:
        self._devtools = devtools
        self._number = 0

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol; it may take two minutes: without a GPU a picture takes seconds."""
        self._number += 1
        self._devtools.send(json.dumps({"id": self._number, "method": method, "params": params}))
        answer: dict[str, Any] = {}
        while answer.get("id") != self._number:
            answer = json.loads(self._devtools.recv(timeout=120))
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def screenshot(self) -> bytes:
        """What the page shows, PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot")["data"])

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def text(self) -> str:
        """All that is written on the page."""
        return self.evaluate("document.body.innerText")

    def replace_text(self, text: str) -> None:
        """Type into the text field of the page's form in place of what it says, and press Enter."""
        self.evaluate("{const field = document.querySelector('form input'); field.focus(); field.select()}")
        self.call("Input.insertText", text=text)
        time.sleep(0.5)  # viser holds back what is sent within 50 ms
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13
            )


@contextmanager
def open_page(url: str, folder: Path, width: int, height: int) -> Iterator[Page]:
    """A page of this size [px]; the browser keeps its files in a folder."""
    port = free_port()
    command = [str(BROWSER), *FLAGS, f"--remote-debugging-port={port}", f"--user-data-dir={folder / 'browser'}", url]
    with running(command, folder / "browser.log"):
        pages: list[dict[str, str]] = []

        def find_page() -> bool:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
                pages[:] = [page for page in json.load(answer) if page["type"] == "page"]
            return bool(pages)

        wait_until(find_page, seconds=60)
        with connect(pages[0]["webSocketDebuggerUrl"], max_size=None, ping_interval=None) as devtools:
            page = Page(devtools)
            page.call(
                "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
            )
            yield page


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
