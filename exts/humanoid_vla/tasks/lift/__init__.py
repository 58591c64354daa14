"""Lift: pick up a named object with a gripper, or put down what is held."""

import gymnasium as gym


def _register(task: str, env_cfg: str, **agents: str) -> None:
    """Register a task; agents by the short names of their entry points, with their classes in :mod:`.agent_cfgs`."""
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


_register("VLA-Lift-G1", "language_env_cfg:LiftEnvCfg", rsl_rl="LiftSacCfg", bc="LiftBcCfg", ppo="LiftPpoCfg")
_register(
    "VLA-Lift-Command-G1",
    "env_cfg:LiftCommandEnvCfg",
    rsl_rl="LiftCommandSacCfg",
    bc="LiftCommandBcCfg",
    ppo="LiftCommandPpoCfg",
)
_register("VLA-Lift-Camera-G1", "camera_env_cfg:LiftCameraEnvCfg", rsl_rl="LiftCameraBcCfg", bc="LiftCameraBcCfg")
