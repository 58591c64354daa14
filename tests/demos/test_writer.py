"""The file is what robomimic documents, and whole whenever the process dies."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from demo_files import ENV_ARGS, GOAL, TASK, make_episode, open_file, write_file

from humanoid_vla.demos.writer import DemoWriter


def test_layout_with_h5py_alone(demo_file: Path) -> None:
    with open_file(demo_file) as file:
        assert file.attrs["format_version"] == 1
        data = file["data"]
        assert data.attrs["total"] == 57
        env_args = json.loads(data.attrs["env_args"])
        assert (env_args["env_name"], env_args["type"], env_args["env_kwargs"]) == (TASK, 2, {})
        assert set(data) == {f"demo_{number}" for number in range(12)}
        demo = data["demo_2"]
        assert demo.attrs["num_samples"] == 8
        assert demo.attrs["success"]
        assert demo.attrs["seed"] == 7
        assert json.loads(demo.attrs["goal"]) == GOAL
        assert set(demo) == {"obs", "next_obs", "actions", "rewards", "dones", "terminated"}
        assert demo["actions"].shape == (8, 3)
        assert demo["obs/camera"].shape == (8, 4, 4, 3)
        assert demo["obs/state"][:, 0].tolist() == [200, 201, 202, 203, 204, 205, 206, 207]
        assert demo["next_obs/state"][:, 0].tolist() == [201, 202, 203, 204, 205, 206, 207, 208]
        assert demo["dones"][:].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]


def test_the_file_is_closed_and_whole_after_each_commit(tmp_path: Path) -> None:
    path = tmp_path / "demos.hdf5"
    writer = DemoWriter(path, ENV_ARGS)
    writer.commit()
    assert not path.exists()  # no file without an episode
    for number in range(5):
        writer.add(make_episode(number, 2), {})
        writer.commit()
        with open_file(path) as file:
            assert file["data"].attrs["total"] == 2 * (number + 1)
            assert [file[f"data/demo_{k}/obs/state"][0, 0] for k in range(number + 1)] == [
                100 * k for k in range(number + 1)
            ]
    writer.close()
    assert list(tmp_path.iterdir()) == [path]


def test_large_arrays_are_compressed(tmp_path: Path) -> None:
    episode = make_episode(0, 50)
    episode["obs"]["camera"] = episode["next_obs"]["camera"] = np.zeros((50, 64, 64, 3), np.uint8)  # 614 kB
    writer = DemoWriter(tmp_path / "demos.hdf5", ENV_ARGS)
    writer.add(episode, {})
    writer.close()
    assert writer.path.stat().st_size < 50_000


def test_an_existing_file_is_not_overwritten(demo_file: Path) -> None:
    with pytest.raises(FileExistsError, match=r"demos\.hdf5' exists"):
        DemoWriter(demo_file, ENV_ARGS)


def test_what_a_killed_writer_left_does_not_get_into_the_next_file(tmp_path: Path) -> None:
    path = tmp_path / "demos.hdf5"
    killed = DemoWriter(path, ENV_ARGS)
    for _ in range(3):
        killed.add(make_episode(0, 9), {})
        killed.commit()
    path.unlink()
    write_file(path, [4])
    with open_file(path) as file:
        assert file["data"].attrs["total"] == 4
    assert list(tmp_path.iterdir()) == [path]


WRITE_FOR_EVER = """
import sys
from demo_files import ENV_ARGS, make_episode
from humanoid_vla.demos.writer import DemoWriter
writer = DemoWriter(sys.argv[1], ENV_ARGS)
while True:
    for _ in range(3):  # three environments end in the same step
        writer.add(make_episode(1, 40), {})
    writer.commit()
    print(writer.num_episodes, flush=True)
"""


def test_kill_9_leaves_every_committed_episode(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for attempt in range(8):
        path = tmp_path / f"{attempt}.hdf5"
        command = [sys.executable, "-c", WRITE_FOR_EVER, str(path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent)
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.3))
        os.kill(process.pid, signal.SIGKILL)
        said = [first, *process.stdout.read().split()]
        process.wait()
        with open_file(path) as file:
            data = file["data"]
            assert len(data) >= int(said[-1])
            assert data.attrs["total"] == 40 * len(data)
            for demo in data.values():
                assert demo["obs/camera"].shape == demo["obs/camera"][:].shape
                assert demo["next_obs/state"][-1, 1] == 40
