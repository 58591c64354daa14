"""What the window shows: the registered tasks, and the command lines that run them. Needs neither Kit nor a window."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TASK_PREFIX = "VLA-"


@dataclass(frozen=True)
class TaskRow:
    """One line of the list: a task's id and the commands, to be typed in a terminal, that train and play it."""

    task_id: str
    train: str
    play: str


def task_rows(registered_ids: Iterable[str]) -> list[TaskRow]:
    """Build one row for each of our tasks, sorted by id; ids of other packages are left out."""
    return [
        TaskRow(task_id, f"isaaclab train --task {task_id}", f"isaaclab play --task {task_id}")
        for task_id in sorted(set(registered_ids))
        if task_id.startswith(TASK_PREFIX)
    ]


def load_task_rows() -> tuple[list[TaskRow], str]:
    """Register the tasks and list them.

    Returns:
        The rows, and a sentence for the user that is empty unless there is nothing to list.
    """
    try:
        import gymnasium

        import humanoid_vla.tasks  # noqa: F401  (importing it registers the tasks)
    except ImportError as error:
        # A Kit without Isaac Lab is a fine place to look at the extension: say it, do not fail.
        return [], f"No tasks: Isaac Lab is not complete in this app's Python ({error})."
    rows = task_rows(gymnasium.registry)
    return rows, "" if rows else f"No tasks: nothing is registered under {TASK_PREFIX}*."


def docs_page() -> Path | None:
    """Return the clone's page about the tasks, or None where the package was installed without its documents."""
    # The package lies in exts/humanoid_vla, and this file in its folder kit.
    page = Path(__file__).resolve().parents[3] / "docs" / "tasks.md"
    return page if page.is_file() else None
