"""One thread: these networks are tiny, and on a shared machine threads that wait for each other cost minutes."""

import torch

torch.set_num_threads(1)
