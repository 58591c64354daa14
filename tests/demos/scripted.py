"""Recording with a policy that cannot fail: the objects come to the hands.

Run as a script, it records for ever: ``scripted.py FILE``; after each step it prints the episodes recorded.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

sys.path[:0] = [str(Path(__file__).parents[1] / "tasks"), str(Path(__file__).parents[2] / "scripts")]

TASK = "VLA-Reach-G1"


@contextmanager
def recording_env(path: Path, episodes: int, num_envs: int = 4) -> Iterator[Any]:
    """``VLA-Reach-G1`` in RSL-RL's wrapper, recording to a file."""
    from isaaclab_tasks.utils import resolve_task_config

    import humanoid_vla.tasks  # noqa: F401  (registers them)
    from humanoid_vla.demos.recording import record_to
    from simulation import make_env

    cfg: Any = resolve_task_config(TASK, None, overrides=[])[0]
    cfg.scene.num_envs, cfg.seed, cfg.sim.device = num_envs, 7, "cpu"
    record_to(cfg, TASK, path, episodes)
    with make_env(TASK, cfg) as env:
        yield env


class Magnet:
    """Acts at random, slightly, while the goal object hangs beside the goal hand in the environments of ``attract``.

    In those of ``repel`` a wrong object does, which is a failure. ``seen`` and ``sent`` keep what it saw and did.
    """

    def __init__(self, env: Any, attract: list[bool], repel: list[bool]) -> None:
        self.env = env.unwrapped
        self.attract, self.repel = torch.tensor(attract), torch.tensor(repel)
        self.seen: list[dict[str, torch.Tensor]] = []
        self.sent: list[torch.Tensor] = []

    def __call__(self, obs: Any) -> torch.Tensor:
        from worlds import beside_hand  # type: ignore  (in tests/tasks)

        env, goal = self.env, self.env.command_manager.get_term("goal")
        objects, num_objects = env.scene["objects"], len(goal.cfg.objects)
        # (num_envs, objects, 3): all far away, but for one beside the goal hand
        pos = torch.tensor([[2.0 + number, 0.0, 1.0] for number in range(num_objects)]).repeat(env.num_envs, 1, 1)
        beside = torch.stack([beside_hand(env, hand, 0.005) for hand in range(2)], dim=1)
        beside = beside[torch.arange(env.num_envs), goal.hand_index]
        chosen = torch.where(self.attract, goal.object_index, (goal.object_index + 1) % num_objects)
        near = self.attract | self.repel
        pos[near, chosen[near]] = beside[near]
        upright = torch.tensor([0.0, 0.0, 0.0, 1.0]).expand(env.num_envs, num_objects, 4)
        pos = pos + env.scene.env_origins.unsqueeze(1)
        objects.write_body_link_pose_to_sim_index(body_poses=torch.cat([pos, upright], -1))
        actions = 0.1 * torch.rand(env.num_envs, env.action_manager.total_action_dim) - 0.05
        self.seen.append({group: value.clone() for group, value in obs.items()})
        self.sent.append(actions.clone())
        return actions

    def reset(self, dones: torch.Tensor) -> None:
        pass


class Talker(Magnet):
    """Says how many episodes were recorded before it acts."""

    def __call__(self, obs: Any) -> torch.Tensor:
        from humanoid_vla.demos.recording import demo_recorder

        print(demo_recorder(self.env).num_recorded, flush=True)
        return super().__call__(obs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    out = parser.parse_args().path
    from record_demos import record

    with recording_env(out, 10**6) as recording:
        record(recording, Talker(recording, [True] * 4, [False] * 4), 10**6)
