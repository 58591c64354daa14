"""Configuration classes of the algorithms that learn from an expert, shared by all task families."""

from __future__ import annotations

from dataclasses import MISSING

from isaaclab.utils import configclass
from isaaclab_rl.rsl_rl import RslRlMLPModelCfg, RslRlSymmetryCfg

from humanoid_vla.tasks.agent_cfgs import OffPolicyRunnerCfg, SacAlgorithmCfg, SacRunnerCfg


@configclass
class DiscriminatorCfg:
    """Keyword arguments of :class:`humanoid_vla.policies.discriminator.Discriminator`."""

    class_name: str = "humanoid_vla.policies.discriminator:Discriminator"
    hidden_dims: list[int] = [256, 256]
    activation: str = "relu"
    obs_normalization: bool = True
    image_channels: list[int] = [16, 32, 64]


@configclass
class VlaActorCfg:
    """Keyword arguments of :class:`humanoid_vla.policies.vla.VlaPolicy`."""

    class_name: str = "humanoid_vla.policies.vla:VlaPolicy"
    distribution_cfg: None = None  # this one and the next: Isaac Lab asks every actor for them
    stochastic: bool = False
    chunk_size: int = 1
    obs_normalization: bool = True
    dim: int = 128
    num_queries: int = 4
    num_blocks: int = 2
    num_heads: int = 4
    backbone: str | None = None
    pretrained: bool = True


@configclass
class GailAlgorithmCfg(SacAlgorithmCfg):
    """Keyword arguments of :class:`humanoid_vla.agents.gail.GAIL`, documented there."""

    class_name: str = "humanoid_vla.agents.gail:GAIL"
    demonstrations: str | None = None
    discriminator_learning_rate: float = 1e-3
    discriminator_updates: int = 1
    gradient_penalty: float = 10.0
    expert_share: float = 0.5


@configclass
class BcAlgorithmCfg:
    """Arguments of :class:`humanoid_vla.agents.bc.BC` and of its ``learn_from``, documented there."""

    class_name: str = "humanoid_vla.agents.bc:BC"
    network: str = "mlp"
    demonstrations: str | None = None
    loss: str = "mse"
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    tau: float = 0.005
    batch_size: int = 64
    held_out: float = 0.1
    symmetry_cfg: RslRlSymmetryCfg | None = None


@configclass
class DaggerAlgorithmCfg:
    """Arguments of :class:`humanoid_vla.agents.dagger.DAgger` and its ``construct_algorithm``, documented there."""

    class_name: str = "humanoid_vla.agents.dagger:DAgger"
    network: str = "vla"
    goals: str = MISSING  # type: ignore
    teacher: str | None = None
    clone: str | None = None
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    tau: float = 0.005
    max_grad_norm: float = 1.0
    warmup_updates: int = 200
    decay_updates: int | None = None
    autocast: bool = True
    buffer_size: int = 50_000
    batch_size: int = 64
    goals_per_situation: int = 4
    updates_per_step: float = 2.0
    teacher_steps: int = 40
    symmetry_cfg: RslRlSymmetryCfg | None = None


@configclass
class GailRunnerCfg(SacRunnerCfg):
    """GAIL for a CPU and about 64 environments."""

    discriminator: DiscriminatorCfg = DiscriminatorCfg()
    algorithm: GailAlgorithmCfg = GailAlgorithmCfg()


@configclass
class BcRunnerCfg(OffPolicyRunnerCfg):
    """Behaviour cloning: every iteration is an epoch, and the steps only show how good the policy is by then."""

    actor: RslRlMLPModelCfg | VlaActorCfg = RslRlMLPModelCfg(
        hidden_dims=[256, 256], activation="relu", obs_normalization=True
    )
    algorithm: BcAlgorithmCfg = BcAlgorithmCfg()


@configclass
class VlaBaseActorCfg(VlaActorCfg):
    """The larger network, for GPUs: a pretrained backbone of `timm` (``pip install timm``) and wider tokens."""

    dim: int = 256
    num_queries: int = 8
    num_blocks: int = 4
    num_heads: int = 8
    backbone: str | None = "resnet18.a1_in1k"


@configclass
class DaggerRunnerCfg(OffPolicyRunnerCfg):
    """DAgger for a CPU and about 64 environments; a teacher that is a checkpoint has its network in ``teacher``."""

    actor: RslRlMLPModelCfg | VlaActorCfg = VlaActorCfg()
    algorithm: DaggerAlgorithmCfg = DaggerAlgorithmCfg()
