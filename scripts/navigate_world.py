"""The Navigate task without physics: a point that moves as it is told, for learning where to go from many decisions.

What is seen, done, rewarded and ended is that of ``VLA-Navigate-G1``, with the figures of its configuration; only the
walk is another: the robot is a point with a heading, which takes up a commanded velocity within a fraction of a second
and not exactly.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from rsl_rl.env import VecEnv
from tensordict import TensorDict
from torch.nn.functional import one_hot

from humanoid_vla.language.navigate import NAVIGATE_INSTRUCTIONS
from humanoid_vla.tasks.mdp.instructions import Instructions
from humanoid_vla.tasks.navigate.env_cfg import COMMANDS, NEAR, NavigateEnvCfg
from humanoid_vla.tasks.navigate.geometry import polar

SUBSTEPS = 8
TIME_CONSTANT = 0.2
"""How long a robot takes for 63 % of a change of velocity [s]."""
GAINS = (0.7, 1.1)
"""How much of a command a robot follows, drawn for an episode."""
DISTURBANCE = (0.1, 0.1, 0.2)
"""By how much a moving robot's velocity is off at most, drawn for a step: ahead, left [m/s], turning [rad/s]."""


class NavigateWorld(VecEnv):
    """``VLA-Navigate-G1`` with points for robots, in the form that RSL-RL's runner expects.

    Args:
        num_envs: Number of robots, each in a world of its own.
    """

    num_actions = len(COMMANDS)

    def __init__(self, num_envs: int) -> None:
        cfg = NavigateEnvCfg()
        self.num_envs, self.device, self.cfg = num_envs, "cpu", {}
        self.step_dt = cfg.decimation * cfg.sim.dt
        self.max_episode_length = round(cfg.episode_length_s / self.step_dt)
        self.episode_length_buf = torch.zeros(num_envs, dtype=torch.long)
        names = ("approach", "face", "success", "failure")
        self.weights = {name: float(getattr(cfg.rewards, name).weight) for name in names}
        self.placing: dict[str, Any] = cfg.events.landmarks.params
        self.instructions = Instructions(NAVIGATE_INSTRUCTIONS.seen, "cpu")
        """What is drawn from; an evaluation may put others in its place."""
        self.table = torch.tensor(list(COMMANDS.values()))
        self.num_landmarks = len(NAVIGATE_INSTRUCTIONS.goals)
        self.pose = torch.zeros(num_envs, 3)  # x, y [m], heading [rad]
        self.velocity, self.gains = torch.zeros(num_envs, 3), torch.ones(num_envs, 3)
        self.landmarks = torch.zeros(num_envs, self.num_landmarks, 2)  # [m]
        self.last_action = torch.zeros(num_envs, self.num_actions)
        self.goal, self.sentence = torch.zeros(2, num_envs, dtype=torch.long)
        self.begin(torch.arange(num_envs))

    def get_observations(self) -> TensorDict:
        """The groups of the task's configuration, in its order."""
        distance, bearing = polar(self._offsets())
        seen = torch.stack((distance, torch.cos(bearing), torch.sin(bearing)), dim=-1)
        noise = 0.4 * torch.rand(self.num_envs, 1) - 0.2
        groups = {
            "proprio": torch.cat((self.velocity[:, 2:] + noise, self.last_action), dim=-1),
            "state": seen.flatten(1),
            "goal": torch.cat((one_hot(self.goal, self.num_landmarks).float(), self._of_goal(seen)), dim=-1),
            "language": self.instructions.embeddings[self.sentence],
        }
        return TensorDict(groups, batch_size=[self.num_envs])

    def step(self, actions: torch.Tensor) -> tuple[TensorDict, torch.Tensor, torch.Tensor, dict]:
        """One decision of every robot; those whose episode ended begin the next one.

        ``extras`` hold ``time_outs``, ``success`` and ``wrong``, (num_envs,), and ``final_obs``.
        """
        before = self._goal_polar()
        self.last_action = actions.clone()
        command = self.table[actions.argmax(dim=-1)]
        self._move(command)
        self.episode_length_buf += 1
        distances = polar(self._offsets())[0]
        after = self._goal_polar()
        success = ~command.any(dim=-1) & (after[0] < NEAR)
        wrong = ((distances < NEAR) & (one_hot(self.goal, self.num_landmarks) == 0)).any(dim=1)
        late = self.episode_length_buf >= self.max_episode_length
        weights = self.weights
        rewards = weights["approach"] * (before[0] - after[0]) + weights["face"] * (before[1] - after[1])
        rewards += self.step_dt * (weights["success"] * success + weights["failure"] * wrong)
        dones = success | wrong | late
        extras: dict[str, Any] = {"time_outs": late & ~success & ~wrong, "success": success, "wrong": wrong}
        extras["final_obs"] = dict(self.get_observations().items())
        self.begin(dones.nonzero().squeeze(-1))
        return self.get_observations(), rewards, dones.long(), extras

    def _move(self, command: torch.Tensor) -> None:
        off = (2.0 * torch.rand_like(command) - 1.0) * torch.tensor(DISTURBANCE) * command.any(dim=-1, keepdim=True)
        dt = self.step_dt / SUBSTEPS
        for _ in range(SUBSTEPS):
            self.velocity += (1.0 - math.exp(-dt / TIME_CONSTANT)) * (command * self.gains + off - self.velocity)
            ahead, left, turning = self.velocity.unbind(-1)
            cos, sin = torch.cos(self.pose[:, 2]), torch.sin(self.pose[:, 2])
            self.pose += dt * torch.stack((ahead * cos - left * sin, ahead * sin + left * cos, turning), dim=-1)

    def begin(self, envs: torch.Tensor) -> None:
        """Begin an episode in the given worlds; things are placed as :func:`..navigate.terms.place_around` does."""
        num, shape = len(envs), (len(envs), self.num_landmarks)
        self.pose[envs] = torch.cat((torch.zeros(num, 2), 2.0 * math.pi * torch.rand(num, 1)), dim=-1)
        self.velocity[envs] = self.last_action[envs] = 0.0
        self.gains[envs] = torch.empty(num, 3).uniform_(*GAINS)
        angles = torch.rand(shape).argsort(dim=1) * (2.0 * math.pi / shape[1])  # headings are random: no turn is needed
        angles += torch.empty(shape).uniform_(-self.placing["jitter"], self.placing["jitter"])
        distances = torch.empty(shape).uniform_(*self.placing["distance_range"])
        self.landmarks[envs] = torch.stack((distances * torch.cos(angles), distances * torch.sin(angles)), dim=-1)
        self.goal[envs] = self.instructions.draw_goals(num)
        self.sentence[envs] = self.instructions.draw(self.goal[envs])
        self.episode_length_buf[envs] = 0

    def _offsets(self) -> torch.Tensor:
        """From the robot to each thing, ahead and to the left [m], (num_envs, num_landmarks, 2)."""
        x, y = (self.landmarks - self.pose[:, None, :2]).unbind(-1)
        cos, sin = torch.cos(self.pose[:, 2:]), torch.sin(self.pose[:, 2:])
        return torch.stack((x * cos + y * sin, y * cos - x * sin), dim=-1)

    def _of_goal(self, values: torch.Tensor) -> torch.Tensor:
        return values[torch.arange(self.num_envs), self.goal]

    def _goal_polar(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Distance of the goal [m], and how far the robot faces away from it [rad]."""
        distance, bearing = polar(self._offsets())
        return self._of_goal(distance), self._of_goal(bearing).abs()
