"""Splits, and batches that cover everything once an epoch in bounded memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from demo_files import ENV_ARGS, LENGTHS, make_episode

from humanoid_vla.demos.batches import TransitionBatches, Transitions
from humanoid_vla.demos.reader import DemoFile
from humanoid_vla.demos.writer import DemoWriter

ALL = list(range(len(LENGTHS)))
SMALL = 1200
"""Bytes of a pool that holds eight transitions with both observations: 2 * (2 * 4 + 4 * 4 * 3) + 3 * 4 + 1 each."""


def sources(batches: list[Transitions]) -> list[int]:
    """Where the transitions come from: 100 * episode + step."""
    return torch.cat([batch.obs["state"][:, 0] for batch in batches]).int().tolist()


def expected(episodes: list[int]) -> list[int]:
    return [100 * episode + step for episode in episodes for step in range(LENGTHS[episode])]


def test_what_a_file_says_of_itself(demo_file: Path) -> None:
    file = DemoFile(demo_file)
    assert [episode.name for episode in file.episodes] == [f"demo_{number}" for number in ALL]
    assert [episode.length for episode in file.episodes] == LENGTHS
    assert file.episodes[0].goal == {"object": "ball", "hand": "left"}
    assert file.obs_shapes == {"camera": (4, 4, 3), "state": (2,)}
    assert file.action_dim == 3
    assert file.num_transitions() == 57
    assert file.num_transitions([0, 2]) == 13


def test_a_split_is_of_whole_episodes_and_drawn_by_the_seed(demo_file: Path) -> None:
    file = DemoFile(demo_file)
    train, held_out = file.split(0.25, seed=3)
    assert len(held_out) == 3
    assert sorted(train + held_out) == ALL
    assert file.split(0.25, seed=3) == (train, held_out)
    assert any(file.split(0.25, seed=seed)[1] != held_out for seed in range(3))
    assert file.split(0.0, seed=3) == (ALL, [])
    assert len(file.split(0.001, seed=3)[1]) == 1


@pytest.mark.parametrize("fraction", [-0.1, 1.0])
def test_an_impossible_split(demo_file: Path, fraction: float) -> None:
    with pytest.raises(ValueError, match="at least 0 and less than 1"):
        DemoFile(demo_file).split(fraction, seed=0)


def test_a_split_that_leaves_nothing(demo_file: Path) -> None:
    with pytest.raises(ValueError, match=r"12 episodes cannot be split.*record more"):
        DemoFile(demo_file).split(0.99, seed=0)


@pytest.mark.parametrize("memory", [2**20, SMALL, 1], ids=["cached", "streamed", "a batch at a time"])
@pytest.mark.parametrize("episodes", [ALL, [1, 4, 9]], ids=["all", "some"])
def test_each_epoch_covers_everything_once_in_another_order(demo_file: Path, memory: int, episodes: list[int]) -> None:
    batches = TransitionBatches(DemoFile(demo_file), episodes, batch_size=4, seed=0, memory=memory)
    epochs = [list(batches) for _ in range(3)]
    for epoch in epochs:
        assert len(epoch) == len(batches)
        assert all(len(batch.actions) == 4 for batch in epoch[:-1])
        assert sorted(sources(epoch)) == expected(episodes)
        assert sources(epoch) != expected(episodes)
    assert sources(epochs[0]) != sources(epochs[1])


@pytest.mark.parametrize("memory", [2**20, SMALL])
def test_a_transition_stays_together(demo_file: Path, memory: int) -> None:
    for batch in TransitionBatches(DemoFile(demo_file), ALL, batch_size=4, seed=0, memory=memory):
        state, next_state = batch.obs["state"], batch.next_obs["state"]
        assert torch.equal(next_state, state + 1)
        number, step = (state[:, 0] // 100).int(), state[:, 1].int()
        assert torch.allclose(batch.actions, (number / 100).unsqueeze(-1).expand(-1, 3))
        assert torch.equal(batch.obs["camera"], number.byte().view(-1, 1, 1, 1).expand(-1, 4, 4, 3))
        assert torch.equal(batch.next_obs["camera"], batch.obs["camera"])
        assert batch.obs["camera"].dtype == torch.uint8
        assert torch.equal(batch.terminated, step == torch.tensor(LENGTHS)[number] - 1)


@pytest.mark.parametrize("memory", [2**20, SMALL])
def test_the_seed_gives_the_batches(demo_file: Path, memory: int) -> None:
    def order(seed: int) -> list[int]:
        batches = TransitionBatches(DemoFile(demo_file), ALL, batch_size=4, seed=seed, memory=memory)
        return [source for _ in range(2) for source in sources(list(batches))]

    assert order(1) == order(1)
    assert order(1) != order(2)


def test_cloning_does_not_read_the_next_observations(demo_file: Path) -> None:
    batches = TransitionBatches(DemoFile(demo_file), ALL, batch_size=57, seed=0, next_obs=False)
    (batch,) = batches
    assert batch.next_obs == {}
    assert set(batch.obs) == {"state", "camera"}


def test_a_small_file_is_read_once(demo_file: Path) -> None:
    batches = TransitionBatches(DemoFile(demo_file), ALL, batch_size=4, seed=0)
    first = sources(list(batches))
    demo_file.unlink()
    assert sorted(sources(list(batches))) == sorted(first)


def test_a_file_that_was_damaged_after_the_check(demo_file: Path) -> None:
    batches = TransitionBatches(DemoFile(demo_file), ALL, batch_size=4, seed=0, memory=SMALL)
    content = demo_file.read_bytes()
    demo_file.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="are damaged"):
        list(batches)


@pytest.mark.parametrize(("episodes", "batch_size"), [([], 4), ([0], 0)])
def test_nothing_to_read(demo_file: Path, episodes: list[int], batch_size: int) -> None:
    with pytest.raises(ValueError, match="must be at least 1"):
        TransitionBatches(DemoFile(demo_file), episodes, batch_size, seed=0)


MEASURE = """
import resource, sys
from pathlib import Path
import numpy as np
import torch
from demo_files import ENV_ARGS, make_episode
from humanoid_vla.demos.batches import TransitionBatches
from humanoid_vla.demos.reader import DemoFile
from humanoid_vla.demos.writer import DemoWriter

