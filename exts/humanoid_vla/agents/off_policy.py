"""What every off-policy algorithm shares: from the rollout into the replay buffer, and out again in batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Self

import torch
from rsl_rl.env import VecEnv
from rsl_rl.utils import reduce_gradients_in_buckets
from tensordict import TensorDict
from torch import nn

from humanoid_vla.agents.acceleration import CudaGraphs, accelerate
from humanoid_vla.agents.checkpoint import load_state, restore_random_state, save_state
from humanoid_vla.agents.construction import construct
from humanoid_vla.agents.copies import make_frozen_view, make_target, polyak_update
from humanoid_vla.agents.optimization import forget_gradients, make_optimizer, scale_step_sizes, take_step
from humanoid_vla.agents.replay_buffer import Batch, ReplayBuffer
from humanoid_vla.agents.symmetry import SymmetryAugmentation

Loss = tuple[torch.Tensor, dict[str, torch.Tensor]]  # and figures to log, each detached and without dimensions


class OffPolicyAlgorithm(ABC):
    """RSL-RL's algorithm protocol, but for the losses.

    A subclass says what critic and actor minimise (:meth:`critic_loss`, :meth:`actor_loss`), adds an optimiser for each
    (:meth:`add_optimizer`), and to `modules` what it learns beside them. Time-outs are bootstrapped through, failures
    are not (Pardo et al., "Time limits in reinforcement learning", arXiv 1712.00378).

    Args:
        actor: Called with observations and `stochastic_output`, gives actions in [-1, 1].
        critic: The critics; their target is a copy made here.
        buffer: Where transitions go.
        device: Where the learner runs.
        multi_gpu_cfg: RSL-RL's dict with `world_size`, or None when one process trains.
        symmetry: Mirrors a share of every batch, or None.
        gamma: Discount factor a step.
        n_steps: Rewards that a target sums before it bootstraps; fewer where an episode ends.
        tau: Share of the online networks that their targets take over at every update.
        batch_size: Transitions a gradient update.
        learning_starts: Transitions to collect before the first update; until then actions are random.
        updates_per_step: Gradient updates a step of the vectorised environment; may be a fraction.
        policy_delay: Critic updates an actor update.
        weight_decay: Decoupled weight decay of actor and critic (AdamW, arXiv 1711.05101).
        decay_updates: Gradient updates over which all step sizes fall linearly to a tenth; None keeps them as they are.
        autocast: Whether the networks compute in bfloat16 in updates.
        compile: Whether updates are compiled, and on a single GPU replayed as CUDA graphs.
        save_replay_buffer: Whether checkpoints hold the buffer and the state of random numbers, to go on exactly.

    Raises:
        ValueError: If `learning_starts` exceeds what the buffer holds, or a number is not positive.
    """

    rnd = None  # RSL-RL's logger asks for it
    name: ClassVar[str]  # in checkpoints and messages
    default_actor: ClassVar[type[nn.Module]]
    default_critic: ClassVar[type[nn.Module]]

    def __init__(
        self,
        actor: nn.Module,
        critic: nn.Module,
        buffer: ReplayBuffer,
        *,
        device: torch.device | str = "cpu",
        multi_gpu_cfg: dict | None = None,
        symmetry: SymmetryAugmentation | None = None,
        gamma: float = 0.99,
        n_steps: int = 1,
        tau: float = 0.005,
        batch_size: int = 256,
        learning_starts: int = 5_000,
        updates_per_step: float = 4.0,
        policy_delay: int = 1,
        weight_decay: float = 0.0,
        decay_updates: int | None = None,
        autocast: bool = False,
        compile: bool = False,
        save_replay_buffer: bool = False,
    ) -> None:
        for setting, value in (("batch_size", batch_size), ("n_steps", n_steps), ("policy_delay", policy_delay)):
            if value < 1:
                raise ValueError(f"{setting} must be at least 1, got {value}")
        if updates_per_step <= 0:
            raise ValueError(f"updates_per_step must be positive, got {updates_per_step}")
        # half of the rows always hold transitions, even with episodes of one step
        if not 0 <= learning_starts <= buffer.num_envs * buffer.num_rows // 2:
            raise ValueError(
                f"learning_starts ({learning_starts}) must be at most half the buffer's"
                f" {buffer.num_envs * buffer.num_rows} rows: older transitions are overwritten"
            )
        self.device = torch.device(device)
        self.world_size: int = 1 if multi_gpu_cfg is None else multi_gpu_cfg["world_size"]
        self.actor: Any = actor.to(self.device)
        self.critic: Any = critic.to(self.device)
        self.critic_target: Any = make_target(self.critic)
        self.frozen_critic: Any = make_frozen_view(self.critic)  # the actor's loss moves no critic
        # all that a checkpoint holds and that processes share
        self.modules: dict[str, Any] = {"actor": actor, "critic": critic, "critic_target": self.critic_target}
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        self.buffer = buffer
        self.symmetry = symmetry
        self.gamma = gamma
        self.n_steps = n_steps
        self.tau = tau
        self.batch_size = batch_size
        self.learning_starts = learning_starts
        self.updates_per_step = updates_per_step
        self.policy_delay = policy_delay
        self.weight_decay = weight_decay
        self.decay_updates = decay_updates
        self.save_replay_buffer = save_replay_buffer
        self.uses_graphs = compile and self.device.type == "cuda" and self.world_size == 1
        self._critic_loss = accelerate(self.critic_loss, self.device, autocast, compile)
        self._actor_loss = accelerate(self.actor_loss, self.device, autocast, compile)
        self._update: Callable[[bool], dict[str, torch.Tensor]] = self._sample_and_update
        self.record_anew()

        self.num_transitions = 0  # collected over the whole training, also before a resume
        self.num_updates = 0
        self.updates_due = 0.0
        self._at_start = True  # the next observations continue nothing
        self._actions = torch.empty(0)
        self.resumed_random_state: dict[str, torch.Tensor] | None = None

    @classmethod
    def construct_algorithm(cls, obs: TensorDict, env: VecEnv, cfg: dict[str, Any], device: str) -> Self:
        """From RSL-RL's configuration, called by its runner; for the arguments see :func:`.construction.construct`."""
        return construct(cls, obs, env, cfg, device)

    def add_optimizer(self, name: str, **learning_rates: float) -> None:
        """Add the optimiser of these modules, each with its step size: `add_optimizer("actor", actor=1e-3)`."""
        decays = {"actor": self.weight_decay, "critic": self.weight_decay}
        groups = [(self.modules[key], rate, decays.get(key, 0.0)) for key, rate in learning_rates.items()]
        self.optimizers[name] = make_optimizer(groups, self.device, self.uses_graphs)

    @abstractmethod
    def critic_loss(self, batch: Batch) -> Loss:
        """What the critics minimise; it may be compiled, and networks may compute in bfloat16."""

    @abstractmethod
    def actor_loss(self, batch: Batch) -> Loss:
        """What the actor minimises, likewise."""

    @torch.no_grad()
    def act(self, obs: TensorDict) -> torch.Tensor:
        """Actions for the rollout in [-1, 1], shape (num_envs, num_actions)."""
        if self._at_start:
            self.buffer.start(obs)
            self._at_start = False
        learned = self.num_transitions >= self.learning_starts
        self._actions = self.actor(obs, stochastic_output=True) if learned else self.random_actions()
        return self._actions

    def random_actions(self) -> torch.Tensor:
        """What to do before learning starts: uniform in [-1, 1], shape (num_envs, num_actions)."""
        return 2.0 * torch.rand(self.buffer.num_envs, self.buffer.num_actions, device=self.device) - 1.0

    @torch.no_grad()
    def process_env_step(self, obs: TensorDict, rewards: torch.Tensor, dones: torch.Tensor, extras: dict) -> None:
        """Store the step that followed :meth:`act`.

        Args:
            obs: Observations to act on next, after a reset where an episode ended.
            rewards: Shape (num_envs,).
            dones: Non-zero where an episode ended, shape (num_envs,).
            extras: May hold `time_outs`, shape (num_envs,), true where the episode was only cut short, and then
                `final_obs`, the groups before the reset, each (num_envs, *shape).

        Raises:
            ValueError: If an episode timed out and `final_obs` is missing: its value could not be bootstrapped.
        """
        dones = dones.to(self.device).bool()
        time_outs = extras.get("time_outs")
        time_outs = torch.zeros_like(dones) if time_outs is None else time_outs.to(self.device).bool() & dones
        final_obs = extras.get("final_obs")
        if final_obs is None:
            if time_outs.any():
                raise ValueError(
                    "an episode timed out and extras['final_obs'] is missing: set `env_cfg.compute_final_obs = True`,"
                    " without it the value after the last step cannot be learned"
                )
            final_obs = obs  # only failures: nothing is bootstrapped from it
        self.buffer.add(self._actions, rewards, dones & ~time_outs, dones, obs, final_obs)
        self.actor.update_normalization(obs)
        self.critic.update_normalization(obs)
        self.actor.reset(dones)
        self.num_transitions += self.buffer.num_envs
        if self.buffer.num_added >= max(self.learning_starts, 1):
            self.updates_due += self.updates_per_step

    def compute_returns(self, obs: TensorDict) -> None:  # noqa: B027 - empty by design
        """Nothing to do: targets are computed from the replay buffer, batch by batch."""

    def update(self) -> dict[str, float]:
        """Make the gradient updates that are due; mean of each figure, or nothing before learning starts."""
        if self.decay_updates is not None:
            # once an iteration is often enough, and keeps the updates themselves free of it
            share_left = max(0.1, 1.0 - 0.9 * self.num_updates / self.decay_updates)
            for optimizer in self.optimizers.values():
                scale_step_sizes(optimizer, share_left)
        count = int(self.updates_due)
        self.updates_due -= count
        return self.make_updates(count)

    def make_updates(self, count: int) -> dict[str, float]:
        """Make this many gradient updates; mean of each figure."""
        sums: dict[str, torch.Tensor] = {}
        counts: dict[str, int] = defaultdict(int)
        for _ in range(count):
            for name, value in self._update(self.num_updates % self.policy_delay == 0).items():
                sums[name] = sums[name] + value if name in sums else value
                counts[name] += 1
            self.num_updates += 1
        if not sums:
            return {}
        # the only wait for the device in the whole update
        totals = torch.stack(list(sums.values())).tolist()
        return {name: total / counts[name] for name, total in zip(sums, totals, strict=True)}

    def record_anew(self) -> None:
        """Forget recorded CUDA graphs: they write to where optimisers had their moments before a checkpoint."""
        if self.uses_graphs:
            self._update = CudaGraphs(self._sample_and_update)

    def _sample_and_update(self, with_actor: bool) -> dict[str, torch.Tensor]:
        batch = self.buffer.sample(self.batch_size, self.n_steps, self.gamma)
        if self.symmetry is not None:
            batch = self.symmetry.augment(batch)
        return self.update_batch(batch, with_actor)

    def update_batch(self, batch: Batch, with_actor: bool = True) -> dict[str, torch.Tensor]:
        """One update of the critics, of the actor if it is its turn, and of the targets; figures to log."""
        loss, figures = self._critic_loss(batch)
        self.minimize(loss, self.optimizers["critic"])
        if with_actor:
            loss, actor_figures = self._actor_loss(batch)
            self.minimize(loss, self.optimizers["actor"])
            figures = figures | actor_figures
        self.update_targets(with_actor)
        return figures

    def minimize(self, loss: torch.Tensor, optimizer: torch.optim.Optimizer) -> None:
        """One step of an optimiser down the gradient of a loss, averaged over all processes."""
        forget_gradients(optimizer)
        loss.backward()
        self.average_gradients(weight for group in optimizer.param_groups for weight in group["params"])
        take_step(optimizer)

    def update_targets(self, with_actor: bool) -> None:
        """Let the targets follow the online networks."""
        polyak_update(self.critic_target, self.critic, self.tau)

    def get_policy(self) -> Any:
        """The actor, for inference and export."""
        return self.actor

    @property
    def learning_rate(self) -> float:
        """The actor's step size, for the runner's log."""
        return float(self.optimizers["actor"].param_groups[0]["lr"])

    def train_mode(self) -> None:
        """Before training; the runner calls it at the start of `learn`, so the next observations continue nothing."""
        self.actor.train()
        self.critic.train()
        self._at_start = True
        if self.resumed_random_state is not None:  # not in `load`: playing has a seed of its own
            restore_random_state(self.resumed_random_state, self.device)
            self.resumed_random_state = None
        self.actor.reset()

    def eval_mode(self) -> None:
        """Before inference."""
        self.actor.eval()
        self.critic.eval()

    def save(self) -> dict[str, Any]:
        """Everything needed to play or to resume; loads with `torch.load(weights_only=True)`."""
        return save_state(self)

    def load(self, loaded_dict: dict[str, Any], load_cfg: dict[str, bool] | None = None, strict: bool = True) -> bool:
        """Restore what :meth:`save` returned; for arguments and errors see :func:`.checkpoint.load_state`."""
        return load_state(self, loaded_dict, load_cfg, strict)

    def broadcast_parameters(self) -> None:
        """Give every process of a multi-GPU run the networks of the first."""
        for module in self.modules.values():
            for tensor in module.state_dict().values():
                torch.distributed.broadcast(tensor, src=0)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Average gradients over the processes of a multi-GPU run."""
        if self.world_size > 1:
            reduce_gradients_in_buckets(parameters, self.world_size, bucket_mb=25.0)
