"""What counts as the cost of an episode, step by step."""

from pathlib import Path

import pytest
import torch
from torch import multiprocessing

from humanoid_vla.agents.episode_costs import EpisodeCosts


def add(costs: EpisodeCosts, step: list[list[float]], dones: list[bool]) -> None:
    costs.add(torch.tensor(step), torch.tensor(dones))


def test_only_finished_episodes_count_and_only_whole_ones() -> None:
    costs = EpisodeCosts(2, 2, window=4)
    costs.start()
    add(costs, [[5.0, 0.0], [7.0, 0.0]], [True, False])  # the first may have begun before
    assert costs.statistics()[0].isnan().all()
    add(costs, [[1.0, 0.5], [7.0, 0.0]], [False, True])  # likewise
    add(costs, [[2.0, 0.25], [4.0, 0.0]], [True, False])
    assert costs.statistics()[0].tolist() == [3.0, 0.75]
    add(costs, [[9.0, 9.0], [1.0, 0.25]], [False, True])
    assert costs.statistics()[0].tolist() == [(3.0 + 5.0) / 2, (0.75 + 0.25) / 2]


def test_a_start_breaks_episodes_off() -> None:
    costs = EpisodeCosts(1, 1, window=4)
    add(costs, [[1.0]], [True])
    add(costs, [[100.0]], [False])
    costs.start()
    add(costs, [[1.0]], [True])
    assert costs.statistics()[0].isnan().all()
    add(costs, [[2.0]], [True])
    assert costs.statistics()[0].item() == 2.0


def test_the_window_keeps_the_last_episodes() -> None:
    costs = EpisodeCosts(3, 1, window=4)
    add(costs, [[0.0]] * 3, [True] * 3)
    add(costs, [[1.0], [2.0], [3.0]], [True] * 3)
    add(costs, [[4.0], [5.0], [6.0]], [True, False, True])
    mean, trend = costs.statistics()
    assert mean.item() == (2.0 + 3.0 + 4.0 + 6.0) / 4
    assert trend.item() == (4.0 + 6.0) / 2 - (2.0 + 3.0) / 2
    more = EpisodeCosts(6, 1, window=4)  # more at once than it keeps
    add(more, [[0.0]] * 6, [True] * 6)
    add(more, [[float(number)] for number in range(6)], [True] * 6)
    assert more.statistics()[0].item() == (2.0 + 3.0 + 4.0 + 5.0) / 4


def test_there_is_no_trend_before_both_halves_hold_an_episode() -> None:
    costs = EpisodeCosts(1, 1, window=4)
    for cost, trend in [(0.0, 0.0), (8.0, 0.0), (2.0, 0.0), (4.0, (2.0 + 4.0) / 2 - 8.0)]:
        add(costs, [[cost]], [True])
        assert costs.statistics()[1].item() == trend


def test_what_a_checkpoint_holds_knows_no_number_of_environments() -> None:
    many, one = EpisodeCosts(6, 1, window=4), EpisodeCosts(1, 1, window=4)
    add(many, [[0.0]] * 6, [True] * 6)
    add(many, [[3.0]] * 6, [True] * 6)
    one.load_state_dict(many.state_dict())
    assert one.statistics()[0].item() == 3.0


def test_rollouts_in_inference_mode_leave_tensors_that_can_be_changed() -> None:
    costs = EpisodeCosts(1, 1, window=2)
    with torch.inference_mode():
        add(costs, [[1.0]], [True])
        add(costs, [[1.0]], [True])
    assert not costs.finished.is_inference()
    assert costs.statistics()[0].item() == 1.0


def one_of_two(rank: int, folder: Path) -> None:
    """The first process has finished episodes of 1 and 2, the second one of 6."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder / 'meeting'}", rank=rank, world_size=2)
    costs = EpisodeCosts(1, 1, window=2)
    for cost in [0.0, 1.0, 2.0] if rank == 0 else [0.0, 6.0]:
        add(costs, [[cost]], [True])
    torch.save([value.item() for value in costs.statistics()], folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


def test_processes_share_their_episodes(tmp_path: Path) -> None:
    multiprocessing.spawn(one_of_two, (tmp_path,), nprocs=2)  # type: ignore  (the stub calls it private)
    for rank in range(2):
        mean, trend = torch.load(tmp_path / f"{rank}.pt")
        assert mean == (1.0 + 2.0 + 6.0) / 3
        assert trend == (2.0 + 6.0) / 2 - 1.0


def test_a_window_has_two_halves() -> None:
    with pytest.raises(ValueError, match="cost_window must be at least 2 episodes, got 1"):
        EpisodeCosts(1, 1, window=1)
