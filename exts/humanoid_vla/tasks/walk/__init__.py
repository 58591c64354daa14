"""Walk: follow a velocity, given directly or told in a sentence, on the robot's own feet."""

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


_register("VLA-Walk-G1", "language_env_cfg:WalkEnvCfg", rsl_rl="WalkSacCfg", sac_gpu="WalkSacGpuCfg", ppo="WalkPpoCfg")
_register(
    "VLA-Walk-Command-G1",
    "env_cfg:WalkCommandEnvCfg",
    rsl_rl="WalkCommandSacCfg",
    sac_gpu="WalkCommandSacGpuCfg",
    ppo="WalkCommandPpoCfg",
)
