"""Recording demonstrations with Isaac Lab's RecorderManager: a recorder term and the handler of its file.

The one module of this package that needs Isaac Lab.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from pathlib import Path
from typing import Any

import torch
from isaaclab.managers import (
    DatasetExportMode,
    RecorderManagerBaseCfg,
    RecorderTerm,
    RecorderTermCfg,
)
from isaaclab.utils import configclass
from isaaclab.utils.datasets import DatasetFileHandlerBase, EpisodeData

from humanoid_vla.demos.layout import GYM_ENV_TYPE
from humanoid_vla.demos.writer import Arrays, DemoWriter

ATTRIBUTES = "attributes"
"""Key of an episode's data under which its attributes travel to the file handler: EpisodeData knows only a seed."""


class DemoFileHandler(DatasetFileHandlerBase):
    """Isaac Lab's interface to a :class:`.writer.DemoWriter`. The file appears with its first episode."""

    def create(self, file_path: str, env_name: str | None = None) -> None:
        self._writer = DemoWriter(Path(file_path), {"env_name": env_name, "type": GYM_ENV_TYPE, "env_kwargs": {}})

    def add_env_args(self, env_args: Mapping[str, Any]) -> None:
        self._writer.env_args.update(env_args)

    def write_episode(self, episode: EpisodeData, demo_id: int | None = None, dataset_compression: bool = True) -> None:
        arrays = dict(episode.data)
        attributes = arrays.pop(ATTRIBUTES)
        self._writer.add(_to_numpy(arrays), {**attributes, "success": bool(episode.success)})

    def flush(self) -> None:
        self._writer.commit()

    def close(self) -> None:
        self._writer.close()

    def get_env_name(self) -> str | None:
        return self._writer.env_args["env_name"]

    def get_num_episodes(self) -> int:
        return self._writer.num_episodes

    def open(self, file_path: str, mode: str = "r") -> None:
        raise NotImplementedError("this handler only writes; read with humanoid_vla.demos.reader.DemoFile")

    def load_episode(self, episode_name: str) -> EpisodeData | None:
        raise NotImplementedError("this handler only writes; read with humanoid_vla.demos.reader.DemoFile")


class DemoRecorder(RecorderTerm):
    """Records ``cfg.episodes`` successful episodes, whole and without favour, and drops those that fail.

    Isaac Lab's own terms hand one row per step, key and environment to the manager, a Python loop over environments in
    every step. This one keeps the steps of all environments in tensors, (num_envs, max_episode_length, ...), and hands
    over an episode when it has succeeded; a failed one stays empty, which the manager does not export.

    Which episodes count is decided when they start, not when they end: the first successes to finish would be the
    easy, short ones. Where such an episode fails, the next one to start takes its place.
    """

    _env: Any  # RecorderTerm calls it a ManagerBasedEnv, which knows no episodes

    def __init__(self, cfg: DemoRecorderCfg, env: Any) -> None:
        super().__init__(cfg, env)
        self.num_recorded = 0
        """Successful episodes handed over."""
        self.num_failed = 0
        """Episodes that would have counted but failed."""
        self._missing = cfg.episodes  # neither recorded nor running
        self._counts = torch.zeros(env.num_envs, dtype=torch.bool)  # the running episode counts
        self._steps: dict[str, Any] = {}  # key -> (num_envs, max_episode_length, ...); "obs" holds such a dict

    def record_pre_step(self) -> tuple[None, None]:
        env = self._env
        self._store("actions", env.action_manager.action, env.episode_length_buf)
        for group, value in env.obs_buf.items():
            self._store(f"obs/{group}", value, env.episode_length_buf)
        return None, None

    def record_post_step(self) -> tuple[None, None]:
        self._store("rewards", self._env.reward_buf, self._env.episode_length_buf - 1)
        return None, None

    def record_pre_reset(self, env_ids: Sequence[int] | None) -> tuple[None, None]:
        """Hand over the successful ones of the episodes that end; one that a reset breaks off counts for nothing."""
        env = self._env
        ids = torch.arange(env.num_envs) if env_ids is None else torch.as_tensor(env_ids)
        lengths, success, ended = env.episode_length_buf.cpu(), succeeded(env).cpu(), env.reset_buf.cpu()
        for env_id in ids[self._counts[ids]].tolist():
            self._counts[env_id] = False
            length = int(lengths[env_id])
            if length > 0 and success[env_id]:
                env.recorder_manager.get_episode(env_id).data = self._episode(env_id, length)
                self.num_recorded += 1
                continue
            self._missing += 1
            self.num_failed += int(length > 0 and ended[env_id])
        return None, None

    def record_post_reset(self, env_ids: Sequence[int] | None) -> tuple[None, None]:
        """Of the episodes that start, as many count as are still missing."""
        ids = torch.arange(self._env.num_envs) if env_ids is None else torch.as_tensor(env_ids)
        chosen = ids[: self._missing]
        self._counts[chosen] = True
        self._missing -= len(chosen)
        return None, None

    def _store(self, key: str, value: torch.Tensor, step: torch.Tensor) -> None:
        """Write one row per environment; ``value``: (num_envs, ...), ``step``: (num_envs,)."""
        if key not in self._steps:
            shape = (self._env.num_envs, self._env.max_episode_length, *value.shape[1:])
            with torch.inference_mode(False):
                self._steps[key] = torch.zeros(shape, dtype=value.dtype, device=value.device)
        self._steps[key][torch.arange(len(step), device=step.device), step] = value

    def _episode(self, env_id: int, length: int) -> dict[str, Any]:
        """The data of an episode of ``length`` (T) steps that has just ended, as :mod:`.layout` describes it."""
        env = self._env
        steps = {key: value[env_id, :length].cpu() for key, value in self._steps.items()}
        obs = {key.removeprefix("obs/"): value for key, value in steps.items() if key.startswith("obs/")}
        final_obs = {group: env.extras["final_obs"][group][env_id : env_id + 1].cpu() for group in obs}
        last = torch.zeros(length, dtype=torch.uint8)
        last[-1] = 1
        return {
            ATTRIBUTES: {"seed": env.cfg.seed, "goal": json.dumps(describe_goal(env, env_id))},
            "obs": obs,
            "next_obs": {group: torch.cat([value[1:], final_obs[group]]) for group, value in obs.items()},
            "actions": steps["actions"],
            "rewards": steps["rewards"],
            "dones": last,
            "terminated": last * env.termination_manager.terminated[env_id].cpu(),
        }


