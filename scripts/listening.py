"""Does a policy listen? Its success by sentence, with held-out wordings, and when it is told of another object."""

from __future__ import annotations

import pkgutil
from pathlib import Path
from typing import Any

from common import InputError


class Listening:
    """Counts successes by sentence and by goal. Call :meth:`before_step` and :meth:`after_step` around every step.

    Args:
        env: The environment in RSL-RL's wrapper.
        command: What tells it its goals, see :func:`humanoid_vla.tasks.mdp.instructions.language_command`.
    """

    def __init__(self, env: Any, command: Any) -> None:
        import torch

        self.command = command
        self.distance = env.unwrapped.termination_manager.get_term_cfg("success").params["distance"]
        self.envs = torch.arange(env.num_envs, device=env.unwrapped.device)
        self.asked, self.obeyed = torch.zeros(2, len(command.instructions.sentences), device=self.envs.device)
        self.told_touched = 0

    def before_step(self) -> None:
        """Remember who was told what: a step in which an episode ends brings the next episode's sentence."""
        command = self.command
        self.sentence, self.told = command.instruction_index.clone(), command.told_object_index.clone()
        self.hand = command.hand_index.clone()

    def after_step(self, counted: Any, success: Any) -> None:
        """Count the episodes that ended; both (num_envs,), bool."""
        sentences = self.sentence[counted]
        self.asked.index_add_(0, sentences, success[counted].new_ones(len(sentences), dtype=self.asked.dtype))
        self.obeyed.index_add_(0, sentences, success[counted].to(self.obeyed.dtype))
        # the gaps are those of the last step's physics, before the reset
        touched = self.command.clearance[self.envs, self.hand, self.told] < self.distance
        self.told_touched += int((touched & counted).sum())

    def by_instruction(self) -> dict[str, float]:
        """Success rate of each sentence that was told at least once."""
        sentences, asked, obeyed = self.command.instructions.sentences, self.asked.tolist(), self.obeyed.tolist()
        return {text: ok / n for text, n, ok in zip(sentences, asked, obeyed, strict=True) if n}

    def by_goal(self) -> dict[str, float]:
        """Success rate of each goal that was told at least once."""
        goals, goal_of = self.command.instruction_set.goals, self.command.instructions.goal
        asked, obeyed = (
            count.new_zeros(len(goals)).index_add(0, goal_of, count) for count in (self.asked, self.obeyed)
        )
        return {name: ok / n for name, n, ok in zip(goals, asked.tolist(), obeyed.tolist(), strict=True) if n}


def prepare_sentences(task: str) -> None:
    """Have the sentences of a task encoded before anything else is started; they are, after the first time.

    Raises:
        InputError: There is no encoder, or the cache of embeddings cannot be written.
    """
    from humanoid_vla.language.encoder import EncoderError
    from humanoid_vla.tasks.mdp.instructions import Instructions

    if (found := _find_language_command_cfg(task)) is None:
        return
    instruction_set = pkgutil.resolve_name(found[1].instruction_set)
    try:
        for phrasings in (instruction_set.seen, instruction_set.held_out):
            Instructions(phrasings, "cpu")
    except (EncoderError, OSError) as error:
        raise InputError(str(error)) from None


def language_command_cfg(task: str, option: str) -> tuple[str, Any]:
    """Name and configuration of the command whose goals a task tells in sentences.

    Raises:
        InputError: The task has none; ``option`` asked for it.
    """
    if (found := _find_language_command_cfg(task)) is None:
        raise InputError(f"{option}: the goals of {task} are not told in sentences; leave it out")
    return found


def _find_language_command_cfg(task: str) -> tuple[str, Any] | None:
    from isaaclab_tasks.utils import load_cfg_from_registry

    env_cfg: Any = load_cfg_from_registry(task, "env_cfg_entry_point")
    commands = getattr(env_cfg.commands, "__dict__", {})  # a task may have none
    return next((item for item in commands.items() if hasattr(item[1], "instruction_set")), None)


def read_sentences(task: str, path: str) -> list[list[str]]:
    """Sentences of each of a task's goals from a YAML file: goal name -> list of phrasings.

    Raises:
        InputError: The task tells no sentences, or the file cannot be read, names an unknown goal or holds no sentence.
    """
    import yaml

    goals = pkgutil.resolve_name(language_command_cfg(task, "--instructions")[1].instruction_set).goals
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read --instructions '{path}': {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise InputError(f"--instructions '{path}' is no YAML file of goal names and their sentences") from None
    if not isinstance(content, dict) or not content:
        raise InputError(f"--instructions '{path}' must map goal names to lists of sentences, like '{goals[0]}: [...]'")
    for name, sentences in content.items():
        if name not in goals:
            raise InputError(f"--instructions '{path}' names the goal '{name}'; the goals are: {', '.join(goals)}")
        sound = isinstance(sentences, list) and all(isinstance(text, str) and text.strip() for text in sentences)
        if not sound or len(set(sentences)) < len(sentences):
            raise InputError(f"--instructions '{path}': '{name}' must be a list of different sentences")
    return [content.get(name, []) for name in goals]
