"""The small bundle and the Reach task's environments stand beside the tests of others."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "runtime"), str(TESTS / "tasks")]
