"""The agents of the Reach family that keep to budgets of cost."""

from __future__ import annotations

from typing import Any

from isaaclab.utils import configclass

from humanoid_vla.tasks.agent_cfgs import ActorCfg, CriticCfg, DeterministicActorCfg
from humanoid_vla.tasks.constrained_cfgs import (
    CostCriticCfg,
    DdpgLagrangianAlgorithmCfg,
    DdpgLagrangianRunnerCfg,
    SacLagrangianAlgorithmCfg,
    SacLagrangianRunnerCfg,
)
from humanoid_vla.tasks.reach.agent_cfgs import COMMAND_GROUPS, OBS_GROUPS, OFF_POLICY, SAC

CONSTRAINED: dict[str, Any] = {
    # Budgets of 0.15 and 0.10 an episode, less than half of the 0.36 and 0.33 that plain SAC costs, docs/benchmarks.md.
    # Impacts are few and heavy, and cost up to a fifth more in new episodes than while learning: 0.08 leaves room.
    "cost_limits": {"joint_vel_limit": 0.15, "hard_impact": 0.08},
    "proportional_gain": 0.5,
    "integral_gain": 1.5e-3,
    "derivative_gain": 0.5,
    "cost_window": 512,  # hard impacts are seldom
    "multiplier_warmup": 2_000,
    "decay_updates": 18_600,  # the whole training: 300 iterations of 8 steps
}


@configclass
class ReachSacLagrangianCfg(SacLagrangianRunnerCfg):
    """SAC under constraints, for two CPU cores."""

    experiment_name = "vla_reach_g1_sac_lagrangian"
    obs_groups = OBS_GROUPS
    max_iterations = 300
    actor = ActorCfg(hidden_dims=[128, 128])
    critic = CriticCfg(hidden_dims=[128, 128])
    cost_critic = CostCriticCfg(hidden_dims=[128, 128], num_critics=2)
    algorithm = SacLagrangianAlgorithmCfg(**SAC | CONSTRAINED)


@configclass
class ReachDdpgLagrangianCfg(DdpgLagrangianRunnerCfg):
    """TD3 under constraints, for two CPU cores."""

    experiment_name = "vla_reach_g1_ddpg_lagrangian"
    obs_groups = OBS_GROUPS
    max_iterations = 300
    actor = DeterministicActorCfg(hidden_dims=[128, 128])
    critic = CriticCfg(hidden_dims=[128, 128])
    cost_critic = CostCriticCfg(hidden_dims=[128, 128], num_critics=2)
    algorithm = DdpgLagrangianAlgorithmCfg(**OFF_POLICY | CONSTRAINED, policy_delay=2, target_noise=0.2)


@configclass
class ReachCommandSacLagrangianCfg(ReachSacLagrangianCfg):
    """SAC under constraints that is given the goal itself."""

    experiment_name = "vla_reach_command_g1_sac_lagrangian"
    obs_groups = COMMAND_GROUPS


@configclass
class ReachCommandDdpgLagrangianCfg(ReachDdpgLagrangianCfg):
    """TD3 under constraints that is given the goal itself."""

    experiment_name = "vla_reach_command_g1_ddpg_lagrangian"
    obs_groups = COMMAND_GROUPS
