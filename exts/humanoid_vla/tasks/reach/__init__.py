"""Reach: touch a named object with a named hand."""

import gymnasium as gym

gym.register(
    id="VLA-Reach-G1",
    entry_point="humanoid_vla.tasks.env:HumanoidEnv",
    disable_env_checker=True,
    kwargs={
        "env_cfg_entry_point": f"{__name__}.env_cfg:ReachEnvCfg",
        "rsl_rl_cfg_entry_point": f"{__name__}.agent_cfgs:ReachSacCfg",
        "sac_gpu_cfg_entry_point": f"{__name__}.agent_cfgs:ReachSacGpuCfg",
        "ddpg_cfg_entry_point": f"{__name__}.agent_cfgs:ReachDdpgCfg",
        "hierarchical_cfg_entry_point": f"{__name__}.agent_cfgs:ReachHierarchicalCfg",
        "gail_cfg_entry_point": f"{__name__}.agent_cfgs:ReachGailCfg",
        "bc_cfg_entry_point": f"{__name__}.agent_cfgs:ReachBcCfg",
        "ppo_cfg_entry_point": f"{__name__}.agent_cfgs:ReachPpoCfg",
        "default_agent": "rsl_rl",
    },
)
