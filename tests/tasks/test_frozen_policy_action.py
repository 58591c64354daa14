"""A high-level policy over a frozen one, on a toy: the low level bends the G1's elbows to where it is told."""

import argparse
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from isaaclab.app import launch_simulation
from isaaclab.envs import ManagerBasedRLEnvCfg
from isaaclab.envs import mdp as isaac_mdp
from isaaclab.managers import EventTermCfg, ObservationGroupCfg, ObservationTermCfg, SceneEntityCfg, TerminationTermCfg
from isaaclab.scene import InteractiveSceneCfg
from isaaclab.utils import configclass

from humanoid_vla.assets.g1 import G1_UPPER_BODY_CFG, UPPER_BODY_JOINTS
from humanoid_vla.policies.frozen import load_frozen_policy
from humanoid_vla.policies.squashed_gaussian import SquashedGaussianPolicy
from humanoid_vla.tasks.env import HumanoidEnv
from humanoid_vla.tasks.mdp.actions_cfg import FrozenPolicyActionCfg, NamedFrozenPolicyActionCfg
from humanoid_vla.tasks.physics import ArmPhysicsCfg
from humanoid_vla.tasks.reach.env_cfg import ActionsCfg, ObservationsCfg

ELBOWS = [UPPER_BODY_JOINTS.index(f"{side}_elbow_joint") for side in ("left", "right")]
PROPRIO_DIM = 4 * len(UPPER_BODY_JOINTS)
GAIN = 0.5
ACTOR = {
    "class_name": "humanoid_vla.policies.squashed_gaussian:SquashedGaussianPolicy",
    "hidden_dims": [],
    "obs_normalization": False,
    "distribution_cfg": None,  # as Isaac Lab's configuration has it
}


def elbow_policy() -> SquashedGaussianPolicy:
    """Actions of the elbows: tanh(GAIN * command); of all other joints: 0, their default position."""
    obs = {"proprio": torch.zeros(1, PROPRIO_DIM), "goal": torch.zeros(1, 2)}
    groups = {"actor": ["proprio", "goal"]}
    policy = SquashedGaussianPolicy(obs, groups, "actor", len(UPPER_BODY_JOINTS), (), obs_normalization=False)
    layer: Any = policy.mlp[0]
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    for entry, joint in enumerate(ELBOWS):
        layer.weight.data[joint, PROPRIO_DIM + entry] = GAIN
    return policy


@configclass
class SceneCfg(InteractiveSceneCfg):
    robot = G1_UPPER_BODY_CFG


@configclass
class ToyObservationsCfg:
    @configclass
    class PolicyCfg(ObservationGroupCfg):
        joint_pos = ObservationTermCfg(func=isaac_mdp.joint_pos_rel)

    policy: PolicyCfg = PolicyCfg()


@configclass
class GoalCfg(ObservationGroupCfg):
    goal = ObservationTermCfg(func=isaac_mdp.generated_commands, params={"command_name": "goal"})


@configclass
class ToyActionsCfg:
    elbows: FrozenPolicyActionCfg = FrozenPolicyActionCfg(
        asset_name="robot",
        actor=ACTOR,
        actions=ActionsCfg().joint_pos,
        observations={"proprio": ObservationsCfg.ProprioCfg(), "goal": GoalCfg()},
        command_name="goal",
        command_ranges=[(-1.0, 1.0), (0.0, 0.8)],
        decimation=2,
    )


@configclass
class ToyEventsCfg:
    robot_pose = EventTermCfg(
        func=isaac_mdp.reset_joints_by_offset,
        mode="reset",
        params={"position_range": (0.0, 0.0), "velocity_range": (0.0, 0.0), "asset_cfg": SceneEntityCfg("robot")},
    )


@configclass
class ToyTerminationsCfg:
    time_out = TerminationTermCfg(func=isaac_mdp.time_out, time_out=True)


@configclass
class ToyRewardsCfg:
    pass


