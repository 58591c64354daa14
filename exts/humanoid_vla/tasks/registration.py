"""How a family of tasks registers its own."""

from __future__ import annotations

import gymnasium as gym


def register_task(family: str, task: str, env_cfg: str, **agents: str) -> None:
    """Register a task with Gymnasium, by strings alone: nothing of it is imported before somebody asks for it.

    Args:
        family: Package of the family, its ``__name__``.
        task: Name of the task.
        env_cfg: Its configuration, "module:Class" in the family.
        agents: Short name of an agent -> its configuration: a class of the family's ``agent_cfgs``, or "module:Class".
            ``rsl_rl``, Isaac Lab's default, must be one.
    """
    classes = {name: cfg if ":" in cfg else f"agent_cfgs:{cfg}" for name, cfg in agents.items()}
    gym.register(
        id=task,
        entry_point="humanoid_vla.tasks.env:HumanoidEnv",
        disable_env_checker=True,
        kwargs={
            "env_cfg_entry_point": f"{family}.{env_cfg}",
            **{f"{name}_cfg_entry_point": f"{family}.{cfg}" for name, cfg in classes.items()},
            "default_agent": "rsl_rl",
        },
    )
