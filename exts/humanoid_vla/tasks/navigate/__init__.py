"""Navigate: go to what a sentence names, over a frozen walking policy."""

from humanoid_vla.tasks.registration import register_task

register_task(__name__, "VLA-Navigate-G1", "env_cfg:NavigateEnvCfg", rsl_rl="NavigateSacCfg")
register_task(
    __name__,
    "VLA-Navigate-Camera-G1",
    "camera_env_cfg:NavigateCameraEnvCfg",
    rsl_rl="NavigateDaggerCfg",
    dagger="NavigateDaggerCfg",
)
