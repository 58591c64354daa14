"""The registered tasks. Importing this package registers them; Isaac Lab does so through the entry point."""

from . import balance, lift, navigate, reach, walk  # noqa: F401
