"""The same task on PhysX, on a CPU and without Isaac Sim."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from humanoid_vla.assets.g1 import UPPER_BODY_JOINTS

pytest.importorskip("ovphysx", reason="the `ovphysx` extra is not installed")

# PhysX stays in a process: one of its own, so that the tests that follow have Newton to themselves.
ROLLOUT = """
import json
import torch
from worlds import ended, open_env, step

with open_env("VLA-Reach-G1", overrides=["physics=ovphysx", "env.sim.device=cpu"]) as env:
    obs, _ = env.reset()
    start = obs["state"].clone()
    quiet = []
    finite = True
    for number in range(20):
        random = 2.0 * torch.rand(4, env.action_manager.total_action_dim) - 1.0
        obs, rewards, *_ = env.step(random) if number >= 5 else step(env)
        quiet += ended(env) if number < 5 else []
        finite &= all(bool(value.isfinite().all()) for value in (*obs.values(), rewards))
    print(json.dumps({
        "physics": type(env.sim.cfg.physics).__name__, "device": str(env.device), "quiet": quiet, "finite": finite,
        "joints": env.action_manager.get_term("joint_pos").joint_names,
        "moved": float((obs["state"] - start).abs().max()),
    }))
"""


def test_the_task_runs_on_physx() -> None:
    result = subprocess.run(
        [sys.executable, "-c", ROLLOUT], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr[-2000:]
    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    figures = json.loads(lines[-1])
    assert figures["physics"] == "OvPhysxCfg"
    assert figures["device"] == "cpu"
    assert figures["finite"]
    assert figures["quiet"] == []  # resting in the default posture ends no episode there either
    assert figures["joints"] == list(UPPER_BODY_JOINTS)  # or a policy trained on Newton would move other joints here
    assert figures["moved"] > 0.01
