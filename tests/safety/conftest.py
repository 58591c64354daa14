"""MuJoCo's model of the robot stands beside the tests of its assets."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "assets"))