@configclass
class ToyEnvCfg(ManagerBasedRLEnvCfg):
    """Six physics steps a high-level step, two a low-level step."""

    scene: SceneCfg = SceneCfg(num_envs=3, env_spacing=3.0)
    observations: ToyObservationsCfg = ToyObservationsCfg()
    actions: ToyActionsCfg = ToyActionsCfg()
    events: ToyEventsCfg = ToyEventsCfg()
    rewards: ToyRewardsCfg = ToyRewardsCfg()
    terminations: ToyTerminationsCfg = ToyTerminationsCfg()

    def __post_init__(self) -> None:
        self.decimation = 6
        self.episode_length_s = 20.0
        self.video_recorders = []
        self.sim.dt = 1.0 / 60.0
        self.sim.physics = ArmPhysicsCfg().default
        self.sim.device = "cpu"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("low_level") / "model_0.pt"
    torch.save({"algorithm": "SAC", "actor_state_dict": elbow_policy().state_dict(), "iter": 0, "infos": None}, path)
    return path


@pytest.fixture(scope="module")
def toy(checkpoint: Path) -> Iterator[Any]:
    cfg = ToyEnvCfg()
    cfg.actions.elbows.checkpoint = str(checkpoint)
    with launch_simulation(cfg, argparse.Namespace()):
        env = HumanoidEnv(cfg)
        try:
            yield env
        finally:
            env.close()


@pytest.fixture
def term(toy: Any) -> Any:
    toy.reset()
    return toy.action_manager.get_term("elbows")


def test_actions_are_commands_in_their_range(toy: Any, term: Any) -> None:
    assert toy.single_action_space.shape == (2,)
    term.process_actions(torch.tensor([[-1.0, -1.0], [0.5, 0.5], [7.0, float("nan")]]))
    torch.testing.assert_close(term.processed_actions, torch.tensor([[-1.0, 0.0], [0.5, 0.6], [1.0, 0.4]]))


def test_the_low_level_follows_the_command(toy: Any, term: Any) -> None:
    actions = torch.tensor([[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]])
    for _ in range(20):
        toy.step(actions)
    commands = torch.tensor([[-1.0, 0.0], [0.0, 0.4], [1.0, 0.8]])
    expected = torch.zeros(3, len(UPPER_BODY_JOINTS))
    expected[:, ELBOWS] = (GAIN * commands).tanh()
    torch.testing.assert_close(term.low_level_actions, expected)
    robot = toy.scene["robot"]
    ids = [robot.joint_names.index(UPPER_BODY_JOINTS[joint]) for joint in ELBOWS]
    moved = (robot.data.joint_pos.torch - robot.data.default_joint_pos.torch)[:, ids]
    torch.testing.assert_close(moved, 1.2 * expected[:, ELBOWS], atol=0.1, rtol=0)  # it sags a little under its weight


def test_the_low_level_acts_at_its_own_rate(toy: Any, term: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.Tensor] = []
    policy = term._policy
    monkeypatch.setattr(term, "_policy", lambda obs: (seen.append(obs["goal"].clone()), policy(obs))[1])
    for number in range(2):
        toy.step(torch.full((3, 2), float(number)))
    assert len(seen) == 2 * 3  # three low-level steps of two physics steps each
    for number in range(2):  # the command is held between
        for goal in seen[3 * number : 3 * number + 3]:
            torch.testing.assert_close(goal, torch.tensor([[float(number), 0.4 + 0.4 * number]] * 3))
    assert term._low_level_steps.tolist() == [6] * 3  # what its terms take for the length of the episode
    term.reset(torch.tensor([1]))
    assert term._low_level_steps.tolist() == [6, 0, 6]
    assert term.low_level._max_step == pytest.approx(1.2 * 2 / 60)  # rad: its speed limit means its own step


def test_the_low_level_observes_what_it_was_trained_on(toy: Any, term: Any) -> None:
    toy.step(torch.tensor([[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]]))
    proprio = term._observations.compute_group("proprio")
    assert proprio.shape == (3, PROPRIO_DIM)
    torch.testing.assert_close(proprio[:, 3 * 17 :], term.low_level_actions)  # its own last action
    default = toy.scene["robot"].data.default_joint_pos.torch[:, term.low_level._joint_ids]
    torch.testing.assert_close(proprio[:, 2 * 17 : 3 * 17], term.low_level.processed_actions - default)


