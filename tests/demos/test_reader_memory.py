"""A file of 4 GiB is read in less than 1 GiB of memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from demo_files import ENV_ARGS

EPISODES, LENGTH, SHAPE = 342, 512, (64, 64, 3)
"""342 x 512 images of 12 KiB are 2.0 GiB, and so are those one step later."""

EPOCH = """
import resource, sys, time
from humanoid_vla.demos.batches import TransitionBatches
from humanoid_vla.demos.reader import DemoFile

start = time.perf_counter()
file = DemoFile(sys.argv[1])
rows = size = 0
for batch in TransitionBatches(file, range(len(file.episodes)), batch_size=256, seed=0):
    rows += len(batch.actions)
    size += sum(value.nbytes for group in (batch.obs, batch.next_obs) for value in group.values())
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # [GiB]
print(rows, size, peak, time.perf_counter() - start)
"""


@pytest.fixture
def large_file(tmp_path: Path) -> Iterator[Path]:
    """The file, on disk only while the test runs; its images are noise."""
    path = tmp_path / "large.hdf5"
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (LENGTH + 1, *SHAPE), np.uint8)
    last = np.zeros(LENGTH, np.uint8)
    last[-1] = 1
    try:
        with h5py.File(path, "w", libver=("v110", "v110")) as file:
            file.attrs["format_version"] = 1
            data = file.create_group("data")
            data.attrs["total"] = EPISODES * LENGTH
            data.attrs["env_args"] = json.dumps(ENV_ARGS)
            for number in range(EPISODES):
                demo = data.create_group(f"demo_{number}")
                demo.attrs["num_samples"] = LENGTH
                images = noise + np.uint8(number % 256)
                demo["obs/camera"], demo["next_obs/camera"] = images[:-1], images[1:]
                demo["actions"] = rng.uniform(-1, 1, (LENGTH, 17)).astype(np.float32)
                demo["rewards"] = np.zeros(LENGTH, np.float32)
                demo["dones"] = demo["terminated"] = last
        yield path
    finally:
        path.unlink(missing_ok=True)


@pytest.mark.slow
def test_an_epoch_of_a_large_file_stays_small(large_file: Path) -> None:
    assert large_file.stat().st_size > 4 * 2**30
    result = subprocess.run([sys.executable, "-c", EPOCH, str(large_file)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    rows, size, peak, seconds = (float(word) for word in result.stdout.split())
    print(f"{size / 2**30:.2f} GiB in {seconds:.0f} s, peak {peak:.2f} GiB")
    assert rows == EPISODES * LENGTH
    assert size > 4 * 2**30
    assert peak < 1.0
