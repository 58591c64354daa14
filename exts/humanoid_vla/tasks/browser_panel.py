"""The panel of the browser view (``--viz viser``): talk to the first robot, see what it sees and how it fares."""

from __future__ import annotations

import html
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium as gym
import numpy as np
import torch

from humanoid_vla.language.encoder import EncoderError
from humanoid_vla.tasks.captions import told
from humanoid_vla.tasks.free_sentences import SentenceReader, Understood, check_sentence, tell_first, tell_first_again
from humanoid_vla.tasks.mdp.instructions import language_command
from humanoid_vla.tasks.viser_view import viser_server

IMAGE_SIZE = 320
"""Least width and height of the head camera's picture on the page [px]."""


def browser_panel(env: Any) -> BrowserPanel | None:
    """The panel of an environment that is shown in a browser; None for any other."""
    server = viser_server(env.sim)
    return None if server is None else BrowserPanel(env, server)


class BrowserPanel:
    """A text field for the instruction, the episode's result, and the picture that the policy sees.

    Whoever opens the page may type a sentence. It is told to the first robot in place of what it was told, and again in
    each episode until another is typed. Resetting by hand is Isaac Lab's own button, below.

    viser calls back in threads of its own. What they ask for is handed over in a mailbox, which the environment's
    thread empties before its next step: nothing of the simulation is touched by two threads.

    Args:
        env: The environment. It calls :meth:`before_step`, :meth:`after_reset` and :meth:`after_step`.
        server: viser's server.
    """

    def __init__(self, env: Any, server: Any) -> None:
        self._env, self._server = env, server
        self._command: Any = language_command(env)
        self._mailbox: deque[Understood] = deque(maxlen=1)  # of two sentences between two steps, the newer one counts
        self._typed: tuple[int, int] | None = None  # index and goal of the sentence that the first robot is told
        self._camera = _image_group(env)
        self._steps: int | None = 0  # of the first robot's episode so far
        self._episodes = self._successes = 0
        self._last = "none yet"
        server.gui.configure_theme(control_width="large")
        with server.gui.add_folder("Robot", order=-1):  # above Isaac Lab's own buttons
            if self._command is not None:
                self._add_form()
            self._status = server.gui.add_html("")
            if self._camera is not None:
                self._picture = server.gui.add_image(
                    np.zeros((IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8), label="What the robot sees"
                )
        self._show_status()

    def _add_form(self) -> None:
        self._reader = SentenceReader(self._command.instruction_set.seen)
        gui = self._server.gui
        with gui.add_form(None) as self.form:
            self.field = gui.add_text("Tell it", self._command.cfg.instruction or "", hint="Enter sends it")
        self._note = gui.add_html("")
        self.form.on_submit(lambda _: self._read(self.field.value))
        # Not before: a page that nobody opens costs nothing.
        self._server.on_client_connect(lambda _: self._get_ready())

    def _get_ready(self) -> None:
        """Load the encoder, in a thread of viser's."""
        with self._complaining():
            self._reader.load()

    def _read(self, text: str) -> None:
        """Read a sentence and put it in the mailbox, in a thread of viser's."""
        with self._complaining():
            text = check_sentence(text)
            self._note.content = _line("reading the sentence ...")
            sentence = self._reader.read(text)
            self._mailbox.append(sentence)
            goal = self._command.instruction_set.goals[sentence.goal].replace("_", " ")
            self._note.content = _line(f"understood as: {goal}", color="#2b8a3e")

    @contextmanager
    def _complaining(self) -> Iterator[None]:
        """Whatever is wrong with a sentence or its encoder is said on the page."""
        try:
            yield
        except (ValueError, EncoderError, OSError) as error:
            self._note.content = _line(str(error), color="#c92a2a")

    def before_step(self) -> None:
        """Tell what was typed since the last step."""
        if self._mailbox:
            sentence = self._mailbox.pop()
            self._typed = tell_first(self._command, sentence), sentence.goal
            self._steps = None  # an episode of two sentences does not count: a hand may be at the other object
            self._episodes = self._successes = 0
            self._last = "none yet with this sentence"
        if self._steps is not None:
            self._steps += 1

    def after_reset(self, env_ids: torch.Tensor | slice) -> None:
        """Note how the first robot's episode ended, and tell it again what was typed.

        Args:
            env_ids: The environments that were reset.
        """
        if not (torch.arange(self._env.num_envs, device=self._env.device)[env_ids] == 0).any():
            return
        if self._steps:
            ending = _ending(self._env.termination_manager)
            self._last = f"{ending} after {self._steps * self._env.step_dt:.1f} s"
            self._episodes += 1
            self._successes += ending == "success"
        self._steps = 0
        if self._typed is not None:
            tell_first_again(self._command, *self._typed)

    def after_step(self) -> None:
        """Show the new state."""
        if self._server.get_clients():
            self._show_status()
            if self._camera is not None:
                self._picture.image = _enlarged(self._env.obs_buf[self._camera][0].cpu().numpy())

    def _show_status(self) -> None:
        lines = [("Last episode", self._last), ("Successes", f"{self._successes} of {self._episodes} episodes")]
        if (text := told(self._env)) is not None:
            lines.insert(0, ("Told", f"“{text}”"))
        self._status.content = "".join(_line(value, heading) for heading, value in lines)


def _image_group(env: Any) -> str | None:
    """Name of the first observation group that is a picture; None where there is none."""
    spaces = env.single_observation_space.spaces.items()
    return next((name for name, space in spaces if isinstance(space, gym.spaces.Box) and space.dtype == np.uint8), None)


def _ending(terms: Any) -> str:
    """Why the first environment was reset in this step, in words; a failure counts more than a success."""
    fired = [name for name in terms.active_terms if terms.get_term(name)[0]]
    failures = [name for name in fired if name != "success" and not terms.get_term_cfg(name).time_out]
    return ", ".join(failures or fired[-1:] or ["reset by hand"]).replace("_", " ")


def _enlarged(image: np.ndarray) -> np.ndarray:
    """An image with every pixel repeated, so that its shorter side has at least :data:`IMAGE_SIZE`."""
    times = -(-IMAGE_SIZE // min(image.shape[:2]))
    return image.repeat(times, axis=0).repeat(times, axis=1)


def _line(text: str, heading: str = "", color: str = "inherit") -> str:
    """A line of the page; whatever it says is shown as it is written."""
    heading = f"<b>{html.escape(heading)}</b> " if heading else ""
    return f'<div style="padding: 0.2em 0.8em; font-size: 0.9em; color: {color}">{heading}{html.escape(text)}</div>'
