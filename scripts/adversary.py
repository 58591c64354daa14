"""What `benchmark.py safety` throws at the action filter: targets made to break limits and to bring bodies together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from humanoid_vla.safety.filter import ActionFilter

NAMES = ("random", "bang_bang", "far_targets", "towards_collision")
"""Each robot meets one of them, in turn."""
INVALID_SHARE, DROPOUT_SHARE, BLACKOUT_SHARE = 0.01, 0.01, 0.001
"""Shares of targets that are not finite, of joints without a measurement, and of robots whose measurements all stop,
in each step."""
BLACKOUT_STEPS = 10
"""For how long, at most."""


class Adversary:
    """Targets for a batch of robots, and what is left of their measurements.

    - random: new targets all over the range in every step;
    - bang_bang: one end of the range or the other, for 10 to 60 steps;
    - far_targets: targets all over the range, held as long, so that joints get there and at speed;
    - towards_collision: down the gradient of the smallest distances, at full speed.

    Args:
        safety: The filter, which knows range and distances.
        seed: Of the random numbers.
    """

    def __init__(self, safety: ActionFilter, seed: int) -> None:
        import torch

        self._filter = safety
        robot = safety.robot
        self._lower, self._upper = (safety.backend.constant(limit) for limit in (robot.lower, robot.upper))
        self._generator = torch.Generator(self._lower.device).manual_seed(seed)
        batch = safety.batch
        self.kind = torch.arange(batch, device=self._lower.device) % len(NAMES)
        self._targets = torch.zeros(batch, robot.num_joints, device=self._lower.device)
        self._left = torch.zeros(batch, device=self._lower.device)
        self._dark = torch.zeros_like(self._left)

    def targets(self, joint_pos: torch.Tensor) -> torch.Tensor:
        """Joint position targets [rad], shape (batch, n), some of them not finite."""
        import torch

        anew = self._uniform(*self._targets.shape)
        ends = torch.where(anew < 0.5, self._lower, self._upper)
        anywhere = self._lower + anew * (self._upper - self._lower)
        bang_bang, towards = (self.kind == NAMES.index(name) for name in ("bang_bang", "towards_collision"))
        fresh = torch.where(bang_bang.unsqueeze(-1), ends, anywhere)
        over = (self._left <= 0) | (self.kind == NAMES.index("random"))
        self._left = torch.where(over, 10.0 + 50.0 * self._uniform(len(over)), self._left - 1.0)
        self._targets = torch.where(over.unsqueeze(-1), fresh, self._targets)
        _, gradients = self._filter.collisions.distances(self._filter.kinematics.posture(joint_pos))
        weights = self._uniform(*gradients.shape[:2], 1)
        down = joint_pos - 2.0 * torch.sign((weights * gradients).sum(dim=1))
        targets = torch.where(towards.unsqueeze(-1), down, self._targets)
        invalid = self._uniform(*targets.shape) < INVALID_SHARE
        nonsense = torch.where(anew < 0.4, torch.nan, torch.where(anew < 0.7, torch.inf, -torch.inf))
        return torch.where(invalid, nonsense, targets)

    def dropouts(self, joint_pos: torch.Tensor, joint_vel: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The measurements with holes."""
        import torch

        missing = self._uniform(*joint_pos.shape) < DROPOUT_SHARE
        begins = self._uniform(len(joint_pos)) < BLACKOUT_SHARE
        self._dark = torch.where(begins, BLACKOUT_STEPS * self._uniform(len(joint_pos)), self._dark - 1.0)
        missing |= (self._dark > 0).unsqueeze(-1)
        return torch.where(missing, torch.nan, joint_pos), torch.where(missing, torch.nan, joint_vel)

    def _uniform(self, *shape: int) -> Any:
        import torch

        return torch.rand(*shape, generator=self._generator, device=self._lower.device)
