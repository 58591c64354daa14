"""Navigate: go to what a sentence names, over a frozen walking policy."""

import gymnasium as gym


def _register(task: str, env_cfg: str, **agents: str) -> None:
    """Register a task; agents by the short names of their entry points."""
    gym.register(
        id=task,
        entry_point="humanoid_vla.tasks.env:HumanoidEnv",
        disable_env_checker=True,
        kwargs={
            "env_cfg_entry_point": f"{__name__}.{env_cfg}",
            **{f"{name}_cfg_entry_point": f"{__name__}.agent_cfgs:{cfg}" for name, cfg in agents.items()},
            "default_agent": "rsl_rl",
        },
    )


_register("VLA-Navigate-G1", "env_cfg:NavigateEnvCfg", rsl_rl="NavigateSacCfg")
