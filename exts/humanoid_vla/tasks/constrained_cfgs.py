"""Configuration classes of constrained learning, shared by all task families."""

from __future__ import annotations

from dataclasses import MISSING

from isaaclab.utils import configclass

from humanoid_vla.tasks.agent_cfgs import DdpgAlgorithmCfg, DdpgRunnerCfg, SacAlgorithmCfg, SacRunnerCfg


@configclass
class CostCriticCfg:
    """Keyword arguments of :class:`humanoid_vla.policies.cost_critic.CostCritic`."""

    class_name: str = "humanoid_vla.policies.cost_critic:CostCritic"
    hidden_dims: list[int] = [256, 256]
    activation: str = "relu"
    obs_normalization: bool = True
    image_channels: list[int] = [16, 32, 64]
    num_critics: int = 4
    confidence: float = 1.0
    layer_norm: bool = False


@configclass
class LagrangianCfg:
    """Arguments of :class:`humanoid_vla.agents.lagrangian.Lagrangian`, documented there."""

    cost_limits: dict[str, float] = MISSING  # type: ignore
    proportional_gain: float = 0.1
    integral_gain: float = 1e-3
    derivative_gain: float = 0.1
    initial_multiplier: float = 0.0
    cost_window: int = 128
    multiplier_warmup: int = 1_000


@configclass
class SacLagrangianAlgorithmCfg(LagrangianCfg, SacAlgorithmCfg):
    """Keyword arguments of :class:`humanoid_vla.agents.lagrangian.SACLagrangian`, documented there."""

    class_name: str = "humanoid_vla.agents.lagrangian:SACLagrangian"


@configclass
class DdpgLagrangianAlgorithmCfg(LagrangianCfg, DdpgAlgorithmCfg):
    """Keyword arguments of :class:`humanoid_vla.agents.lagrangian.DDPGLagrangian`, documented there."""

    class_name: str = "humanoid_vla.agents.lagrangian:DDPGLagrangian"


@configclass
class SacLagrangianRunnerCfg(SacRunnerCfg):
    """SAC under constraints for a CPU and about 64 environments."""

    cost_critic: CostCriticCfg = CostCriticCfg()
    algorithm: SacLagrangianAlgorithmCfg = SacLagrangianAlgorithmCfg()


@configclass
class DdpgLagrangianRunnerCfg(DdpgRunnerCfg):
    """DDPG under constraints for a CPU and about 64 environments."""

    cost_critic: CostCriticCfg = CostCriticCfg()
    algorithm: DdpgLagrangianAlgorithmCfg = DdpgLagrangianAlgorithmCfg()
