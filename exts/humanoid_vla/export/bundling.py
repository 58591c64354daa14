"""From a policy and its environment to a bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from humanoid_vla.export.describe import TaskDescription
from humanoid_vla.export.graph import PolicyGraph, make_onnx
from humanoid_vla.export.parity import Recording, check_parity
from humanoid_vla.export.writer import check_place, write_bundle
from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.bundle_files import POLICY

PARITY = "parity.json"


def export_bundle(
    place: Path,
    policy: Any,
    description: TaskDescription,
    recording: Recording,
    task: str,
    agent: str,
    provenance: Mapping[str, Any],
    more_files: Mapping[str, bytes] | None = None,
) -> tuple[Bundle, dict[str, Any]]:
    """Write a bundle, if its graph does what the policy does.

    Args:
        place: The folder to write.
        policy: Of this package or RSL-RL's MLP; it comes back on the CPU, in evaluation mode and reset.
        description: Of the environment that it acts in.
        recording: Observations of the groups that it reads, see :data:`humanoid_vla.export.parity.Recording`.
        task: Name of the task.
        agent: Short name of the agent.
        provenance: See :mod:`.provenance`.
        more_files: Name -> content of further files.

    Returns:
        The bundle as it is read back, and the content of ``parity.json``.

    Raises:
        ExportError: If the policy cannot be exported, or the graph differs from it.
        FileExistsError: The place is taken by something that is no bundle.
    """
    check_place(place)
    # no copy of it: RSL-RL's network keeps the last step's distribution, with its gradients, which cannot be copied
    policy.to("cpu").eval()
    description.scaling.to("cpu")
    graph = PolicyGraph(policy, description.scaling, {group.name: group.shape for group in description.inputs})
    model = make_onnx(graph, description.inputs)
    on_cpu = {group: values.to("cpu") for group, values in recording.items()}
    parity = check_parity(policy, description.scaling, model.content, model.states, on_cpu)
    bundle = Bundle(
        path=place,
        task=task,
        agent=agent,
        policy=type(policy).__name__,
        policy_dt=description.policy_dt,
        inputs=description.inputs,
        states=model.states,
        action_kind=description.action_kind,
        commands=description.commands,
        walks_with=description.walks_with,
        chunk_size=int(getattr(policy, "chunk_size", 1)),
        joints=description.joints,
        fixed_base=description.fixed_base,
        filter_settings=description.filter_settings,
        keep_out=description.keep_out,
        cameras=description.cameras,
        language=description.language,
        provenance=dict(provenance),
    )
    files = {POLICY: model.content, PARITY: json.dumps(parity, indent=1).encode() + b"\n", **(more_files or {})}
    return write_bundle(bundle, files), parity


@torch.inference_mode()
def record_observations(env: Any, policy: Any, groups: tuple[str, ...] | list[str], steps: int) -> Recording:
    """Let a policy act, and keep what it saw.

    Args:
        env: In RSL-RL's wrapper.
        policy: Called with its observations.
        groups: Observation groups to keep.
        steps: How long.

    Returns:
        Group -> (steps, num_envs, ...), on the CPU.
    """
    kept: dict[str, list[torch.Tensor]] = {group: [] for group in groups}
    obs = env.get_observations()
    for _ in range(steps):
        for group in groups:
            kept[group].append(obs[group].to("cpu", copy=True))
        obs, _, dones, _ = env.step(policy(obs))
        policy.reset(dones)
    return {group: torch.stack(values) for group, values in kept.items()}