@configclass
class DemoRecorderCfg(RecorderTermCfg):
    """See :class:`DemoRecorder`."""

    class_type: type[RecorderTerm] = DemoRecorder

    episodes: int = MISSING  # type: ignore
    """Successful episodes to record."""


@configclass
class DemoRecorderManagerCfg(RecorderManagerBaseCfg):
    """Recorders of an environment that records demonstrations."""

    dataset_file_handler_class_type: type = DemoFileHandler
    dataset_export_mode: DatasetExportMode = DatasetExportMode.EXPORT_SUCCEEDED_ONLY
    demos: DemoRecorderCfg = MISSING  # type: ignore


def record_to(env_cfg: Any, task: str, path: Path, episodes: int) -> None:
    """Have an environment of this configuration record demonstrations of a task to a file."""
    env_cfg.recorders = DemoRecorderManagerCfg(
        dataset_export_dir_path=str(path.parent), dataset_filename=path.name, demos=DemoRecorderCfg(episodes=episodes)
    )
    env_cfg.env_name = task
    env_cfg.compute_final_obs = True


def demo_recorder(env: Any) -> DemoRecorder:
    """The recorder term of an environment whose configuration :func:`record_to` was applied to."""
    return env.unwrapped.recorder_manager._terms["demos"]


def succeeded(env: Any) -> torch.Tensor:
    """Which environments ended in success in the last step, (num_envs,) bool; not where a failure came in that step."""
    terms = env.termination_manager
    failures = [name for name in terms.active_terms if name != "success" and not terms.get_term_cfg(name).time_out]
    success = terms.get_term("success").clone()
    for name in failures:
        success &= ~terms.get_term(name)
    return success


def describe_goal(env: Any, env_id: int) -> dict[str, str | int]:
    """What the robot was told: of ``object``, ``hand`` and ``instruction`` what the task's command has.

    Returns:
        ``{"object": "ball", "hand": ..., "instruction": "touch the ...", "instruction_index": 17}``; the index is the
        sentence's row in the command's table of phrasings.
    """
    goal = env.command_manager.get_term("goal") if "goal" in env.command_manager.active_terms else None
    named = {
        "object": getattr(getattr(goal, "cfg", None), "objects", None),
        "hand": getattr(getattr(goal, "cfg", None), "hands", None),
        "instruction": getattr(getattr(goal, "instructions", None), "sentences", None),
    }
    told: dict[str, str | int] = {}
    for kind, names in named.items():
        if names is None or (indices := getattr(goal, f"{kind}_index", None)) is None:
            continue
        index = int(indices[env_id])
        told[kind] = names[index]
        if kind == "instruction":
            told["instruction_index"] = index
    return told


def _to_numpy(data: Mapping[str, Any]) -> Arrays:
    return {key: _to_numpy(value) if isinstance(value, Mapping) else value.numpy() for key, value in data.items()}
