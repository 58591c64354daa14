"""The replay buffer against a naive one made of Python lists."""

import pytest
import torch

from humanoid_vla.agents.replay_buffer import ReplayBuffer


class NaiveBuffer:
    """What the buffer must do, in the plainest words: rows are numbered for ever and the last `num_rows` survive."""

    def __init__(self, num_envs: int, num_rows: int) -> None:
        self.num_rows = num_rows
        self.written = [0] * num_envs
        self.transitions: list[list[tuple[int, tuple]]] = [[] for _ in range(num_envs)]

    def start(self) -> None:
        self.written = [count + 1 for count in self.written]

    def add(self, env: int, transition: tuple, done: bool) -> None:
        self.transitions[env].append((self.written[env] - 1, transition))
        self.written[env] += 2 if done else 1

    def alive(self, n_steps: int) -> set[tuple]:
        return {
            merged(transitions[first : first + n_steps])
            for env, transitions in enumerate(self.transitions)
            for first, (row, _) in enumerate(transitions)
            if row >= self.written[env] - self.num_rows
        }


def merged(transitions: list[tuple[int, tuple]]) -> tuple:
    """The steps that follow each other, row after row, as one; gamma is 1/2."""
    (row, (obs, successor, action, total, terminated)), *following = transitions
    discount = 0.5
    for next_row, (_, next_successor, _, reward, next_terminated) in following:
        row += 1
        if next_row != row:
            break
        total += discount * reward
        discount *= 0.5
        successor, terminated = next_successor, next_terminated
    return obs, successor, action, total, terminated, discount * (1.0 - terminated)


def drawn(buffer: ReplayBuffer, count: int, n_steps: int) -> list[tuple]:
    batch = buffer.sample(count, n_steps, gamma=0.5)
    columns = (batch.obs["id"], batch.next_obs["id"], batch.actions, batch.rewards, batch.terminated, batch.discounts)
    return list(zip(*(column.flatten().tolist() for column in columns), strict=True))


@pytest.mark.parametrize("n_steps", [1, 3])
@pytest.mark.parametrize(
    ("num_rows", "done_rate", "seed"), [(3, 0.5, 0), (4, 1.0, 1), (7, 0.0, 2), (8, 0.3, 3), (20, 0.1, 4)]
)
def test_holds_exactly_what_the_naive_buffer_holds(num_rows: int, done_rate: float, seed: int, n_steps: int) -> None:
    torch.manual_seed(seed)
    num_envs, ids = 3, 0.0
    buffer = ReplayBuffer({"id": torch.zeros(num_envs, 1)}, 1, num_envs * num_rows, "cpu")
    naive = NaiveBuffer(num_envs, num_rows)

    def new_ids() -> torch.Tensor:
        nonlocal ids
        ids += num_envs
        return torch.arange(ids, ids + num_envs).unsqueeze(-1)

    for step in range(6 * num_rows):
        if step % 17 == 0:  # a new call of `learn`
            obs = new_ids()
            buffer.start({"id": obs})
            naive.start()
        # whole numbers: sums are exact
        actions, rewards = torch.randn(num_envs, 1), torch.randint(100, (num_envs,)).float()
        dones = torch.rand(num_envs) < done_rate
        terminated = dones & (torch.rand(num_envs) < 0.5)
        next_obs, final_obs = new_ids(), new_ids()
        buffer.add(actions, rewards, terminated, dones, {"id": next_obs}, {"id": final_obs})
        for env in range(num_envs):
            successor = final_obs if dones[env] else next_obs
            columns = (obs[env], successor[env], actions[env], rewards[env], terminated[env])
            naive.add(env, tuple(float(value) for value in columns), bool(dones[env]))
        obs = next_obs
        alive = naive.alive(n_steps)
        assert len(buffer) == len(alive)
        assert set(drawn(buffer, 40 * len(alive), n_steps)) == alive  # each is missed with a chance of exp(-40)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        # start: (sum of rewards, the successor's observation, its weight); rewards 1, 2, 4, ..., gamma 1/2, 3 steps
        ("failure", {0: (3.0, 3, 0.125), 1: (4.0, 99, 0.0), 2: (4.0, 99, 0.0)}),  # 1 + 2/2 + 4/4; 2 + 4/2; 4
        ("time-out", {0: (3.0, 3, 0.125), 1: (4.0, 99, 0.25), 2: (4.0, 99, 0.5)}),
        ("none", {0: (3.0, 3, 0.125), 1: (6.0, 4, 0.125), 2: (12.0, 5, 0.125)}),  # 2 + 4/2 + 8/4; 4 + 8/2 + 16/4
    ],
)
def test_n_step_returns_by_hand(end: str, expected: dict[int, tuple[float, int, float]]) -> None:
    """Five steps from observations 0, 1, 2, 3, 4; the third ends the episode, in its final observation 99."""
    buffer = ReplayBuffer({"id": torch.zeros(1, 1)}, 1, 20, "cpu")
    buffer.start({"id": torch.zeros(1, 1)})
    for step in range(5):
        done = torch.tensor([step == 2 and end != "none"])
        final = {"id": torch.full((1, 1), 99.0)}
        obs = {"id": torch.full((1, 1), step + 1.0)}
        buffer.add(torch.zeros(1, 1), torch.tensor([2.0**step]), done & (end == "failure"), done, obs, final)
    # at the newest observation, 5, the return stops: 8 + 16/2, then 16
    expected = {**expected, 3: (16.0, 5, 0.25), 4: (16.0, 5, 0.5)}
    if end != "none":  # the final observation is that of the third step
        expected[0] = (3.0, 99, 0.0 if end == "failure" else 0.125)
    batch = buffer.sample(200, n_steps=3, gamma=0.5)
    columns = (batch.rewards, batch.next_obs["id"].squeeze(-1), batch.discounts)
    rows = zip(
        batch.obs["id"].squeeze(-1).tolist(), zip(*(each.tolist() for each in columns), strict=True), strict=True
    )
    assert dict(rows) == expected


