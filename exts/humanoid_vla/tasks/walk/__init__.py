"""Walk: follow a velocity, given directly or told in a sentence, on the robot's own feet."""

from humanoid_vla.tasks.registration import register_task

register_task(
    __name__,
    "VLA-Walk-G1",
    "language_env_cfg:WalkEnvCfg",
    rsl_rl="WalkSacCfg",
    sac_gpu="WalkSacGpuCfg",
    ppo="WalkPpoCfg",
    dagger="WalkDaggerCfg",
    teacher="WalkCommandSacGpuCfg",  # a policy of the command variant in this one, to be learned from
)
register_task(
    __name__,
    "VLA-Walk-Rough-G1",
    "rough_env_cfg:WalkRoughEnvCfg",
    rsl_rl="WalkSacCfg",
    sac_gpu="WalkSacGpuCfg",
    ppo="WalkPpoCfg",
    dagger="WalkDaggerCfg",
    teacher="WalkCommandSacGpuCfg",
)
register_task(
    __name__,
    "VLA-Walk-Command-G1",
    "env_cfg:WalkCommandEnvCfg",
    rsl_rl="WalkCommandSacCfg",
    sac_gpu="WalkCommandSacGpuCfg",
    ppo="WalkCommandPpoCfg",
)
