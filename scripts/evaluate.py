#!/usr/bin/env python3
"""Count how often a trained policy succeeds, and why its other episodes ended.

A policy that follows instructions is tested three times: with the wordings it learned from, with wordings held out, and
told to touch another object than the one that counts. With ``--ablation`` it is tested once, without its eyes or ears.
With ``--bundle`` it is what was exported that acts, in the same episodes.

Everything after the known options goes to Isaac Lab, for instance ``physics=ovphysx``.
"""

from __future__ import annotations

from typing import Any

from ablations import GROUPS, AblatedPolicy, check_ablation
from bundle_policy import BundlePolicy, read_bundle
from common import (
    InputError,
    Parser,
    add_checkpoint_argument,
    add_task_arguments,
    check_json_argument,
    check_task_arguments,
    find_checkpoint,
    load_configs,
    run_main,
    write_json,
)
from listening import Listening, prepare_sentences, read_sentences
from tracking import Tracking, tracking_line


def main() -> None:
    parser = Parser(__doc__)
    add_task_arguments(parser)
    add_checkpoint_argument(parser)
    parser.add_argument("--bundle", metavar="DIR", help="evaluate this bundle in place of a checkpoint")
    parser.add_argument("--episodes", type=int, default=512, help="episodes to run (default: 512)")
    parser.add_argument("--instructions", metavar="FILE", help="YAML of goal names and sentences: tell only these")
    parser.add_argument(
        "--ablation",
        choices=list(GROUPS),
        help="let the policy see a black image, no sentence, or the sentence of another environment; judged as always",
    )
    parser.add_argument("--json", metavar="FILE", help="file for the figures")
    args, overrides = parser.parse_known_args()
    bundle: Any = read_bundle(args) if args.bundle else None
    entry_point = check_task_arguments(args)
    if args.episodes < 1:
        raise InputError(f"--episodes is {args.episodes}; it must be at least 1")
    check_json_argument(args.json)
    sentences = read_sentences(args.task, args.instructions) if args.instructions else None
    if args.num_envs is None:
        args.num_envs = min(args.episodes, 128)
    checkpoint = None if bundle else find_checkpoint(args, entry_point)
    env_cfg, agent_cfg = load_configs(args, entry_point, overrides)
    if args.ablation:
        check_ablation(args.ablation, args, agent_cfg, env_cfg.scene.num_envs)
    prepare_sentences(args.task)

    from humanoid_vla.tasks.mdp.instructions import Instructions, language_command
    from simulation import load_policy, make_env

    with make_env(args.task, env_cfg) as env:
        policy = BundlePolicy(bundle, env) if checkpoint is None else load_policy(env, agent_cfg, checkpoint)
        env.unwrapped.seed(agent_cfg.seed)  # the same episodes, however many numbers were drawn to make the policy
        command: Any = language_command(env.unwrapped)
        if sentences is not None:
            command.instructions = Instructions(sentences, env.unwrapped.device)
        if args.ablation:
            figures = evaluate(env, AblatedPolicy(policy, args.ablation), args.episodes)
            figures = {"ablation": args.ablation, f"{args.ablation}_success_rate": figures["success_rate"], **figures}
        elif command is None or sentences is not None:
            figures = evaluate(env, policy, args.episodes)
        elif hasattr(command, "told_object_index"):
            figures = evaluate_listening(env, policy, args.episodes, command)
        else:
            figures = evaluate_following(env, policy, args.episodes, command)
        figures |= filter_figures(env)
    source = {"checkpoint": str(checkpoint)} if checkpoint is not None else {"bundle": args.bundle}
    figures = {"task": args.task, **source, "seed": agent_cfg.seed, **figures}
    print_figures(figures)
    if args.json:
        write_json(args.json, figures)


def evaluate_listening(env: Any, policy: Any, episodes: int, command: Any) -> dict[str, Any]:
    """Evaluate three times: as trained, told to touch another object than the one judged, and with held-out wordings.

    Returns:
        What :func:`evaluate` does, and ``wrong_object_rate``; ``held_out_success_rate``, with its sentences in
        ``by_instruction`` too; ``swap_success_rate``, successes with the object that was not named, and
        ``swap_told_rate``, episodes that end with the named hand at the object that was.
    """
    from humanoid_vla.tasks.mdp.instructions import Instructions

    figures = evaluate(env, policy, episodes)
    wrong = (rate for name, rate in figures["terminations"].items() if name.startswith("wrong_"))
    figures["wrong_object_rate"] = sum(wrong)
    command.swapped = True
    swapped = evaluate(env, policy, episodes)
    command.swapped = False
    command.instructions = Instructions(command.instruction_set.held_out, env.unwrapped.device)
    held_out = evaluate(env, policy, episodes)
    figures["by_instruction"] |= held_out["by_instruction"]
    figures["held_out_success_rate"] = held_out["success_rate"]
    figures["swap_success_rate"], figures["swap_told_rate"] = swapped["success_rate"], swapped["told_rate"]
    return figures


def evaluate_following(env: Any, policy: Any, episodes: int, command: Any) -> dict[str, Any]:
    """Evaluate a policy that is told how to move: as trained, told otherwise than it is judged, and held-out wordings.

    Returns:
        What :func:`evaluate` does, and ``swap_tracking`` and ``held_out_tracking``, its ``tracking`` in the others.
    """
    from humanoid_vla.tasks.mdp.instructions import Instructions

    figures = evaluate(env, policy, episodes)
    command.swapped = True
    figures["swap_tracking"] = evaluate(env, policy, episodes)["tracking"]
    command.swapped = False
    command.instructions = Instructions(command.instruction_set.held_out, env.unwrapped.device)
    figures["held_out_tracking"] = evaluate(env, policy, episodes)["tracking"]
    return figures


