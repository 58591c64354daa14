"""A bundle in the place of a checkpoint's policy, for the scripts that run one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import InputError

if TYPE_CHECKING:
    import torch

    from humanoid_vla.runtime.bundle import Bundle


class BundlePolicy:
    """Acts as the policy that a bundle was made of, through ONNX Runtime.

    Args:
        bundle: The bundle.
        env: The environment in RSL-RL's wrapper.

    Raises:
        InputError: If the bundle is of another task or robot; says what differs.
    """

    def __init__(self, bundle: Bundle, env: Any) -> None:
        from humanoid_vla.export.comparison import check_bundle
        from humanoid_vla.export.graph import ExportError
        from humanoid_vla.policies.chunking import TemporalEnsemble
        from humanoid_vla.runtime.engine import EngineError, make_engine
        from humanoid_vla.runtime.policy import PolicyRunner
        from humanoid_vla.tasks.mdp.figures import term_figures

        try:
            check_bundle(bundle, env.unwrapped, term_figures)
            self.runner = PolicyRunner(bundle, make_engine(bundle), env.num_envs)
        except (ExportError, EngineError) as error:
            raise InputError(f"cannot use the bundle '{bundle.path}': {error}") from None
        self.obs_groups = [group.name for group in bundle.inputs]
        self.average = TemporalEnsemble(bundle.chunk_size, env.num_actions) if bundle.chunk_size > 1 else None

    def __call__(self, obs: Any) -> torch.Tensor:
        """Actions, (num_envs, num_actions), on the observations' device."""
        import torch

        found, _ = self.runner.step({group: obs[group].cpu().numpy() for group in self.obs_groups})
        actions = torch.from_numpy(found).to(obs[self.obs_groups[0]].device)
        return actions if self.average is None else self.average(actions)

    def reset(self, dones: torch.Tensor) -> None:
        """Forget the episodes that ended, where `dones` is set, (num_envs,)."""
        self.runner.reset(dones.cpu().numpy())
        if self.average is not None:
            self.average.reset(dones)


def read_bundle(args: Any) -> Bundle:
    """The bundle that ``--bundle`` names; its agent becomes ``--agent``.

    Raises:
        InputError: It cannot be used, or is of another task, or a checkpoint or another agent is named beside it.
    """
    from humanoid_vla.runtime.bundle import BundleError, load_bundle

    if args.checkpoint != "latest":
        raise InputError("--checkpoint and --bundle name two policies; give one of them")
    try:
        bundle = load_bundle(Path(args.bundle))
    except BundleError as error:
        raise InputError(str(error)) from None
    if bundle.task != args.task:
        raise InputError(f"the bundle '{args.bundle}' is of {bundle.task}, but --task is {args.task}")
    if args.agent not in ("sac", bundle.agent):
        raise InputError(f"the bundle '{args.bundle}' is of agent '{bundle.agent}', but --agent is '{args.agent}'")
    args.agent = bundle.agent
    return bundle
