"""What all tests share."""

import sys
from pathlib import Path

import torch

# One thread: these networks are tiny, and on a shared machine threads that wait for each other cost minutes.
torch.set_num_threads(1)

# The scripts import each other by name, as Python does when one of them is run.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
