"""Reach: touch a named object with a named hand."""

import gymnasium as gym

_AGENTS = f"{__name__}.agent_cfgs"
_COMMON = {
    "entry_point": "humanoid_vla.tasks.env:HumanoidEnv",
    "disable_env_checker": True,
}

gym.register(
    id="VLA-Reach-G1",
    **_COMMON,
    kwargs={
        "env_cfg_entry_point": f"{__name__}.language_env_cfg:ReachEnvCfg",
        "rsl_rl_cfg_entry_point": f"{_AGENTS}:ReachSacCfg",
        "sac_gpu_cfg_entry_point": f"{_AGENTS}:ReachSacGpuCfg",
        "ddpg_cfg_entry_point": f"{_AGENTS}:ReachDdpgCfg",
        "hierarchical_cfg_entry_point": f"{_AGENTS}:ReachHierarchicalCfg",
        "gail_cfg_entry_point": f"{_AGENTS}:ReachGailCfg",
        "bc_cfg_entry_point": f"{_AGENTS}:ReachBcCfg",
        "ppo_cfg_entry_point": f"{_AGENTS}:ReachPpoCfg",
        "default_agent": "rsl_rl",
    },
)
gym.register(
    id="VLA-Reach-Command-G1",
    **_COMMON,
    kwargs={
        "env_cfg_entry_point": f"{__name__}.env_cfg:ReachCommandEnvCfg",
        "rsl_rl_cfg_entry_point": f"{_AGENTS}:ReachCommandSacCfg",
        "ddpg_cfg_entry_point": f"{_AGENTS}:ReachCommandDdpgCfg",
        "hierarchical_cfg_entry_point": f"{_AGENTS}:ReachCommandHierarchicalCfg",
        "gail_cfg_entry_point": f"{_AGENTS}:ReachCommandGailCfg",
        "bc_cfg_entry_point": f"{_AGENTS}:ReachCommandBcCfg",
        "ppo_cfg_entry_point": f"{_AGENTS}:ReachCommandPpoCfg",
        "default_agent": "rsl_rl",
    },
)
gym.register(
    id="VLA-Reach-Camera-G1",
    **_COMMON,
    kwargs={
        "env_cfg_entry_point": f"{__name__}.camera_env_cfg:ReachCameraEnvCfg",
        "rsl_rl_cfg_entry_point": f"{_AGENTS}:ReachCameraSacCfg",
        "default_agent": "rsl_rl",
    },
)