def test_draws_uniformly() -> None:
    torch.manual_seed(0)
    buffer = ReplayBuffer({"id": torch.zeros(2, 1)}, 1, 2 * 30, "cpu")
    buffer.start({"id": torch.zeros(2, 1)})
    for step in range(100):
        obs = {"id": torch.tensor([[step], [1000 + step]]).float()}
        # the first environment's episodes have one step, the second's never end: 14 and 29 transitions survive
        dones = torch.tensor([True, False])
        buffer.add(torch.zeros(2, 1), obs["id"].flatten(), dones, dones, obs, obs)
    count = 43_000
    _, frequencies = buffer.sample(count).rewards.unique(return_counts=True)
    assert len(frequencies) == len(buffer) == 43
    chi_square = ((frequencies - count / 43).square() / (count / 43)).sum().item()
    assert chi_square < 42 + 5 * (2 * 42) ** 0.5  # its mean is 42, its variance 2 * 42


def test_stores_each_observation_once_in_its_own_type() -> None:
    obs = {"camera": torch.zeros(4, 16, 16, 3, dtype=torch.uint8), "state": torch.zeros(4, 5)}
    buffer = ReplayBuffer(obs, 2, 4 * 100, "cpu")
    assert buffer.nbytes == 0  # nothing is allocated before training
    buffer.start(obs)
    observation, step, queue = 16 * 16 * 3 + 4 * 5, 4 * 2 + 4 + 1 + 1, 8
    assert buffer.nbytes == 400 * (observation + step + queue) + 4 * 3 * 8
    image = torch.randint(256, (4, 16, 16, 3), dtype=torch.uint8)
    never = torch.zeros(4, dtype=torch.bool)
    buffer.add(torch.zeros(4, 2), torch.zeros(4), never, never, {"camera": image, "state": torch.ones(4, 5)}, obs)
    drawn_image = buffer.sample(1).next_obs["camera"]
    assert drawn_image.dtype == torch.uint8
    assert (drawn_image == image).all(dim=(1, 2, 3)).any()


def test_images_take_little_more_than_their_bytes() -> None:
    images = torch.zeros(64, 64, 64, 3, dtype=torch.uint8)
    buffer = ReplayBuffer({"camera": images}, 29, 64 * 20, "cpu")
    buffer.start({"camera": images})
    # episodes of 40 steps: one observation in 41 is a final one, which starts no transition
    assert buffer.nbytes * 41 / 40 < 1.05 * 64 * 20 * 64 * 64 * 3


def test_filled_in_inference_mode_it_serves_training() -> None:
    obs = {"state": torch.randn(2, 3)}
    with torch.inference_mode():
        buffer = ReplayBuffer(obs, 1, 20, "cpu")
        buffer.start(obs)
        never = torch.zeros(2, dtype=torch.bool)
        buffer.add(torch.zeros(2, 1), torch.zeros(2), never, never, obs, obs)
    weight = torch.ones(3, requires_grad=True)
    (buffer.sample(4).obs["state"] * weight).sum().backward()
    assert weight.grad is not None


def test_state_dict_restores_every_draw() -> None:
    def filled(steps: int) -> ReplayBuffer:
        buffer = ReplayBuffer({"state": torch.zeros(2, 3)}, 1, 20, "cpu")
        buffer.start({"state": torch.randn(2, 3)})
        for _ in range(steps):
            dones = torch.rand(2) < 0.3
            obs = {"state": torch.randn(2, 3)}
            buffer.add(torch.randn(2, 1), torch.randn(2), dones, dones, obs, obs)
        return buffer

    torch.manual_seed(0)
    buffer, other = filled(25), filled(3)
    other.load_state_dict(buffer.state_dict())
    torch.manual_seed(1)
    expected = buffer.sample(50)
    torch.manual_seed(1)
    restored = other.sample(50)
    assert torch.equal(expected.next_obs["state"], restored.next_obs["state"])
    assert torch.equal(expected.rewards, restored.rewards)
    assert other.num_added == buffer.num_added == 50

    with pytest.raises(ValueError, match="obs/state"):
        ReplayBuffer({"state": torch.zeros(2, 4)}, 1, 20, "cpu").load_state_dict(buffer.state_dict())


def test_bad_input_is_named() -> None:
    obs = {"state": torch.zeros(4, 3)}
    never = torch.zeros(4, dtype=torch.bool)
    with pytest.raises(ValueError, match="at least 12 observations"):
        ReplayBuffer(obs, 1, 11, "cpu")
    buffer = ReplayBuffer(obs, 1, 40, "cpu")
    with pytest.raises(RuntimeError, match="empty"):
        buffer.sample(2)
    with pytest.raises(RuntimeError, match="start"):
        buffer.add(torch.zeros(4, 1), torch.zeros(4), never, never, obs, obs)
    with pytest.raises(ValueError, match=r"'state' must have shape \(4, 3\), got \(4, 2\)"):
        buffer.start({"state": torch.zeros(4, 2)})
    with pytest.raises(ValueError, match="'state' is missing"):
        buffer.start({"other": torch.zeros(4, 3)})
