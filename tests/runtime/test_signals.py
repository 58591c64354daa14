"""Signals to a control loop that is a program of its own, with a moving robot."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bundles import make_bundle

PROGRAM = Path(__file__).with_name("loop_process.py")


class Program:
    """The program, from when it moves the robot on."""

    def __init__(self, bundle: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(bundle)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.wait_for("moving")

    def wait_for(self, word: str) -> None:
        """Read until it says a word."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == word:
                return
        raise AssertionError(f"it never said '{word}': {self.process.communicate()[1]}")

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> dict[str, Any]:
        """What happened."""
        out, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, err
        return json.loads(out.splitlines()[-1])


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    make_bundle(tmp_path / "bundle", action=0.5)
    program = Program(tmp_path / "bundle")
    yield program
    program.process.kill()


def names(figures: dict[str, Any]) -> list[str]:
    return [entry["state"] for entry in figures["states"]]


def test_a_signal_stops_the_moving_robot(program: Program) -> None:
    program.send(signal.SIGINT)
    figures = program.end()
    assert names(figures)[-2:] == ["stopping", "stopped"]
    assert figures["states"][-1]["reason"] == "SIGINT"
    assert figures["damped"] == 1
    stopping, stopped = (entry["at_s"] for entry in figures["states"][-2:])
    assert stopped - stopping >= 0.3  # it took its time


def test_a_second_signal_hands_over_at_once(program: Program) -> None:
    program.send(signal.SIGTERM)
    program.wait_for("stopping")
    program.send(signal.SIGINT)
    figures = program.end()
    assert names(figures)[-1] == "stopped"
    assert figures["states"][-1]["reason"] == "SIGTERM"
    assert figures["damped"] == 1


def test_a_process_that_was_stopped_for_300_ms(program: Program) -> None:
    """Nothing is made up for, and the robot is held until all that is known of it is new."""
    program.send(signal.SIGSTOP)
    time.sleep(0.3)
    program.send(signal.SIGCONT)
    program.wait_for("holding")
    program.wait_for("active")
    program.send(signal.SIGINT)
    figures = program.end()
    assert figures["overruns"] >= 25
    assert figures["longest_gap"] > 0.25
    held = "; ".join(entry["reason"] for entry in figures["states"] if entry["state"] == "holding")
    assert "ms old, more than" in held
    assert figures["damped"] == 1
