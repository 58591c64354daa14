"""A task's environment with a trained policy in it, for the scripts that run one."""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym

from common import InputError, no_early_traceback


@contextlib.contextmanager
def make_env(task: str, env_cfg: Any) -> Iterator[Any]:
    """The task in RSL-RL's wrapper, its actions clipped to [-1, 1]; Isaac Lab's tables are not printed.

    Raises:
        InputError: The simulator refuses the configuration (a missing file, an impossible device ...).
    """
    from isaaclab.app import launch_simulation
    from isaaclab_rl.rsl_rl import RslRlVecEnvWrapper

    with no_early_traceback(), launch_simulation(env_cfg, argparse.Namespace()):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                env = RslRlVecEnvWrapper(gym.make(task, cfg=env_cfg), clip_actions=1.0)  # type: ignore[arg-type]
        except FileNotFoundError as error:
            raise InputError(str(error)) from None
        try:
            yield env
        finally:
            env.close()


def load_policy(env: Any, agent_cfg: Any, checkpoint: Path) -> Any:
    """The policy of a checkpoint, in evaluation mode.

    Raises:
        InputError: The checkpoint belongs to another task, agent or policy shape.
    """
    from isaaclab_rl.rsl_rl import create_rsl_rl_runner

    with contextlib.redirect_stdout(io.StringIO()):
        runner = create_rsl_rl_runner(env, agent_cfg)
    try:
        # only the policy: the rest of a checkpoint is for resuming
        runner.load(str(checkpoint), load_cfg={"actor": True}, map_location=agent_cfg.device)
    except (ValueError, KeyError, RuntimeError) as error:
        raise InputError(f"cannot play '{checkpoint}': {' '.join(str(error).split())}") from None
    return runner.get_inference_policy(device=env.unwrapped.device)
