"""Reach: touch a named object with a named hand."""

import gymnasium as gym


def _register(task: str, env_cfg: str, **agents: str) -> None:
    """Register a task; agents by the short names of their entry points.

    Their classes are in :mod:`.agent_cfgs`, or where a module stands before them, "constrained_cfgs:Name", in that.
    """
    classes = {name: cfg if ":" in cfg else f"agent_cfgs:{cfg}" for name, cfg in agents.items()}
    gym.register(
        id=task,
        entry_point="humanoid_vla.tasks.env:HumanoidEnv",
        disable_env_checker=True,
        kwargs={
            "env_cfg_entry_point": f"{__name__}.{env_cfg}",
            **{f"{name}_cfg_entry_point": f"{__name__}.{cfg}" for name, cfg in classes.items()},
            "default_agent": "rsl_rl",
        },
    )


_register(
    "VLA-Reach-G1",
    "language_env_cfg:ReachEnvCfg",
    rsl_rl="ReachSacCfg",
    sac_gpu="ReachSacGpuCfg",
    ddpg="ReachDdpgCfg",
    sac_lagrangian="constrained_cfgs:ReachSacLagrangianCfg",
    ddpg_lagrangian="constrained_cfgs:ReachDdpgLagrangianCfg",
    hierarchical="ReachHierarchicalCfg",
    gail="ReachGailCfg",
    bc="ReachBcCfg",
    ppo="ReachPpoCfg",
)
_register(
    "VLA-Reach-Command-G1",
    "env_cfg:ReachCommandEnvCfg",
    rsl_rl="ReachCommandSacCfg",
    ddpg="ReachCommandDdpgCfg",
    sac_lagrangian="constrained_cfgs:ReachCommandSacLagrangianCfg",
    ddpg_lagrangian="constrained_cfgs:ReachCommandDdpgLagrangianCfg",
    hierarchical="ReachCommandHierarchicalCfg",
    gail="ReachCommandGailCfg",
    bc="ReachCommandBcCfg",
    ppo="ReachCommandPpoCfg",
)
_register(
    "VLA-Reach-Camera-G1",
    "camera_env_cfg:ReachCameraEnvCfg",
    rsl_rl="ReachCameraSacCfg",
    dagger="ReachDaggerCfg",
    dagger_base="ReachDaggerBaseCfg",
    bc="ReachCameraBcCfg",
    teacher="ReachCommandSacCfg",  # a policy of the command variant in this one, to be learned from
)
