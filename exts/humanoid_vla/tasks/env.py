"""The environment class that every task of this package is registered with."""

from __future__ import annotations

import gymnasium as gym
import torch
from isaaclab.envs import ManagerBasedRLEnv, ManagerBasedRLEnvCfg

from humanoid_vla.tasks.ovphysx_cpu import drop_pinned_memory


class HumanoidEnv(ManagerBasedRLEnv):
    """Isaac Lab's manager-based environment with a bounded action space and cameras that cost nothing when unused.

    Every action term of this package takes values in [-1, 1] and cannot command beyond the joint limits, so the action
    space says so (Isaac Lab declares -inf to inf).
    """

    def __init__(self, cfg: ManagerBasedRLEnvCfg, render_mode: str | None = None, **kwargs) -> None:
        if cfg.scene.num_envs < 1:
            raise ValueError(f"num_envs is {cfg.scene.num_envs}; it must be at least 1: pass --num_envs N with N >= 1")
        if not torch.cuda.is_available():
            # Isaac Lab's commands ask for "cuda:0" unless told otherwise, also where there is none.
            cfg.sim.device = "cpu"
            drop_pinned_memory()
        _drop_idle_video_camera(cfg)
        super().__init__(cfg, render_mode, **kwargs)

    def _configure_gym_env_spaces(self) -> None:
        super()._configure_gym_env_spaces()
        self.single_action_space = gym.spaces.Box(low=-1.0, high=1.0, shape=(self.action_manager.total_action_dim,))
        self.action_space = gym.vector.utils.batch_space(self.single_action_space, self.num_envs)


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
