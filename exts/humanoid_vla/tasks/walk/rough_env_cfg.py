"""``VLA-Walk-Rough-G1``: Walk on ground that is not flat; the robot feels it, and does not see it."""

from __future__ import annotations

from isaaclab.terrains import TerrainImporterCfg
from isaaclab.utils import configclass

from humanoid_vla.tasks.locomotion_scene import LocomotionSceneCfg
from humanoid_vla.tasks.physics import RoughGroundPhysicsCfg
from humanoid_vla.tasks.rough_ground import RoughGroundCfg
from humanoid_vla.tasks.walk.language_env_cfg import WalkEnvCfg


@configclass
class RoughSceneCfg(LocomotionSceneCfg):
    """A G1 on its feet, on bumps, waves and slopes."""

    ground: TerrainImporterCfg = RoughGroundCfg()  # type: ignore  (another kind of asset under the same name)


@configclass
class WalkRoughEnvCfg(WalkEnvCfg):
    """Configuration of ``VLA-Walk-Rough-G1``."""

    scene: RoughSceneCfg = RoughSceneCfg(num_envs=256, env_spacing=2.5)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sim.physics = RoughGroundPhysicsCfg()  # type: ignore  (presets are resolved to one backend at start)