def filter_figures(env: Any) -> dict[str, Any]:
    """``filter``, what the action filter did in all episodes, by action term; nothing where no term is filtered."""
    manager = env.unwrapped.action_manager
    filters = {name: getattr(manager.get_term(name), "safety", None) for name in manager.active_terms}
    counted = {name: safety.counters.figures() for name, safety in filters.items() if safety is not None}
    return {"filter": counted} if counted else {}


def print_figures(figures: dict[str, Any]) -> None:
    """The figures, a line each."""
    print(f"success rate  {figures['success_rate']:.3f} ({figures['episodes']} episodes, seed {figures['seed']})")
    for name, title in (("tracking", "tracking"), ("held_out_tracking", "held out"), ("swap_tracking", "swapped")):
        if name in figures:
            print(f"{title:13} {tracking_line(figures[name])}, as shares of the best")
    if "ablation" in figures:
        print(f"ablation      {figures['ablation']}")
    if "held_out_success_rate" in figures:
        print(f"held out      {figures['held_out_success_rate']:.3f} with wordings that training never used")
        print(
            f"swapped       {figures['swap_success_rate']:.3f} success when told of another object, which it touches in"
            f" {figures['swap_told_rate']:.3f}"
        )
    for number, (goal, rate) in enumerate(figures.get("by_goal", {}).items()):
        print(f"{'' if number else 'by goal':13} {rate:.3f} {goal}")
    print(f"mean return   {figures['mean_return']:.2f}, mean length {figures['mean_length']:.0f} steps")
    if figures["costs"]:
        print("mean costs    " + ", ".join(f"{name} {cost:.3f}" for name, cost in figures["costs"].items()))
    for term, counters in figures.get("filter", {}).items():
        shares = ", ".join(
            f"{name} {counters[name]:.4f}" for name in ("change_rms", "rate", "range", "collision", "slowed")
        )
        print(f"filter        {term}: {shares}")
    print("ended by      " + ", ".join(f"{name} {rate:.3f}" for name, rate in figures["terminations"].items() if rate))


def evaluate(env: Any, policy: Any, episodes: int) -> dict[str, Any]:
    """Run the first ``episodes`` episodes, equally many from each environment but for the remainder.

    Counting the episodes that *finish* first would favour short ones, so each environment has its quota.

    Returns:
        ``episodes``, ``success_rate``, ``mean_return``, ``mean_length``, ``terminations`` (rate per term) and ``costs``
        (per term, the mean over episodes of their sum; none without the observation group ``cost``); where a velocity
        is to be followed ``tracking``, see :class:`.tracking.Tracking`; where objects are named in sentences also
        ``by_goal`` and ``by_instruction``, the success rate of each goal and sentence, and ``told_rate``, episodes that
        end with the named hand at the named object.
    """
    import torch
    from tqdm import tqdm

    from humanoid_vla.agents.constraints import step_costs
    from humanoid_vla.demos.recording import succeeded
    from humanoid_vla.tasks.mdp.instructions import language_command

    terms = env.unwrapped.termination_manager
    num_envs, device = env.num_envs, env.unwrapped.device
    left = torch.full((num_envs,), episodes // num_envs, device=device)
    left[: episodes % num_envs] += 1
    returns, lengths = torch.zeros(num_envs, device=device), torch.zeros(num_envs, device=device)
    cost_names = env.unwrapped.cost_names
    costs, cost_sums = (torch.zeros(number, len(cost_names), device=device) for number in (num_envs, 1))
    sums = {"return": 0.0, "length": 0.0}
    counts = dict.fromkeys(terms.active_terms, 0)
    command = language_command(env.unwrapped)
    listening = Listening(env, command) if hasattr(command, "told_object_index") else None
    tracking = Tracking(env, command)
    successes = 0
    bar = tqdm(total=episodes, unit="ep", desc="evaluate", dynamic_ncols=True)
    with torch.inference_mode():
        env.reset()
        obs = env.get_observations()
        while left.any():
            if listening is not None:
                listening.before_step()
            tracking.before_step()
            obs, rewards, dones, extras = env.step(policy(obs))
            tracking.after_step(left > 0)
            returns += rewards
            if cost_names:
                costs += step_costs(obs, dones, extras)
            lengths += 1
            policy.reset(dones)
            counted = (dones > 0) & (left > 0)
            if counted.any():
                sums["return"] += returns[counted].sum().item()
                sums["length"] += lengths[counted].sum().item()
                cost_sums += costs[counted].sum(dim=0)
                for name in counts:
                    counts[name] += int(terms.get_term(name)[counted].sum())
                if "success" in counts:
                    success = succeeded(env.unwrapped)
                    successes += int(success[counted].sum())
                    if listening is not None:
                        listening.after_step(counted, success)
                left -= counted.long()
                bar.update(int(counted.sum()))
            returns[dones > 0] = 0.0
            lengths[dones > 0] = 0.0
            costs[dones > 0] = 0.0
    bar.close()
    figures = {
        "episodes": episodes,
        "success_rate": successes / episodes,
        "mean_return": sums["return"] / episodes,
        "mean_length": sums["length"] / episodes,
        "terminations": {name: count / episodes for name, count in counts.items()},
        "costs": dict(zip(cost_names, (cost_sums[0] / episodes).tolist(), strict=True)),
    }
    figures |= tracking.figures()
    if listening is not None:
        figures |= {"by_goal": listening.by_goal(), "by_instruction": listening.by_instruction()}
        figures["told_rate"] = listening.told_touched / episodes
    return figures


if __name__ == "__main__":
    run_main(main)
