"""The node and its surroundings as processes, with what they print."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
TRAFFIC = REPOSITORY / "scripts" / "ros_traffic.py"
PATIENCE = 60.0
"""Until something is given up that should happen [s]: on a busy machine a process takes its time to start."""


class Process:
    """A process whose lines are collected while it runs."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip())

    def wait_for(self, pattern: str, since: int = 0) -> int:
        """Wait for a line that matches, from a number of lines on; the number of the next one."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for index, line in enumerate(self.lines[since:], since):
                if re.search(pattern, line):
                    return index + 1
            assert self._process.poll() is None, "it ended:\n" + "\n".join(self.lines)
            time.sleep(0.02)
        raise AssertionError(f"no line matched '{pattern}':\n" + "\n".join(self.lines[since:][-40:]))

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end; the exit code."""
        code = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def result(self) -> dict[str, Any]:
        """The last line, which is JSON."""
        return json.loads(self.lines[-1])


class Processes:
    """Starts processes.

    Args:
        python: With rclpy.
        environment: Of all of them.
    """

    def __init__(self, python: Path, environment: dict[str, str]) -> None:
        self._python, self._environment = str(python), environment
        self._started: list[Process] = []

    def node(self, *parameters: str) -> Process:
        """The node, with parameters such as "rate:=50.0"."""
        arguments = [part for parameter in parameters for part in ("-p", parameter)]
        return self.start("-m", "humanoid_vla.runtime.ros2_node", "--ros-args", *arguments)

    def traffic(self, *arguments: str) -> Process:
        """The robot's side, see scripts/ros_traffic.py."""
        return self.start(str(TRAFFIC), *arguments)

    def start(self, *arguments: str) -> Process:
        """Any Python process."""
        self._started.append(Process([self._python, *arguments], self._environment))
        return self._started[-1]

    def end(self) -> None:
        """Kill what still runs."""
        for process in self._started:
            process.end(signal.SIGKILL)
