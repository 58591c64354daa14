"""A task's untrained policy, exported, and what the bundle says held against the live environment."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from isaaclab.utils.math import quat_apply_inverse
from isaaclab_rl.rsl_rl import check_rsl_rl_version, handle_deprecated_rsl_rl_cfg
from tensordict import TensorDict

from humanoid_vla.export.bundling import export_bundle
from humanoid_vla.export.comparison import check_bundle
from humanoid_vla.export.describe import describe
from humanoid_vla.export.parity import MAX_ABS_ERROR, worst
from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.observations import ObservationBuilder
from humanoid_vla.tasks.mdp.figures import term_figures


def untrained_policy(env: Any, agent_cfg: Any) -> Any:
    """The actor that an agent would begin with; nothing is fetched for it."""
    agent_cfg = handle_deprecated_rsl_rl_cfg(agent_cfg, check_rsl_rl_version())
    settings = agent_cfg.actor.to_dict()
    module, name = settings.pop("class_name").split(":")
    if settings.get("distribution_cfg") is None:  # only RSL-RL's own networks know it
        settings.pop("distribution_cfg", None)
    if "pretrained" in settings:
        settings["pretrained"] = False
    torch.manual_seed(0)
    policy_class = getattr(importlib.import_module(module), name)
    num_actions = env.action_manager.total_action_dim
    return policy_class(observe(env), agent_cfg.obs_groups, "actor", num_actions, **settings)


def observe(env: Any) -> TensorDict:
    return TensorDict(env.observation_manager.compute(), batch_size=[env.num_envs])


def export(env: Any, task: str, policy: Any, place: Path) -> tuple[Bundle, Any]:
    """The bundle, and what its targets are made with; parity is checked on a few random steps."""
    env.reset()  # which also has held joints held
    seen = []
    for _ in range(4):
        env.step(2.0 * torch.rand(env.num_envs, env.action_manager.total_action_dim) - 1.0)
        seen.append(observe(env))
    policy.update_normalization(torch.cat(seen))
    recording = {group: torch.stack([obs[group] for obs in seen]) for group in policy.obs_groups}
    description = describe(env, policy.obs_groups, term_figures)
    bundle, parity = export_bundle(place, policy, description, recording, task, "untrained", {})
    error, cosine = worst(parity["batches"])
    assert error <= MAX_ABS_ERROR
    assert cosine > 0.9999
    check_bundle(bundle, env, term_figures)
    return bundle, description.scaling


def check_targets(env: Any, bundle: Bundle, scaling: Any) -> None:
    """The bundle's targets are those that the task's action terms go to."""
    manager = env.action_manager
    terms = [manager.get_term(name) for name in manager.active_terms]
    actions = 2.0 * torch.rand(env.num_envs, manager.total_action_dim) - 1.0
    targets = scaling(actions)
    if bundle.action_kind != "joint_position":
        terms[0].process_actions(actions)
        torch.testing.assert_close(targets, terms[0].processed_actions)
        env.reset()
        return
    moved = sum(len(term.joint_names) for term in terms)
    first = place = 0
    for term in terms:
        joints = slice(place, place + len(term.joint_names))
        limits = term._max_step, term.cfg.max_lead
        assert bundle.joints.max_speed[joints] == pytest.approx(term.cfg.max_speed)
        assert bundle.joints.max_lead[joints] == pytest.approx(term.cfg.max_lead)
        term._max_step = term.cfg.max_lead = 1e6
        term.process_actions(actions[:, first : first + term.action_dim])
        term._max_step, term.cfg.max_lead = limits
        wanted = targets[:, joints].clamp(term._limits[..., 0], term._limits[..., 1])
        torch.testing.assert_close(wanted, term.processed_actions)
        first, place = first + term.action_dim, joints.stop
    env.reset()
    # all others are held where the simulation holds them
    robot, names = env.scene["robot"], bundle.joints.names
    assert set(names) == set(robot.joint_names)
    held = [robot.joint_names.index(name) for name in names[moved:]]
    assert bundle.joints.follows.tolist()[moved:] == [-1] * len(held)
    sent = robot.actuators.target_command.position.torch[:, held]
    torch.testing.assert_close(targets[:, moved:], sent)


def check_observations(env: Any, bundle: Bundle) -> None:
    """NumPy's terms are those of the task, of every group that the policy reads, without noise."""
    for group in bundle.inputs:
        assert all(term.unit for term in group.terms), [term.kind for term in group.terms if not term.unit]
    builder, manager = ObservationBuilder(bundle), env.observation_manager
    quiet = {name: [cfg.noise for cfg in cfgs] for name, cfgs in manager._group_obs_term_cfgs.items()}
    try:
        for cfgs in manager._group_obs_term_cfgs.values():
            for cfg in cfgs:
                cfg.noise = None
        env.reset()
        for _ in range(3):
            env.step(2.0 * torch.rand(env.num_envs, env.action_manager.total_action_dim) - 1.0)
            obs = manager.compute()
            for row in range(env.num_envs):
                built = builder.build(**measure(env, bundle, obs, row))
                for name, values in built.items():
                    expected = obs[name][row].numpy()
                    np.testing.assert_allclose(values[0], expected, rtol=0, atol=5e-5, err_msg=name)
    finally:
        for name, noises in quiet.items():
            for cfg, noise in zip(manager._group_obs_term_cfgs[name], noises, strict=True):
                cfg.noise = noise


def measure(env: Any, bundle: Bundle, obs: Any, row: int) -> dict[str, Any]:
    """What one robot measures and is told, as a builder takes it."""
    robot, manager = env.scene["robot"], env.action_manager
    data = robot.data
    ids = [robot.joint_names.index(name) for name in bundle.joints.names]
    terms = [manager.get_term(name) for name in manager.active_terms]
    targets = bundle.joints.default.copy()
    if bundle.action_kind == "joint_position":
        sent = torch.cat([term.processed_actions[row] for term in terms]).double().numpy()
        targets[: len(sent)] = sent
    felt = {"base_ang_vel": "root_ang_vel_b", "base_lin_vel": "root_lin_vel_b"} | {
        "projected_gravity": "projected_gravity_b"
    }
    values = {name: getattr(data, attribute).torch[row].double().numpy() for name, attribute in felt.items()}
    for name in ("objects", "landmarks"):
        if name in env.scene.keys():  # noqa: SIM118  (a scene is no mapping)
            offsets = env.scene[name].data.body_link_pos_w.torch[row] - data.root_link_pos_w.torch[row]
            turn = data.root_link_quat_w.torch[row].expand(len(offsets), 4)
            values["object_positions"] = quat_apply_inverse(turn, offsets).double().numpy()
    embedding = None
    if "goal" in env.command_manager.active_terms:
        command = env.command_manager.get_term("goal")
        values["goal"] = command.command[row].double().numpy()
        if hasattr(command, "held_time"):
            values["held_time"] = command.held_time[row : row + 1].double().numpy()
        if hasattr(command, "instructions"):
            embedding = command.instructions.embeddings[command.instruction_index[row]].numpy()
    return {
        "joint_pos": data.joint_pos.torch[row, ids].double().numpy(),
        "joint_vel": data.joint_vel.torch[row, ids].double().numpy(),
        "target": targets,
        "last_action": manager.action[row].numpy(),
        "embedding": embedding,
        "images": {camera.name: obs["camera"][row].numpy() for camera in bundle.cameras},
        "values": values,
        "time": env.episode_length_buf[row].item() * env.step_dt,
    }
