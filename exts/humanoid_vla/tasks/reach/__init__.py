"""Reach: touch a named object with a named hand."""

from humanoid_vla.tasks.registration import register_task

register_task(
    __name__,
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
register_task(
    __name__,
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
register_task(
    __name__,
    "VLA-Reach-Camera-G1",
    "camera_env_cfg:ReachCameraEnvCfg",
    rsl_rl="ReachCameraSacCfg",
    dagger="ReachDaggerCfg",
    dagger_base="ReachDaggerBaseCfg",
    bc="ReachCameraBcCfg",
    teacher="ReachCommandSacCfg",  # a policy of the command variant in this one, to be learned from
)