path, num_episodes, memory = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
writer = DemoWriter(path, ENV_ARGS)
episode = make_episode(0, 256)
episode["obs"]["camera"] = episode["next_obs"]["camera"] = np.zeros((256, 64, 64, 3), np.uint8)  # 3 MiB
for _ in range(num_episodes):
    writer.add(episode, {})
writer.close()
torch.randperm(10)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before, rows = peak(), 0
file = DemoFile(path)
for batch in TransitionBatches(file, range(num_episodes), 256, seed=0, memory=memory):
    rows += len(batch.actions)
assert rows == file.num_transitions() == 256 * num_episodes
print(peak() - before)
"""


@pytest.mark.parametrize(
    ("num_episodes", "memory", "bound"),
    [
        (20, 16 * 2**20, 48 * 2**20),  # 120 MiB of images
        pytest.param(700, 512 * 2**20, 2**30, marks=pytest.mark.slow),  # 4 GiB
    ],
)
def test_memory_is_bounded_whatever_the_size(tmp_path: Path, num_episodes: int, memory: int, bound: int) -> None:
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "large.hdf5"), str(num_episodes), str(memory)]
    result = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) < bound


def test_chunks_are_the_next_actions_and_end_with_the_episode(tmp_path: Path) -> None:
    writer = DemoWriter(tmp_path / "demos.hdf5", ENV_ARGS)
    for number, length in enumerate((5, 2)):
        episode = make_episode(number, length)
        steps = np.arange(length, dtype=np.float32)[:, None] / 100 + number / 10
        writer.add(episode | {"actions": np.repeat(steps, 3, axis=1)}, {})
    writer.close()
    batches = list(TransitionBatches(DemoFile(tmp_path / "demos.hdf5"), [0, 1], 3, seed=0, chunk=3))
    chunks = torch.cat([batch.actions for batch in batches])
    assert chunks.shape == (7, 3, 3)
    found = {
        source: [round(value, 2) for value in chunk[:, 0].tolist()]
        for source, chunk in zip(sources(batches), chunks, strict=True)
    }
    assert found == {
        0: [0.0, 0.01, 0.02],
        1: [0.01, 0.02, 0.03],
        2: [0.02, 0.03, 0.04],
        3: [0.03, 0.04, 0.04],  # behind the end the last action repeats
        4: [0.04, 0.04, 0.04],
        100: [0.1, 0.11, 0.11],
        101: [0.11, 0.11, 0.11],
    }
