"""From RSL-RL's configuration to networks, replay buffer and algorithm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rsl_rl.env import VecEnv
from rsl_rl.utils import resolve_callable, resolve_obs_groups
from tensordict import TensorDict

from humanoid_vla.agents.replay_buffer import ReplayBuffer
from humanoid_vla.agents.symmetry import SymmetryAugmentation

if TYPE_CHECKING:
    from humanoid_vla.agents.off_policy import OffPolicyAlgorithm


def construct[A: OffPolicyAlgorithm](
    algorithm: type[A],
    obs: TensorDict,
    env: VecEnv,
    cfg: dict[str, Any],
    device: str,
    also_stored: Sequence[str] = (),
) -> A:
    """Build an off-policy algorithm.

    Args:
        algorithm: Its class.
        obs: An example of the environment's observations.
        env: The environment; actions are expected in [-1, 1].
        cfg: `algorithm` (keyword arguments of the class, and `buffer_size`: observations to store over all
            environments, default 1 000 000, and `symmetry_cfg`, Isaac Lab's RslRlSymmetryCfg), `actor` and `critic`
            (keyword arguments of the networks, and their classes in `class_name`), `obs_groups`
            ({"actor": [...], "critic": [...]}), `multi_gpu`.
        device: Where the learner runs.
        also_stored: Observation groups that the buffer stores beside those which actor and critic read.
    """
    cfg["obs_groups"] = groups = resolve_obs_groups(obs, cfg["obs_groups"], ["actor", "critic"])
    alg_cfg = {key: value for key, value in cfg["algorithm"].items() if key != "class_name"}
    buffer_size = alg_cfg.pop("buffer_size", 1_000_000)
    symmetry_cfg = alg_cfg.pop("symmetry_cfg", None)
    symmetry = None if symmetry_cfg is None else SymmetryAugmentation(env, **symmetry_cfg)
    networks: list[Any] = []
    for obs_set, default in (("actor", algorithm.default_actor), ("critic", algorithm.default_critic)):
        # Isaac Lab's model configurations carry a distribution for RSL-RL's own networks
        kwargs = {key: value for key, value in cfg[obs_set].items() if key != "distribution_cfg"}
        network_class: Any = resolve_callable(kwargs.pop("class_name", default))
        networks.append(network_class(obs, groups, obs_set, env.num_actions, **kwargs))
    # a group that actor and critic share is stored once
    stored = {group: obs[group] for group in dict.fromkeys([*groups["actor"], *groups["critic"], *also_stored])}
    buffer = ReplayBuffer(stored, env.num_actions, buffer_size, device)
    multi_gpu_cfg = cfg.get("multi_gpu")
    actor, critic = networks
    return algorithm(actor, critic, buffer, device=device, multi_gpu_cfg=multi_gpu_cfg, symmetry=symmetry, **alg_cfg)
