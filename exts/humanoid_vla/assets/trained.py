"""Trained policies that come with the package, for tasks that build on them; ``docs/walk.md`` has their recipes."""

from __future__ import annotations

from pathlib import Path

WALK_COMMAND_POLICY = Path(__file__).parent / "policies" / "walk_command.pt"
"""Walks as fast, and turns as fast, as it is told: agent ``sac_gpu`` of ``VLA-Walk-Command-G1``."""

WALK_POLICY = Path(__file__).parent / "policies" / "walk.pt"
"""Walks as it is told in sentences: agent ``dagger`` of ``VLA-Walk-G1``, taught by the former."""
