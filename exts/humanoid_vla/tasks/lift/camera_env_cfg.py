"""``VLA-Lift-Camera-G1``: Lift with the pictures of the robot's head camera."""

from __future__ import annotations

from isaaclab.managers import ObservationGroupCfg as ObsGroup
from isaaclab.managers import ObservationTermCfg as ObsTerm
from isaaclab.sensors import CameraCfg
from isaaclab.utils import configclass

from humanoid_vla.tasks.cameras import head_camera
from humanoid_vla.tasks.lift.env_cfg import EventsCfg, LiftSceneCfg
from humanoid_vla.tasks.lift.language_env_cfg import LanguageObservationsCfg, LiftEnvCfg
from humanoid_vla.tasks.mdp import images
from humanoid_vla.tasks.reach import camera_env_cfg as reach


@configclass
class CameraSceneCfg(LiftSceneCfg):
    """The scene with a head camera."""

    head_camera: CameraCfg = head_camera()


@configclass
class CameraObservationsCfg(LanguageObservationsCfg):
    """The groups of Lift, and the picture."""

    @configclass
    class CameraGroupCfg(ObsGroup):
        """What the head camera sees, (N, 64, 64, 3) uint8."""

        rgb = ObsTerm(func=images.camera_rgb, params={"sensor_name": "head_camera"})

    camera: CameraGroupCfg = CameraGroupCfg()


@configclass
class CameraEventsCfg(EventsCfg):
    """The events of Lift, and another look in every episode, as in Reach."""

    colors = reach.CameraEventsCfg().colors
    surroundings = reach.CameraEventsCfg().surroundings
    camera_pose = reach.CameraEventsCfg().camera_pose


@configclass
class LiftCameraEnvCfg(LiftEnvCfg):
    """Configuration of ``VLA-Lift-Camera-G1``."""

    scene: CameraSceneCfg = CameraSceneCfg(num_envs=64, env_spacing=3.0)
    observations: CameraObservationsCfg = CameraObservationsCfg()
    events: CameraEventsCfg = CameraEventsCfg()

    def play_mode(self) -> None:
        """Isaac Lab's play mode, with everything in its authored colours and place."""
        super().play_mode()
        self.events.colors = self.events.surroundings = self.events.camera_pose = None  # type: ignore[assignment]