def test_a_reset_forgets_in_its_environments_only(toy: Any, term: Any) -> None:
    toy.step(torch.ones(3, 2))
    before = term.low_level_actions.clone()
    assert before[:, ELBOWS].min() > 0.1
    toy.action_manager.reset(torch.tensor([1]))
    assert not term.low_level_actions[1].any()
    assert torch.equal(term.low_level_actions[[0, 2]], before[[0, 2]])
    torch.testing.assert_close(term.processed_actions, torch.tensor([[1.0, 0.8], [0.0, 0.4], [1.0, 0.8]]))
    assert not term.raw_actions[1].any()


def test_named_commands(toy: Any, term: Any, checkpoint: Path) -> None:
    cfg = NamedFrozenPolicyActionCfg(
        **{
            **{
                name: getattr(term.cfg, name)
                for name in ("asset_name", "actor", "actions", "observations", "command_name")
            },
            "checkpoint": str(checkpoint),
            "decimation": 2,
            "commands": {"stop": (0.0, 0.0), "bend_left": (1.0, 0.0), "bend_both": (1.0, 0.5)},
        }
    )
    named = cfg.class_type(cfg, toy)  # type: ignore
    assert named.action_dim == 3
    assert named.processed_actions.tolist() == [[0.0, 0.0]] * 3
    named.process_actions(torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [float("nan")] * 3]))
    assert named.processed_actions.tolist() == [[1.0, 0.0], [1.0, 0.5], [0.0, 0.0]]
    named.apply_actions()
    torch.testing.assert_close(named.low_level_actions[0, ELBOWS[0]], torch.tensor(GAIN).tanh())
    named.reset(torch.tensor([0]))
    assert named.processed_actions.tolist() == [[0.0, 0.0], [1.0, 0.5], [0.0, 0.0]]


def test_rates_that_do_not_fit_are_refused(toy: Any, term: Any) -> None:
    cfg = term.cfg.copy()
    cfg.decimation = 4
    with pytest.raises(
        ValueError, match=r"environment's decimation \(6\) is no multiple of the low-level policy's \(4\)"
    ):
        type(term)(cfg, toy)


def load(path: Path, **changes: Any) -> torch.nn.Module:
    obs = {"proprio": torch.zeros(1, PROPRIO_DIM), "goal": torch.zeros(1, 2)}
    return load_frozen_policy(path, ACTOR | changes, obs, len(UPPER_BODY_JOINTS))


def test_a_loaded_policy_is_frozen(checkpoint: Path) -> None:
    policy = load(checkpoint)
    assert not policy.training
    assert not any(parameter.requires_grad for parameter in policy.parameters())
    obs = {"proprio": torch.randn(5, PROPRIO_DIM), "goal": torch.randn(5, 2)}
    assert torch.equal(policy(obs), elbow_policy()(obs))


def test_foreign_files_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        load(tmp_path / "missing.pt")
    with pytest.raises(ValueError, match=r"holds another policy.*mlp\.0\.weight"):
        load(checkpoint, hidden_dims=[8])
    broken = tmp_path / "broken.pt"
    for content in (b"", b"no checkpoint", checkpoint.read_bytes()[:-200]):
        broken.write_bytes(content)
        with pytest.raises(ValueError, match=r"broken\.pt is not a checkpoint"):
            load(broken)
    torch.save({"weights": 1}, broken)
    with pytest.raises(ValueError, match=r"broken\.pt is not a checkpoint"):
        load(broken)


class _Intruder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_a_file_that_runs_code_is_refused(tmp_path: Path) -> None:
    trace, path = tmp_path / "trace", tmp_path / "model.pt"
    for save in (torch.save, lambda value, file: Path(file).write_bytes(pickle.dumps(value))):
        save({"actor_state_dict": _Intruder(trace)}, path)
        with pytest.raises(ValueError, match="holds code"):
            load(path)
    assert not trace.exists()
