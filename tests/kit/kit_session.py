"""Enables and disables the extension in a headless Kit. Run by test_kit_extension.py with the Python of ``.venv-kit``.

Usage: kit_session.py SEARCH_FOLDER WORK_FOLDER; writes WORK_FOLDER/kit.log and WORK_FOLDER/result.json.
"""

import json
import sys
from pathlib import Path

from omni.kit_app import KitApp  # pyright: ignore[reportMissingImports]

NAME = "humanoid_vla"


def main(search_folder: str, work_folder: Path) -> None:
    app = KitApp()
    app.startup(
        [
            *("--ext-folder", search_folder),
            *("--enable", NAME),
            "--no-window",
            "--/app/extensions/registryEnabled=0",  # never ask the network for an extension
            *("--portable-root", str(work_folder)),  # leave no trace in the user's home
            f"--/log/file={work_folder / 'kit.log'}",
            "--/log/level=info",
            "--/log/fileLogLevel=info",
        ]
    )
    for _ in range(3):
        app.update()
    manager = app.extension_manager
    result: dict[str, object] = {"enabled": manager.is_extension_enabled(NAME)}
    if result["enabled"]:
        from humanoid_vla.kit.tasks_list import load_task_rows

        rows, notice = load_task_rows()
        result |= {"id": manager.get_enabled_extension_id(NAME), "rows": len(rows), "notice": notice}
        manager.set_extension_enabled_immediate(NAME, False)
        result["enabled_after_disable"] = manager.is_extension_enabled(NAME)
    (work_folder / "result.json").write_text(json.dumps(result))
    app.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
