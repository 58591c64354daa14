"""The layout of a demonstration file: robomimic's, as Isaac Lab writes it.

::

    /                     format_version (1: Isaac Lab's, quaternions are xyzw)
    data/                 total (transitions), env_args (JSON: env_name, type, env_kwargs, ...)
      demo_0/             num_samples (T), success, seed, goal (JSON: {"object": "ball", "instruction": ...,
                          "instruction_index": its row in the task's table of phrasings})
        obs/<group>       (T, ...)  what the policy saw, noise included
        next_obs/<group>  (T, ...)  the same, one step later; in the last row what it would have seen next
        actions           (T, A)    in [-1, 1], as sent to the environment
        rewards           (T,)
        dones             (T,)      1 in the last step of the episode
        terminated        (T,)      1 where nothing comes after: 0 also in the last step of a time-out
      demo_1/ ...

Source: robomimic's documentation, "Dataset contents and structure"; ``isaaclab.utils.datasets`` for ``format_version``.
"""

from __future__ import annotations

import h5py

FORMAT_VERSION = 1
GYM_ENV_TYPE = 2
"""robomimic's number for environments of Gymnasium."""
STEP_KEYS = ("actions", "rewards", "dones", "terminated")
OBS_KEYS = ("obs", "next_obs")


def demo_names(data: h5py.Group) -> list[str]:
    """The demonstrations of a ``data`` group in the order of their numbers (HDF5 sorts demo_10 before demo_2)."""
    names = [name for name in map(str, data) if name.startswith("demo_") and name[5:].isdecimal()]
    return sorted(names, key=lambda name: int(name[5:]))
