"""Balance: stand, whoever pushes."""

from humanoid_vla.tasks.registration import register_task

register_task(
    __name__,
    "VLA-Balance-G1",
    "env_cfg:BalanceEnvCfg",
    rsl_rl="BalanceSacCfg",
    ddpg="BalanceDdpgCfg",
    ppo="BalancePpoCfg",
)
