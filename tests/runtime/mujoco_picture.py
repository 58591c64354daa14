"""Prints what a camera on an arm's base sees: a red ball to the left, a blue one to the right; then the blue one alone.

``mujoco_picture.py ARM.xml``; ends with 3 where this machine cannot draw.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from humanoid_vla.runtime.mujoco_model import Thing  # before MuJoCo: it says what to draw with
from humanoid_vla.runtime.mujoco_robot import Eye, snapshot

# isort: split
from test_mujoco_robot import HEIGHT, camera, make_world

THINGS = [
    Thing("left", "sphere", (0.3,), (2.0, 0.8, HEIGHT), (1.0, 0.0, 0.0), placeable=True),
    Thing("right", "sphere", (0.3,), (2.0, -0.8, HEIGHT), (0.0, 0.0, 1.0)),
]


def main() -> int:
    world = make_world(Path(sys.argv[1]), things=THINGS, cameras=[camera()])
    try:
        eye = Eye(world.model, 24, 32)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 3
    pictures = [eye.picture(snapshot(world), "eye").tolist()]
    world.place("left", np.array([-5.0, 0.0, 0.0]))
    pictures.append(eye.picture(snapshot(world), "eye").tolist())
    eye.close()
    print(json.dumps(pictures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
