"""``VLA-Navigate-Camera-G1``: Navigate with the pictures of the robot's head camera."""

from __future__ import annotations

from isaaclab.managers import ObservationGroupCfg as ObsGroup
from isaaclab.managers import ObservationTermCfg as ObsTerm
from isaaclab.sensors import CameraCfg
from isaaclab.utils import configclass

from humanoid_vla.tasks.cameras import head_camera
from humanoid_vla.tasks.mdp import images
from humanoid_vla.tasks.navigate.env_cfg import NavigateEnvCfg, NavigateSceneCfg, ObservationsCfg


@configclass
class CameraSceneCfg(NavigateSceneCfg):
    """The scene with a head camera."""

    head_camera: CameraCfg = head_camera()


@configclass
class CameraObservationsCfg(ObservationsCfg):
    """The groups of Navigate, and the picture."""

    @configclass
    class CameraGroupCfg(ObsGroup):
        """What the head camera sees, (N, 64, 64, 3) uint8."""

        rgb = ObsTerm(func=images.camera_rgb, params={"sensor_name": "head_camera"})

    camera: CameraGroupCfg = CameraGroupCfg()


@configclass
class NavigateCameraEnvCfg(NavigateEnvCfg):
    """Configuration of ``VLA-Navigate-Camera-G1``."""

    scene: CameraSceneCfg = CameraSceneCfg(num_envs=64, env_spacing=8.0)
    observations: CameraObservationsCfg = CameraObservationsCfg()
