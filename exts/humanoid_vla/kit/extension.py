"""The class that Kit starts when the extension is enabled (named in extension.toml)."""

import carb  # pyright: ignore[reportMissingImports]
import omni.ext  # pyright: ignore[reportMissingImports]
import omni.kit.app  # pyright: ignore[reportMissingImports]


class HumanoidVlaExtension(omni.ext.IExt):
    """Shows the tasks in a window, where the app has windows.

    Nothing of Isaac Lab is imported at start: its own launcher starts Kit too, and takes its modules out of
    ``sys.modules`` meanwhile.
    """

    def on_startup(self, ext_id: str) -> None:
        """Log the version and open the window.

        Args:
            ext_id: Kit's name for this extension with its version, such as "humanoid_vla-0.1.0".
        """
        self._window = None
        manager = omni.kit.app.get_app().get_extension_manager()
        version = manager.get_extension_dict(ext_id)["package"]["version"]
        carb.log_info(f"started, version {version}")
        # Asked, not tried: an ImportError would not tell a missing omni.ui from a mistake in our window.
        if manager.is_extension_enabled("omni.ui"):
            from .window import TasksWindow

            self._window = TasksWindow()
        else:
            carb.log_info("this app has no omni.ui, so no window; `isaaclab list_envs` lists the tasks")

    def on_shutdown(self) -> None:
        """Close the window."""
        if self._window is not None:
            self._window.destroy()
            self._window = None
        carb.log_info("stopped")
