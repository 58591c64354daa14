"""Lift: pick up a named object with a gripper, or put down what is held."""

from humanoid_vla.tasks.registration import register_task

register_task(
    __name__,
    "VLA-Lift-G1",
    "language_env_cfg:LiftEnvCfg",
    rsl_rl="LiftSacCfg",
    bc="LiftBcCfg",
    dagger="LiftDaggerCfg",
    ppo="LiftPpoCfg",
)
register_task(
    __name__,
    "VLA-Lift-Command-G1",
    "env_cfg:LiftCommandEnvCfg",
    rsl_rl="LiftCommandSacCfg",
    bc="LiftCommandBcCfg",
    dagger="LiftCommandDaggerCfg",
    ppo="LiftCommandPpoCfg",
)
register_task(
    __name__,
    "VLA-Lift-Camera-G1",
    "camera_env_cfg:LiftCameraEnvCfg",
    rsl_rl="LiftCameraBcCfg",
    bc="LiftCameraBcCfg",
    dagger="LiftCameraDaggerCfg",
)
