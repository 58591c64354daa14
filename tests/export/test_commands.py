"""Policies that command a policy that moves the joints: their bundles' targets are the commands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_frozen_policy_action import ToyEnvCfg, elbow_policy  # type: ignore  (beside the tests of tasks)

from humanoid_vla.assets.g1 import UPPER_BODY_JOINTS
from humanoid_vla.export.bundling import export_bundle
from humanoid_vla.export.describe import describe
from humanoid_vla.policies.categorical import CategoricalPolicy
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy
from humanoid_vla.runtime.engine import make_engine
from humanoid_vla.runtime.policy import PolicyRunner
from humanoid_vla.tasks.env import HumanoidEnv
from humanoid_vla.tasks.mdp.actions_cfg import NamedFrozenPolicyActionCfg
from humanoid_vla.tasks.mdp.figures import term_figures
from humanoid_vla.tasks.mdp.frozen_policy_action import NamedFrozenPolicyAction

COMMANDS = {"stop": (0.0, 0.0), "left": (0.5, 0.1), "right": (-0.5, 0.2)}


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    import argparse

    from isaaclab.app import launch_simulation

    checkpoint = tmp_path_factory.mktemp("low_level") / "model_0.pt"
    torch.save({"actor_state_dict": elbow_policy().state_dict(), "iter": 0}, checkpoint)
    cfg = ToyEnvCfg()
    cfg.actions.elbows.checkpoint = str(checkpoint)
    with launch_simulation(cfg, argparse.Namespace()):
        env = HumanoidEnv(cfg)
        env.reset()
        try:
            yield env
        finally:
            env.close()


@pytest.mark.parametrize("kind", ["velocity", "named"])
def test_targets_are_what_the_low_level_is_told(
    toy: Any, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    term = toy.action_manager.get_term("elbows")
    obs = {"policy": toy.observation_manager.compute_group("policy")}
    groups = {"actor": ["policy"]}
    torch.manual_seed(0)
    if kind == "velocity":
        policy: Any = SquashedGaussianPolicy(obs, groups, "actor", 2, hidden_dims=[16])
    else:
        policy = CategoricalPolicy(obs, groups, "actor", 3, hidden_dims=[16], action_names=list(COMMANDS))
        own = vars(term.cfg)
        settings = {name: own[name] for name in ("asset_name", "actor", "actions", "observations", "command_name")}
        settings |= {"checkpoint": own["checkpoint"], "decimation": own["decimation"]}
        term = NamedFrozenPolicyAction(NamedFrozenPolicyActionCfg(commands=COMMANDS, **settings), toy)
        monkeypatch.setitem(toy.action_manager._terms, "elbows", term)
    description = describe(toy, ["policy"], term_figures)
    recording = {"policy": torch.randn(3, 8, 17)}
    bundle, _ = export_bundle(tmp_path / "bundle", policy, description, recording, "VLA-Toy", "sac", {})
    assert bundle.action_kind == kind
    assert list(bundle.joints.names) == UPPER_BODY_JOINTS  # of the policy that moves them
    assert bundle.joints.max_speed.tolist() == [1.2] * 17
    wanted = COMMANDS if kind == "named" else {"lowest": [-1.0, 0.0], "highest": [1.0, 0.8]}
    assert bundle.commands == {name: list(command) for name, command in wanted.items()}
    assert bundle.walks_with["checkpoint"] == "model_0.pt"
    told = []
    for _ in range(20):
        seen = torch.randn(3, 17)
        actions, targets = PolicyRunner(bundle, make_engine(bundle), 3).step({"policy": seen.numpy()})
        term.process_actions(torch.from_numpy(actions))
        np.testing.assert_allclose(targets, term.processed_actions.numpy(), atol=1e-6)
        told.append(targets)
    assert len(np.unique(np.concatenate(told), axis=0)) > 1
