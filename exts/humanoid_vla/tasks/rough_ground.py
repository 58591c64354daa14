"""Ground that is not flat: tiles of bumps, waves and slopes, made here, and how high it is under a point.

Isaac Lab's generator makes the tiles from a seed; on Newton they become one height field, which all environments
share. What is measured against the ground (feet, pelvis) asks it, see :mod:`.mdp.ground`.
"""

from __future__ import annotations

from typing import Any

import isaaclab.sim as sim_utils
import torch
from isaaclab import terrains
from isaaclab.utils import configclass
from isaaclab.utils.warp import convert_to_warp_mesh, raycast_mesh

ABOVE = 100.0
"""Where rays start that look for the ground [m]."""


class RoughGround(terrains.TerrainImporter):
    """Isaac Lab's terrain, which tells how high it is."""

    def import_mesh(self, name: str, mesh: Any) -> None:
        """Import a mesh (of trimesh), and keep it."""
        super().import_mesh(name, mesh)
        self._mesh = convert_to_warp_mesh(mesh.vertices, mesh.faces, device=self.device)

    def height_at(self, points: torch.Tensor) -> torch.Tensor:
        """Height of the ground straight below or above points in the world [m], (..., 3) -> (...).

        Beyond its border, as there, it is 0.
        """
        starts = points.reshape(-1, 3).clone()
        starts[:, 2] = ABOVE
        down = torch.tensor([0.0, 0.0, -1.0], device=points.device).expand_as(starts)
        hits = raycast_mesh(starts, down, self._mesh)[0]
        return torch.where(hits[:, 2].isfinite(), hits[:, 2], 0.0).view(points.shape[:-1])


@configclass
class RoughGroundCfg(terrains.TerrainImporterCfg):
    """Bumps and waves of 4 to 6 cm from the lowest to the highest, slopes of 3 to 6 degrees, in tiles of 8 m.

    All of it is lower than a foot of Walk swings: a robot that does not see it can walk there.
    """

    class_type: type[RoughGround] | str = "{DIR}.rough_ground:RoughGround"
    prim_path: str = "/World/ground"
    terrain_type: str = "generator"  # type: ignore  (one of several)
    terrain_generator: terrains.TerrainGeneratorCfg | None = terrains.TerrainGeneratorCfg(
        seed=0,
        curriculum=True,  # a column of tiles for each kind, in rows of growing difficulty
        size=(8.0, 8.0),
        num_rows=4,
        num_cols=4,
        border_width=12.0,  # further than a robot comes in an episode
        horizontal_scale=0.1,
        vertical_scale=0.001,
        slope_threshold=None,
        sub_terrains={
            "slope_down": terrains.HfPyramidSlopedTerrainCfg(slope_range=(0.05, 0.16), platform_width=1.5),
            "slope_up": terrains.HfInvertedPyramidSlopedTerrainCfg(slope_range=(0.05, 0.16), platform_width=1.5),
            "bumps": terrains.HfRandomUniformTerrainCfg(
                noise_range=(0.0, 0.03), noise_step=0.005, downsampled_scale=0.2
            ),
            "waves": terrains.HfWaveTerrainCfg(amplitude_range=(0.02, 0.03), num_waves=4),
        },
    )
    visual_material: sim_utils.VisualMaterialCfg | None = sim_utils.PreviewSurfaceCfg(diffuse_color=(0.35, 0.38, 0.42))
