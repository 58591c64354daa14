"""DAgger: the policy acts, and a teacher who knows more says what it should have done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import torch
from rsl_rl.env import VecEnv
from rsl_rl.utils import resolve_callable, resolve_obs_groups
from tensordict import TensorDict
from torch import nn

from humanoid_vla.agents.dagger_buffer import DaggerBuffer
from humanoid_vla.agents.imitator import Imitator
from humanoid_vla.agents.symmetry import SymmetryAugmentation
from humanoid_vla.policies.frozen import load_frozen_policy
from humanoid_vla.policies.trunk import Observations


class Goals(Protocol):
    """What a task offers for its robot to be asked: and what if you had been told something else?"""

    num_goals: int
    replaced_groups: Sequence[str]
    """Observation groups of the learner that tell the goal."""

    def told(self) -> torch.Tensor:
        """The goal of each environment, (num_envs,) long."""
        ...

    def tell(self, goals: torch.Tensor) -> dict[str, torch.Tensor]:
        """`replaced_groups` for goals, (n,) -> (n, dim) each, in words drawn anew."""
        ...


class QuestionedGoals(Goals, Protocol):
    """Goals that a trained policy can be asked for."""

    def teacher_obs(self, obs: Any) -> dict[str, torch.Tensor]:
        """What the teacher reads, for every goal in every environment, (num_envs * num_goals, dim) each."""
        ...


class AnsweredGoals(Goals, Protocol):
    """Goals that the task itself knows an expert for."""

    def answers(self, obs: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """See :data:`Teacher`."""
        ...


Teacher = Callable[[Any], tuple[torch.Tensor, torch.Tensor]]
"""Observations -> for every goal what to do, (num_envs, num_goals, num_actions) in [-1, 1], and whether that is an
answer, (num_envs, num_goals) bool: not everything can be asked for everywhere. The told goal always has one."""

SCRIPTED = "scripted"
"""Setting in place of a checkpoint: the task's own expert teaches."""


