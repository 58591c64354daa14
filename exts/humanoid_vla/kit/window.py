"""The window that lists the tasks. Import it only where Kit has ``omni.ui``."""

import webbrowser
from functools import partial

import carb  # pyright: ignore[reportMissingImports]
import omni.ui as ui  # pyright: ignore[reportMissingImports]

from .tasks_list import TaskRow, docs_page, load_task_rows

ROW_HEIGHT = 24  # [px]


class TasksWindow:
    """A list of the tasks, each with buttons that copy its command lines."""

    def __init__(self) -> None:
        self._window = ui.Window("Humanoid VLA", width=560, height=360)
        # Built when it is first drawn: registering the tasks must not slow the app's start, and a window nobody sees
        # (--no-window) never does it.
        self._window.frame.set_build_fn(self._build)

    def destroy(self) -> None:
        """Close the window, so that Kit can unload the extension."""
        self._window.destroy()

    def _build(self) -> None:
        rows, notice = load_task_rows()
        with self._window.frame, ui.VStack(spacing=4):
            if notice:
                ui.Label(notice, word_wrap=True)
            with ui.ScrollingFrame(), ui.VStack(height=0, spacing=4):
                for row in rows:
                    self._build_row(row)
            page = docs_page()
            if page is not None:
                ui.Button("Open the documentation", height=ROW_HEIGHT, clicked_fn=partial(_open_page, page.as_uri()))

    def _build_row(self, row: TaskRow) -> None:
        with ui.HStack(height=ROW_HEIGHT, spacing=4):
            ui.Label(row.task_id, tooltip=f"{row.train}\n{row.play}")
            for text, command in (("Copy train command", row.train), ("Copy play command", row.play)):
                ui.Button(text, width=150, tooltip=command, clicked_fn=partial(_copy, command))


def _copy(command: str) -> None:
    try:
        import omni.kit.clipboard  # pyright: ignore[reportMissingImports]
    except ImportError:  # an app with windows but without this extension: the console takes the command instead
        carb.log_warn(f"no clipboard in this app; the command is: {command}")
        return
    omni.kit.clipboard.copy(command)


def _open_page(uri: str) -> None:
    if not webbrowser.open(uri):
        carb.log_warn(f"no web browser found; the documentation is at {uri}")
