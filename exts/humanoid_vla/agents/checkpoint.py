"""Saving and restoring an off-policy algorithm; a foreign checkpoint is told apart before anything is loaded."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from humanoid_vla.policies.value_heads import CategoricalHead

if TYPE_CHECKING:
    from humanoid_vla.agents.off_policy import OffPolicyAlgorithm


def save_state(algorithm: OffPolicyAlgorithm) -> dict[str, Any]:
    """Everything needed to play or to resume: tensors, numbers and strings in dictionaries and lists."""
    saved: dict[str, Any] = {
        "algorithm": algorithm.name,
        "policy_shape": policy_shape(algorithm.actor, algorithm.critic, algorithm.buffer.num_actions),
        "num_transitions": algorithm.num_transitions,
        "num_updates": algorithm.num_updates,
    }
    saved |= {f"{name}_state_dict": module.state_dict() for name, module in algorithm.modules.items()}
    saved |= {f"{name}_optimizer_state_dict": each.state_dict() for name, each in algorithm.optimizers.items()}
    if algorithm.save_replay_buffer:
        saved["replay_buffer"] = algorithm.buffer.state_dict()
        saved["updates_due"] = algorithm.updates_due
        saved["random_state"] = random_state(algorithm.device)
    return saved


def load_state(
    algorithm: OffPolicyAlgorithm, saved: dict[str, Any], load_cfg: dict[str, bool] | None, strict: bool
) -> bool:
    """Restore what :func:`save_state` returned.

    A checkpoint that says ``policy_only`` holds the policy and nothing to go on with, like those that come with the
    package: of it the actor is restored, whatever is asked for.

    Args:
        algorithm: What to restore it in.
        saved: The checkpoint.
        load_cfg: Which of "actor", "critic", "optimizer", "iteration" and "replay_buffer" to restore; all if None.
        strict: Whether the names in the networks' state dicts must match exactly.

    Returns:
        Whether the runner continues to count iterations from the checkpoint.

    Raises:
        ValueError: If the checkpoint belongs to another algorithm, task or architecture, or lacks something.
    """
    if load_cfg is None:
        load_cfg = dict.fromkeys(("actor", "critic", "optimizer", "iteration", "replay_buffer"), True)
    shape = policy_shape(algorithm.actor, algorithm.critic, algorithm.buffer.num_actions)
    if saved.get("policy_only"):
        check_checkpoint(saved, algorithm.name, without_critic(shape), ["actor_state_dict"])
        load_module(algorithm.actor, saved["actor_state_dict"], "actor", strict)
        return False
    states = [*algorithm.modules, *(f"{name}_optimizer" for name in algorithm.optimizers)]
    keys = ["num_transitions", "num_updates", *(f"{name}_state_dict" for name in states)]
    check_checkpoint(saved, algorithm.name, shape, keys)
    for name, module in algorithm.modules.items():
        # targets belong to their network, the temperature to the actor
        if load_cfg.get("critic" if name.startswith("critic") else "actor"):
            load_module(module, saved[f"{name}_state_dict"], name.replace("_", " "), strict)
    if load_cfg.get("optimizer"):
        for name, optimizer in algorithm.optimizers.items():
            load_optimizer(optimizer, saved[f"{name}_optimizer_state_dict"])
        algorithm.record_anew()
    if load_cfg.get("iteration"):
        algorithm.num_transitions = saved["num_transitions"]
        algorithm.num_updates = saved["num_updates"]
    if load_cfg.get("replay_buffer") and "replay_buffer" in saved:
        try:
            algorithm.buffer.load_state_dict(saved["replay_buffer"])
            algorithm.updates_due = saved["updates_due"]
            algorithm.resumed_random_state = saved["random_state"]
        except ValueError as error:  # playing with fewer environments is no mistake
            warnings.warn(f"starting with an empty replay buffer: {error}", stacklevel=3)
    return load_cfg.get("iteration", False)


def policy_shape(actor: Any, critic: Any, num_actions: int) -> dict[str, Any]:
    """What must agree between a checkpoint and the networks it is loaded into; numbers, strings and lists only."""
    shape = {
        "actor observation groups": list(actor.obs_groups),
        "actor observation size": int(actor.obs_dim),
        "critic observation groups": list(critic.obs_groups),
        "critic observation size": int(critic.obs_dim),
        "number of actions": num_actions,
    }
    head = getattr(critic, "head", None)
    if isinstance(head, CategoricalHead):  # its atoms say what the outputs mean, and are in no state dict
        shape["critic value range"] = [head.v_min, head.v_max]
    return shape


def without_critic(shape: dict[str, Any]) -> dict[str, Any]:
    """The part of a :func:`policy_shape` that a policy alone must agree with."""
    return {key: value for key, value in shape.items() if not key.startswith("critic")}


def check_checkpoint(checkpoint: dict[str, Any], algorithm: str, shape: dict[str, Any], keys: Iterable[str]) -> None:
    """Check that a checkpoint belongs to this algorithm and this task, and holds these keys.

    Raises:
        ValueError: One line that names what differs.
    """
    found = checkpoint.get("algorithm")
    if found != algorithm:
        written_by = f"written by {found}" if found is not None else "not written by this package (RSL-RL's PPO?)"
        raise ValueError(f"this checkpoint is {written_by}, but the agent is {algorithm}")
    if missing := [key for key in ("policy_shape", *keys) if key not in checkpoint]:
        raise ValueError(f"this checkpoint is incomplete, or of another version: {', '.join(missing)} missing")
    saved = checkpoint["policy_shape"]
    differences = [
        f"{key} is {saved.get(key)} in the checkpoint and {value} here"
        for key, value in shape.items()
        if saved.get(key) != value
    ]
    if differences:
        raise ValueError(f"this checkpoint belongs to another task or policy: {'; '.join(differences)}")


def load_module(module: nn.Module, state: dict[str, torch.Tensor], name: str, strict: bool = True) -> None:
    """Load a state dict into a network.

    Raises:
        ValueError: One line that names the tensors that differ, for instance after a change of hidden layers.
    """
    own = module.state_dict()
    wrong = [key for key in own if key in state and own[key].shape != state[key].shape]
    if strict:
        wrong += sorted(own.keys() ^ state.keys())
    if wrong:
        raise ValueError(f"the checkpoint's {name} has another architecture; these tensors differ: {', '.join(wrong)}")
    module.load_state_dict(state, strict=strict)


def load_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Load the moments of an optimiser; its settings, step sizes for instance, stay those of the configuration."""
    optimizer.load_state_dict({"state": state["state"], "param_groups": optimizer.state_dict()["param_groups"]})


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """Where torch's random numbers stand, on the CPU and on the learner's device."""
    state = {"cpu": torch.get_rng_state()}
    return state | {"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else state


def restore_random_state(state: dict[str, torch.Tensor], device: torch.device) -> None:
    """Go on from what :func:`random_state` returned."""
    torch.set_rng_state(state["cpu"].cpu())
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"].cpu(), device)
