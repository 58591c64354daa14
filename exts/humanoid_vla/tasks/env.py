"""The environment class that every task of this package is registered with."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import torch
from isaaclab.envs import ManagerBasedRLEnv, ManagerBasedRLEnvCfg
from isaaclab.envs.common import VecEnvStepReturn

from humanoid_vla.tasks.browser_panel import BrowserPanel, browser_panel
from humanoid_vla.tasks.captions import CaptionedVideoRecorder
from humanoid_vla.tasks.ovphysx_cpu import drop_pinned_memory
from humanoid_vla.tasks.viser_view import restore_to_numpy


class HumanoidEnv(ManagerBasedRLEnv):
    """Isaac Lab's manager-based environment with a bounded action space and cameras that cost nothing when unused.

    Every action term of this package takes values in [-1, 1] and cannot command beyond the joint limits, so the action
    space says so (Isaac Lab declares -inf to inf).
    """

    panel: BrowserPanel | None = None
    """Where people talk to the first robot, with ``--viz viser``."""

    def __init__(self, cfg: ManagerBasedRLEnvCfg, render_mode: str | None = None, **kwargs) -> None:
        if cfg.scene.num_envs < 1:
            raise ValueError(f"num_envs is {cfg.scene.num_envs}; it must be at least 1: pass --num_envs N with N >= 1")
        if not torch.cuda.is_available():
            # Isaac Lab's commands ask for "cuda:0" unless told otherwise, also where there is none.
            cfg.sim.device = "cpu"
            drop_pinned_memory()
        restore_to_numpy()
        _drop_idle_video_camera(cfg)
        super().__init__(cfg, render_mode, **kwargs)
        self.video_recorders = [CaptionedVideoRecorder(recorder, self) for recorder in cfg.video_recorders]
        self.panel = browser_panel(self)

    @property
    def cost_names(self) -> list[str]:
        """Names of the costs, one a column of the observation group ``cost``; none without that group."""
        return list(self.observation_manager.active_terms.get("cost", []))

    def step(self, action: torch.Tensor) -> VecEnvStepReturn:
        """Isaac Lab's step, made safe to learn from where an episode ends.

        - An episode that failed or succeeded in its last step did not time out: a learner that bootstraps through
          time-outs would otherwise value a failure like life going on.
        - Where the simulation broke down (termination ``non_finite``), the reward and ``extras["final_obs"]`` are not
          finite. They become zeros: one such environment must not end a training. Only in environments that
          terminated: anywhere else a number that is not finite is a mistake, and shows.
        """
        if self.panel is not None:
            self.panel.before_step()
        obs, rewards, terminated, truncated, extras = super().step(action)
        self.reset_time_outs = truncated & ~terminated
        self.reward_buf = _finite_where(terminated, rewards)
        if terminated.any() and "final_obs" in extras:
            extras["final_obs"] = _finite_where(terminated, extras["final_obs"])
        if self.panel is not None:
            self.panel.after_step()
        return obs, self.reward_buf, terminated, self.reset_time_outs, extras

    def _reset_idx(self, env_ids: torch.Tensor | slice) -> None:
        super()._reset_idx(env_ids)
        if self.panel is not None:
            self.panel.after_reset(env_ids)

    def _configure_gym_env_spaces(self) -> None:
        super()._configure_gym_env_spaces()
        assert self.single_observation_space is not None
        spaces = self.single_observation_space.spaces
        for group in [name for name, space in spaces.items() if len(space.shape or ()) == 3]:
            images: Any = self.observation_manager.compute_group(group)
            if images.dtype == torch.uint8:  # Isaac Lab declares every observation as float32 without bounds
                spaces[group] = gym.spaces.Box(0, 255, images.shape[1:], np.uint8)
        self.observation_space = gym.vector.utils.batch_space(self.single_observation_space, self.num_envs)
        self.single_action_space = gym.spaces.Box(low=-1.0, high=1.0, shape=(self.action_manager.total_action_dim,))
        self.action_space = gym.vector.utils.batch_space(self.single_action_space, self.num_envs)


def _finite_where(env_mask: torch.Tensor, values: Any) -> Any:
    """``values``, (num_envs, ...) or groups of such, with zeros for NaN and infinity where ``env_mask`` is true."""
    if isinstance(values, dict):
        return {name: _finite_where(env_mask, value) for name, value in values.items()}
    if not values.is_floating_point():
        return values
    mask = env_mask.view(-1, *[1] * (values.ndim - 1))
    return torch.where(mask & ~values.isfinite(), torch.zeros_like(values), values)


def _drop_idle_video_camera(cfg: ManagerBasedRLEnvCfg) -> None:
    """Remove the video recorders nobody asked for (no ``--video``: no output folder) and their cameras.

    A camera sensor allocates an image per environment whether it is read or not.
    """
    idle = [recorder for recorder in cfg.video_recorders if recorder.output_dir is None]
    cfg.video_recorders = [recorder for recorder in cfg.video_recorders if recorder.output_dir is not None]
    for recorder in idle:
        kind, name = recorder.source.split(":")[:2]
        if kind == "sensor":
            setattr(cfg.scene, name, None)