class PolicyTeacher:
    """A trained policy as a teacher: it answers everything.

    Args:
        policy: Observation groups -> actions.
        goals: The questions.
    """

    def __init__(self, policy: nn.Module, goals: QuestionedGoals) -> None:
        self.policy, self.goals = policy, goals

    def __call__(self, obs: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """See :data:`Teacher`."""
        labels = self.policy(self.goals.teacher_obs(obs)).unflatten(0, (-1, self.goals.num_goals))
        return labels, torch.ones_like(labels[..., 0], dtype=torch.bool)


class DAgger(Imitator):
    """Imitates a teacher in the situations that the policy itself gets into.

    Source: Ross, Gordon and Bagnell, "A reduction of imitation learning and structured prediction to no-regret online
    learning", AISTATS 2011, with beta_1 = 1 for the first `teacher_steps` steps and 0 afterwards. The
    teacher is asked for *every* goal in every situation, and each goal is told in words drawn anew for every batch: one
    picture with several sentences and several right answers cannot be learned without listening, and costs the
    simulator and the vision encoder no more than one.

    Args:
        obs: An example of the observations, see :class:`humanoid_vla.policies.trunk.Trunk`.
        groups: The observation groups that the policy reads, in order.
        num_actions: Actions, in [-1, 1].
        teacher: See :data:`Teacher`; None where the algorithm only plays.
        goals: See :class:`Goals`.
        buffer_size: Situations to keep.
        batch_size: Situations an update.
        goals_per_situation: How many goals of each are learned at once, its own first.
        updates_per_step: Updates a step of all environments.
        teacher_steps: Steps of all environments at the beginning in which the teacher acts.
        symmetry: Its mirror images are learned beside every batch, or None.
        **settings: See :class:`.imitator.Imitator`.

    Raises:
        ValueError: If the policy plans more than a step.
    """

    name: ClassVar[str] = "DAgger"

    def __init__(
        self,
        obs: Observations,
        groups: Sequence[str],
        num_actions: int,
        *,
        teacher: Teacher | None,
        goals: Goals,
        buffer_size: int = 50_000,
        batch_size: int = 64,
        goals_per_situation: int = 4,
        updates_per_step: float = 2.0,
        teacher_steps: int = 0,
        symmetry: SymmetryAugmentation | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(obs, groups, num_actions, **settings)
        if getattr(self.actor, "chunk_size", 1) > 1:
            raise ValueError("a teacher answers for this step only: set agent.actor.chunk_size=1 for DAgger")
        self.teacher, self.goals = teacher, goals
        self.batch_size, self.goals_per_situation = batch_size, min(goals_per_situation, goals.num_goals)
        self.updates_per_step, self.teacher_steps = updates_per_step, teacher_steps
        self.symmetry, self.buffer_size = symmetry, buffer_size
        self.num_steps, self.updates_due = 0, 0.0
        self._stored = {group: obs[group] for group in groups if group not in goals.replaced_groups}

    @classmethod
    def construct_algorithm(cls, obs: TensorDict, env: VecEnv, cfg: dict[str, Any], device: str) -> Self:
        """From RSL-RL's configuration, called by its runner.

        `cfg` has `algorithm` (arguments of the class; `goals`, a "module:class" called with the environment; `teacher`,
        the path of a checkpoint, or "scripted" where the goals have answers of their own, without which it can only
        play; `clone`, a checkpoint of :class:`.bc.BC` to start from), `actor` (`policy` of the class), `obs_groups`
        ({"actor": [...]}), and for a checkpoint `teacher` (its network) and `obs_groups` of "teacher".

        Raises:
            ValueError: If several processes train, a checkpoint is of something else, or there is no scripted expert.
            FileNotFoundError: If there is no such checkpoint.
        """
        if cfg.get("multi_gpu") is not None:
            raise ValueError("DAgger trains in one process; start it with `train`, not `train_multigpu`")
        settings = {key: value for key, value in cfg["algorithm"].items() if key != "class_name"}
        path, clone = settings.pop("teacher", None), settings.pop("clone", None)
        scripted = path == SCRIPTED
        cfg["obs_groups"] = groups = resolve_obs_groups(
            obs, cfg["obs_groups"], ["actor"] if scripted else ["actor", "teacher"]
        )
        goals: Any = resolve_callable(settings.pop("goals"))(env)  # type: ignore[operator]
        if scripted and not hasattr(goals, "answers"):
            raise ValueError("this task has no scripted expert: set agent.algorithm.teacher=logs/.../model_399.pt")
        teacher: Teacher | None = goals.answers if scripted else None
        if path and not scripted:
            teacher_obs = {group: obs[group] for group in groups["teacher"]}
            known = load_frozen_policy(path, cfg["teacher"], teacher_obs, env.num_actions, device)
            teacher = PolicyTeacher(known, goals)
        symmetry_cfg = settings.pop("symmetry_cfg", None)
        symmetry = None if symmetry_cfg is None else SymmetryAugmentation(env, **symmetry_cfg)
        policy = {key: value for key, value in cfg["actor"].items() if key not in ("class_name", "distribution_cfg")}
        algorithm = cls(
            obs,
            groups["actor"],
            env.num_actions,
            teacher=teacher,
            goals=goals,
            policy=policy,
            symmetry=symmetry,
            device=device,
            **settings,
        )
        if clone:
            algorithm.start_from(clone)
        return algorithm

    def start_from(self, path: str | Path) -> None:
        """Take over the policy of another imitator's checkpoint, and nothing else.

        Raises:
            ValueError: If the file is no such checkpoint, or one of another task.
        """
        loaded = torch.load(path, map_location=self.device, weights_only=True)
        if "network" not in loaded:
            raise ValueError(f"'{path}' is no checkpoint of a clone; make one with scripts/train_bc.py")
        self._load_policy(loaded)

    @torch.no_grad()
    def act(self, obs: TensorDict) -> torch.Tensor:
        """The policy's actions, or at first the teacher's, (num_envs, num_actions); the teacher's answers are kept."""
        assert self.teacher is not None
        told = self.goals.told()
        labels, answered = self.teacher(obs)
        self.buffer.add(obs, labels, answered, told)
        self.actor.update_normalization(obs)
        if self.num_steps < self.teacher_steps:
            return labels[torch.arange(len(told), device=labels.device), told]
        return self.actor(obs)

    def process_env_step(self, obs: TensorDict, rewards: torch.Tensor, dones: torch.Tensor, extras: dict) -> None:
        """Count the step."""
        super().process_env_step(obs, rewards, dones, extras)
        self.num_steps += 1
        self.updates_due += self.updates_per_step

    def update(self) -> dict[str, float]:
        """Make the updates that are due; their mean loss."""
        count = int(self.updates_due)
        self.updates_due -= count
        total = torch.zeros((), device=self.device)
        for _ in range(count):
            total += self.learn(*self.sample())
        return {"loss": total.item() / max(count, 1)}

    def sample(self) -> tuple[Observations, torch.Tensor]:
        """Situations drawn from the buffer, each with several goals.

        Returns:
            Observations: images (batch_size, ...) and vectors (batch_size * goals_per_situation, dim); and what to do,
            (batch_size * goals_per_situation, num_actions). Behind them their mirror images, if there are any.
        """
        size, k = self.batch_size, self.goals_per_situation
        rows = torch.randint(len(self.buffer), (size,), device=self.device)
        told, answered = self.buffer.told[rows].unsqueeze(1), self.buffer.answered[rows]
        # its own goal, behind it others in any order, none twice; and the own one again where there are no more
        order = torch.rand(answered.shape, device=self.device).masked_fill(~answered, 2.0).scatter(1, told, -1.0)
        goals = order.argsort(dim=1)[:, :k]
        goals = torch.where(answered.gather(1, goals), goals, told)
        obs = {
            group: values[rows] if values.dim() > 2 else values[rows].repeat_interleave(k, dim=0)
            for group, values in self.buffer.obs.items()
        }
        obs |= self.goals.tell(goals.flatten())
        labels = self.buffer.labels[rows.unsqueeze(1), goals].flatten(0, 1)
        if self.symmetry is None:
            return obs, labels
        return self.symmetry.func(env=self.symmetry.env, obs=TensorDict(obs, [len(labels)]), actions=labels)

    def train_mode(self) -> None:
        """Before training; a ValueError says where there is no teacher."""
        if self.teacher is None:
            raise ValueError("DAgger needs a teacher: set agent.algorithm.teacher=logs/.../model_399.pt")
        if not hasattr(self, "buffer"):  # to play takes no memory
            self.buffer = DaggerBuffer(
                self._stored, self.goals.num_goals, self.num_actions, self.buffer_size, self.device
            )
        super().train_mode()
