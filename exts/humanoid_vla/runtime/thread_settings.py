"""What helps a thread to keep time, as far as it is permitted."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterator

PRIORITY = 20
"""Of the loop among real-time threads, of which there may be more urgent ones: drivers of the robot's bus."""
INFERENCE_PRIORITY = 10
"""Of the policy's thread. Were it an ordinary one, others could keep it waiting while it has the interpreter, and the
loop with it."""
SWITCH_INTERVAL = 0.002
"""How long a thread may keep the interpreter while another waits for it [s]; Python's own is 5 ms. Shorter than a tick
it would take the interpreter from the loop, and give it to threads that the system may put aside."""


@contextlib.contextmanager
def keep_time(realtime: bool, core: int | None) -> Iterator[dict[str, str]]:
    """Prepare the calling thread, and undo it afterwards.

    Garbage that is there already is collected and never looked at again; other threads hand over the interpreter
    sooner; the thread stays on a core and goes before all ordinary ones, where that is permitted.

    Args:
        realtime: Whether to ask for the real-time scheduler (SCHED_FIFO).
        core: The core to stay on; None for any.

    Yields:
        What came of it, in words.
    """
    report = {"scheduler": "as it was", "cores": "as they were"}
    gc.collect()
    gc.freeze()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    # on Linux 0 is the calling thread, not the process; elsewhere there are no such functions
    linux = _is_linux()
    cores = os.sched_getaffinity(0) if linux else set()
    policy, parameters = (os.sched_getscheduler(0), os.sched_getparam(0)) if linux else (0, None)
    try:
        if core is not None:
            report["cores"] = _attempt(f"core {core}", lambda: os.sched_setaffinity(0, {core}))
        if realtime:
            report["scheduler"] = become_realtime(PRIORITY)
        yield report
    finally:
        sys.setswitchinterval(interval)
        gc.unfreeze()
        if parameters is not None:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(0, cores)
                os.sched_setscheduler(0, policy, parameters)


def become_realtime(priority: int) -> str:
    """Make the calling thread a real-time thread, but none that it begins from now on; what came of it, in words."""
    return _attempt(
        f"SCHED_FIFO, priority {priority}",
        lambda: os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority)),
    )


def _attempt(what: str, action: Callable[[], None]) -> str:
    if not _is_linux():
        return f"{what}: not on this system"
    try:
        action()
    except (OSError, ValueError) as error:
        return f"{what}: not permitted ({error})"
    return what


def _is_linux() -> bool:
    return hasattr(os, "sched_setscheduler")
