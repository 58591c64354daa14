"""Reads instructions beside the control loop: a new sentence may take a while to encode."""

from __future__ import annotations

import threading

import numpy as np

from humanoid_vla.runtime.instruction import InstructionError, InstructionReader
from humanoid_vla.runtime.mailbox import Mailbox


class Listener:
    """Turns what the robot is told into an embedding. As a fault: there is no instruction that it can follow.

    A sentence that is refused takes the place of the one before: whoever said it wanted something else than that.

    Args:
        mailbox: Sentences come in here.
        reader: Cleans and encodes them.
        patience: How long the robot may be held for want of one [s].
    """

    def __init__(self, mailbox: Mailbox[str], reader: InstructionReader, patience: float) -> None:
        self.patience = patience
        self._mailbox, self._reader = mailbox, reader
        self._heard: np.ndarray | str | None = None  # an embedding, or why there is none
        # no thread that looks at the mailbox now and then: put aside by the system while it has the interpreter, it
        # would keep the loop waiting
        self._noticed: object = None
        self._wake, self._closed = threading.Event(), False
        self._thread = threading.Thread(target=self._work, name="listener", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; does not wait for an encoder that is at work."""
        self._closed = True
        self._wake.set()

    @property
    def embedding(self) -> np.ndarray | None:
        """Of the last instruction, (dim,); None where there is none, or it was refused."""
        heard = self._heard
        return heard if isinstance(heard, np.ndarray) else None

    @property
    def problem(self) -> object:
        """What was heard last."""
        heard = self._heard
        return heard if isinstance(heard, str) else None

    def healthy(self, now: float) -> bool:
        """Notice what came; whether there is an instruction to follow."""
        latest = self._mailbox.latest()
        if latest is not self._noticed:
            self._noticed = latest
            self._wake.set()
        return isinstance(self._heard, np.ndarray)

    def describe(self) -> str:
        """Why there is none."""
        heard = self._heard
        return heard if isinstance(heard, str) else "there is no instruction yet"

    def _work(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._closed:
                return
            latest = self._mailbox.latest()
            if latest is not None:
                self._heard = self._understand(latest[0])

    def _understand(self, text: str) -> np.ndarray | str:
        try:
            return self._reader.read(text)
        except InstructionError as error:
            return f"the instruction was refused: {error}"
        except Exception as error:  # an encoder may raise anything; the robot is held then
            return f"the instruction could not be encoded: {type(error).__name__}: {error}"
