"""Balance: stand, whoever pushes."""

import gymnasium as gym

gym.register(
    id="VLA-Balance-G1",
    entry_point="humanoid_vla.tasks.env:HumanoidEnv",
    disable_env_checker=True,
    kwargs={
        "env_cfg_entry_point": f"{__name__}.env_cfg:BalanceEnvCfg",
        "rsl_rl_cfg_entry_point": f"{__name__}.agent_cfgs:BalanceSacCfg",
        "ddpg_cfg_entry_point": f"{__name__}.agent_cfgs:BalanceDdpgCfg",
        "ppo_cfg_entry_point": f"{__name__}.agent_cfgs:BalancePpoCfg",
        "default_agent": "rsl_rl",
    },
)
