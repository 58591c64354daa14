"""``VLA-Reach-Camera-G1``: Reach with the pictures of the robot's head camera."""

from __future__ import annotations

import math

from isaaclab.managers import EventTermCfg as EventTerm
from isaaclab.managers import ObservationGroupCfg as ObsGroup
from isaaclab.managers import ObservationTermCfg as ObsTerm
from isaaclab.sensors import CameraCfg
from isaaclab.utils import configclass
from isaaclab_tasks.utils import PresetCfg

from humanoid_vla.tasks.cameras import head_camera
from humanoid_vla.tasks.mdp import appearance, images
from humanoid_vla.tasks.reach.env_cfg import EventsCfg, ReachSceneCfg
from humanoid_vla.tasks.reach.language_env_cfg import LanguageObservationsCfg, ReachEnvCfg


@configclass
class NewtonOnlyEventCfg(PresetCfg):
    """An event for Newton's ray tracer: with another renderer there is none."""

    default: EventTerm | None = None
    ovrtx: None = None
    isaacsim_rtx: None = None
    rtx: None = None


@configclass
class CameraSceneCfg(ReachSceneCfg):
    """The scene with a head camera."""

    head_camera: CameraCfg = head_camera()


@configclass
class CameraObservationsCfg(LanguageObservationsCfg):
    """The groups of Reach, and the picture."""

    @configclass
    class CameraGroupCfg(ObsGroup):
        """What the head camera sees, (N, 64, 64, 3) uint8."""

        rgb = ObsTerm(func=images.camera_rgb, params={"sensor_name": "head_camera"})

    camera: CameraGroupCfg = CameraGroupCfg()


@configclass
class CameraEventsCfg(EventsCfg):
    """The events of Reach, and another look in every episode."""

    colors: NewtonOnlyEventCfg = NewtonOnlyEventCfg(
        default=EventTerm(
            func=appearance.randomize_colors,  # type: ignore  (Isaac Lab types terms as functions)
            mode="reset",
            params={
                "sensor_name": "head_camera",
                "brightness": (0.6, 1.2),
                "tints": {"Object_.*": 0.15, "Table/.*": 0.2, "Robot/.*": 0.1},
            },
        )
    )
    surroundings: NewtonOnlyEventCfg = NewtonOnlyEventCfg(
        default=EventTerm(
            func=appearance.randomize_surroundings,  # type: ignore  (Isaac Lab types terms as functions)
            mode="interval",
            is_global_time=True,
            interval_range_s=(2.0, 5.0),
            params={"sensor_name": "head_camera", "brightness": (0.4, 1.5), "tilt": (0.2, 0.9)},
        )
    )
    camera_pose = EventTerm(
        func=appearance.randomize_camera_pose,  # type: ignore  (Isaac Lab types terms as functions)
        mode="reset",
        params={
            "sensor_name": "head_camera",
            # Not backwards: 2.6 mm behind the camera is the visor, and Newton's ray tracer has no near plane.
            "shift": ((0.0, 0.01), (-0.01, 0.01), (-0.01, 0.01)),
            "angle": math.radians(2.0),
        },
    )


@configclass
class ReachCameraEnvCfg(ReachEnvCfg):
    """Configuration of ``VLA-Reach-Camera-G1``."""

    scene: CameraSceneCfg = CameraSceneCfg(num_envs=64, env_spacing=3.0)
    observations: CameraObservationsCfg = CameraObservationsCfg()
    events: CameraEventsCfg = CameraEventsCfg()

    def play_mode(self) -> None:
        """Isaac Lab's play mode, with everything in its authored colours and place."""
        super().play_mode()
        self.events.colors = self.events.surroundings = self.events.camera_pose = None  # type: ignore[assignment]
