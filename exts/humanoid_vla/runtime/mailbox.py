"""The newest value that another thread has to give."""

from __future__ import annotations


class Mailbox[T]:
    """Holds the latest value and when it was measured; readers never wait and never see half of one.

    There is no lock: a value and its stamp are one tuple, and replacing a reference is one step of the interpreter.
    So the writer must not change a value after it put it there.
    """

    __slots__ = ("_latest", "puts")

    def __init__(self) -> None:
        self._latest: tuple[T, float] | None = None
        self.puts = 0
        """Values that ever came, as far as one thread alone writes."""

    def put(self, value: T, stamp: float) -> None:
        """Replace the latest value.

        Args:
            value: Not to be changed any more.
            stamp: When it was measured, not when it arrived [s of ``time.monotonic()``]. Readers take a value whose
                stamp is not finite, or from the future, for an old one.
        """
        self._latest = value, stamp
        self.puts += 1

    def latest(self) -> tuple[T, float] | None:
        """The latest value and its stamp; None where none ever came."""
        return self._latest
