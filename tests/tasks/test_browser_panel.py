"""Talking to the first robot through the browser's page."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from isaaclab_visualizers.viser.viser_visualizer import NewtonViewerViser
from worlds import BALL, CONE, CUBE, LEFT, RIGHT, before_hand, calm_down, move_object, open_env, set_goal, step

from humanoid_vla.language.embeddings import embed
from humanoid_vla.language.encoder import EncoderError
from humanoid_vla.language.reach import REACH_INSTRUCTIONS
from humanoid_vla.tasks import free_sentences
from humanoid_vla.tasks.browser_panel import IMAGE_SIZE, BrowserPanel, browser_panel
from humanoid_vla.tasks.free_sentences import SentenceReader
from humanoid_vla.tasks.mdp import instructions
from humanoid_vla.tasks.mdp.instructions import understood_goal

CONE_RIGHT = REACH_INSTRUCTIONS.goals.index("cone_right")
TO_THE_CONE = REACH_INSTRUCTIONS.held_out[CONE_RIGHT][0]
MISREAD, TO_THE_BALL, *_ = REACH_INSTRUCTIONS.held_out[REACH_INSTRUCTIONS.goals.index("ball_left")]


class Encoder:
    """Knows the held-out sentences, from the cache."""

    def encode(self, sentences: Sequence[str]) -> torch.Tensor:
        known = [text for goal in REACH_INSTRUCTIONS.held_out for text in goal]
        return embed(known)[[known.index(text) for text in sentences]]


@pytest.fixture(autouse=True)
def encoder(monkeypatch: pytest.MonkeyPatch) -> list[Encoder]:
    """In place of the real one; a list of those that were loaded."""
    loaded: list[Encoder] = []

    def load_encoder() -> Encoder:
        loaded.append(Encoder())
        return loaded[-1]

    monkeypatch.setattr(free_sentences, "load_encoder", load_encoder)
    return loaded


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with open_env("VLA-Reach-Camera-G1", num_envs=2) as env:
        env.reset()
        yield env


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    viewer = NewtonViewerViser(port=18080, bind_address="127.0.0.1", verbose=False)  # or the next port that is free
    yield viewer._server
    viewer.close()


@pytest.fixture
def env(world: Any, server: Any) -> Iterator[Any]:
    """Two environments, told to touch the ball with the left hand, with a panel; no object near a hand."""
    assert world.panel is None  # nobody asked for a page
    world.panel = BrowserPanel(world, server)
    calm_down(world)
    world.panel._steps = 0
    yield world
    world.panel = None


def enter(env: Any, text: str) -> str:
    """Type a sentence and press Enter; what the page answers."""
    env.panel.field.value = text
    env.panel.form.submit()
    return env.panel._note.content


def status(env: Any) -> str:
    env.panel._show_status()
    return env.panel._status.content


def told(env: Any) -> list[tuple[int, int]]:
    """Object and hand that each environment is judged by."""
    goal = env.command_manager.get_term("goal")
    return list(zip(goal.object_index.tolist(), goal.hand_index.tolist(), strict=True))


def test_a_sentence_is_told_to_the_first_robot_before_the_next_step(env: Any) -> None:
    language = env.observation_manager.compute()["language"].clone()
    assert "understood as: cone right" in enter(env, f"  {TO_THE_CONE}\n")
    assert told(env) == [(BALL, LEFT)] * 2  # of the simulation, nothing was touched yet
    obs, *_ = step(env)
    assert told(env) == [(CONE, RIGHT), (BALL, LEFT)]
    torch.testing.assert_close(obs["language"][0], Encoder().encode([TO_THE_CONE])[0], rtol=0, atol=0)
    assert torch.equal(obs["language"][1], language[1])
    assert f"<b>Told</b> “{TO_THE_CONE}”" in status(env)


def test_it_is_told_again_in_every_episode_until_another_is_typed(env: Any) -> None:
    enter(env, TO_THE_CONE)
    step(env)
    sentences = len(env.command_manager.get_term("goal").instructions.sentences)
    for _ in range(3):
        env.sim.request_reset()
        obs, *_ = step(env)
        assert told(env)[0] == (CONE, RIGHT)
        assert torch.equal(obs["language"][0], Encoder().encode([TO_THE_CONE])[0])
    goal = env.command_manager.get_term("goal")
    assert len(goal.instructions.sentences) == sentences
    goal.held_time[0] = 0.2
    env._reset_idx(torch.tensor([1]))  # another robot's episode ended: nothing to the first one
    assert goal.held_time[0] == pytest.approx(0.2)
    enter(env, TO_THE_BALL)
    step(env)
    assert told(env)[0] == (BALL, LEFT)


def test_of_two_sentences_between_two_steps_the_newer_counts(env: Any) -> None:
    enter(env, TO_THE_BALL)
    enter(env, TO_THE_CONE)
    step(env)
    assert told(env)[0] == (CONE, RIGHT)
    step(env)
    assert told(env)[0] == (CONE, RIGHT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "has no words; say what to do"),
        (" \t", "has no words; say what to do"),
        ("<!?>", "&lt;!?&gt;&#x27; has no words; say what to do"),
        ("a" * 201, "the sentence has 201 characters; say it in at most 200"),
    ],
)
def test_what_is_no_sentence_is_answered_in_a_line_and_changes_nothing(env: Any, text: str, expected: str) -> None:
    answer = enter(env, text)
    assert expected in answer
    assert "\n" not in answer
    step(env)
    assert told(env)[0] == (BALL, LEFT)


def test_a_machine_without_an_encoder_says_so_on_the_page(env: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_encoder() -> None:
        raise EncoderError("no sentence encoder: run this")

    monkeypatch.setattr(free_sentences, "load_encoder", no_encoder)
    assert "no sentence encoder: run this" in enter(env, TO_THE_CONE)
    step(env)
    assert told(env)[0] == (BALL, LEFT)


def test_the_encoder_is_loaded_once_and_not_before_it_is_needed(env: Any, encoder: list[Encoder]) -> None:
    step(env)
    assert encoder == []
    env.panel._get_ready()  # somebody opened the page
    enter(env, TO_THE_CONE)
    enter(env, TO_THE_BALL)
    assert len(encoder) == 1


def test_sentences_are_understood_as_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def cached(sentences: Sequence[str]) -> torch.Tensor:
        return Encoder().encode(sentences) if len(sentences) == 1 else embed(sentences)

    monkeypatch.setattr(instructions, "embed", cached)
    reader = SentenceReader(REACH_INSTRUCTIONS.seen)
    for text in (TO_THE_CONE, TO_THE_BALL, MISREAD):
        assert reader.read(text).goal == understood_goal(text, REACH_INSTRUCTIONS.seen)
    assert REACH_INSTRUCTIONS.goals[reader.read(MISREAD).goal] == "ball_right"


def test_results_are_counted(env: Any) -> None:
    assert "none yet" in status(env)
    env.sim.request_reset()
    step(env)
    assert "<b>Last episode</b> reset by hand after 0.0 s" in status(env)  # one step of 1/30 s
    assert "<b>Successes</b> 0 of 1 episodes" in status(env)
    calm_down(env)
    env.panel._steps = 0
    move_object(env, CUBE, before_hand(env, LEFT, 0.005))  # and the goal is the ball
    step(env)
    assert "<b>Last episode</b> wrong touch after" in status(env)
    succeed(env, BALL, LEFT)
    assert "<b>Last episode</b> success after 0.3 s" in status(env)
    assert "<b>Successes</b> 1 of 3 episodes" in status(env)


def test_a_new_sentence_starts_to_count_with_the_next_episode(env: Any) -> None:
    env.sim.request_reset()
    step(env)
    enter(env, TO_THE_BALL)
    succeed(env, BALL, LEFT)
    assert "none yet with this sentence" in status(env)
    assert "<b>Successes</b> 0 of 0 episodes" in status(env)
    succeed(env, BALL, LEFT)
    assert "<b>Successes</b> 1 of 1 episodes" in status(env)


def succeed(env: Any, object_index: int, hand: int) -> None:
    """Step until the first robot has held the object for long enough."""
    episodes, typed = env.panel._episodes, env.panel._typed
    calm_down(env)
    if typed is None:
        set_goal(env, object_index, hand)
    env.panel._steps = None if env.panel._mailbox else 0
    move_object(env, object_index, before_hand(env, hand, 0.005))
    for _ in range(15):
        step(env)
        if env.termination_manager.get_term("success")[0]:
            return
    pytest.fail(f"no success within 15 steps; {episodes} episodes before")


def test_the_picture_is_what_the_policy_sees_and_costs_nothing_unseen(
    env: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    step(env)
    assert env.panel._picture.image.max() == 0  # no page is open
    monkeypatch.setattr(env.panel._server, "get_clients", lambda: {0: None})
    obs, *_ = step(env)
    picture = env.panel._picture.image
    assert picture.shape == (IMAGE_SIZE, IMAGE_SIZE, 3)
    np.testing.assert_array_equal(picture[2::5, 3::5], obs["camera"][0].numpy())
    np.testing.assert_array_equal(picture[5:10, 15:20], np.broadcast_to(picture[5, 15], (5, 5, 3)))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20


def test_a_simulation_without_a_page_has_no_panel() -> None:
    sim = SimpleNamespace(visualizers=[SimpleNamespace(cfg=None), SimpleNamespace(_viewer=object())])
    assert browser_panel(SimpleNamespace(sim=sim)) is None
