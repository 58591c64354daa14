"""How well embeddings tell the goals of an instruction set apart."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from common import InputError
from humanoid_vla.language.embeddings import embed
from humanoid_vla.language.encoder import EMBEDDING_DIM, EncoderError
from humanoid_vla.language.instructions import InstructionSet
from humanoid_vla.language.reach import REACH_INSTRUCTIONS
from humanoid_vla.language.read_out import fit_read_out, read_goals


def run_language(args: argparse.Namespace) -> dict[str, Any]:
    """Print and return the figures of Reach's instructions; ``args.encoder`` is the encoder's folder or None."""
    try:
        seen = embed_goals(REACH_INSTRUCTIONS.seen, args.encoder)
        held_out = embed_goals(REACH_INSTRUCTIONS.held_out, args.encoder)
    except (EncoderError, OSError) as error:
        raise InputError(str(error)) from None
    figures = measure(REACH_INSTRUCTIONS, seen, held_out)
    print_figures(figures)
    return figures


def embed_goals(phrasings: tuple[tuple[str, ...], ...], encoder: Path | None) -> torch.Tensor:
    """Embeddings of all phrasings, shape (goals, phrasings, 384)."""
    sentences = [sentence for goal in phrasings for sentence in goal]
    return embed(sentences, encoder).view(len(phrasings), -1, EMBEDDING_DIM)


def measure(instructions: InstructionSet, seen: torch.Tensor, held_out: torch.Tensor) -> dict[str, Any]:
    """All figures, see the functions below.

    Args:
        instructions: For its goals' names.
        seen: Embeddings, shape (goals, phrasings, D).
        held_out: Likewise, with a number of phrasings of its own.
    """
    confusion = confusion_of_centroids(seen, held_out)
    sets = {"all": torch.cat([seen, held_out], dim=1), "seen": seen, "held_out": held_out}
    return {
        "goals": list(instructions.goals),
        "phrasings": {name: table.shape[1] for name, table in sets.items()},
        "closer_to_own_goal": {name: closer_to_own_goal(table).mean().item() for name, table in sets.items()},
        "least_of_two_goals": {name: closer_to_own_goal(table).min().item() for name, table in sets.items()},
        "strict": {name: every_pair_closer(table) for name, table in sets.items()},
        "confusion": confusion.tolist(),
        "nearest_centroid": confusion.trace().item() / confusion.sum().item(),
        "linear_read_out": linear_read_out(seen, held_out),
    }


def closer_to_own_goal(table: torch.Tensor) -> torch.Tensor:
    """Share of a goal's phrasings that are closer to it than to another goal, shape (G, G - 1): for each other goal.

    How close it is to a goal is its mean cosine similarity to the goal's phrasings, itself left out.

    Args:
        table: Embeddings of unit length, shape (goals, phrasings, D), at least two of each.
    """
    goals, phrasings, _ = table.shape
    similarity = similarities(table)
    own_mean = own_similarities(similarity).sum(dim=-1) / (phrasings - 1)  # (G, P)
    other_mean = similarity.mean(dim=-1)  # (G, G, P): goal of the phrasing, the other goal, phrasing
    closer = own_mean[:, None, :] > other_mean
    return closer.float().mean(dim=-1)[~torch.eye(goals, dtype=torch.bool)].view(goals, goals - 1)


def every_pair_closer(table: torch.Tensor) -> float:
    """Share of all (phrasing, another of its goal, any of another goal) in which the first two are closer."""
    goals, phrasings, _ = table.shape
    similarity = similarities(table)
    own = own_similarities(similarity)
    wins = 0
    for goal in range(goals):
        other = similarity[goal][torch.arange(goals) != goal].transpose(0, 1).reshape(phrasings, -1).sort(dim=-1).values
        # searchsorted: how many similarities to other goals lie below each similarity to the own goal
        below = torch.searchsorted(other, own[goal].contiguous())
        wins += (below.sum() - below.diagonal().sum()).item()
    return wins / (goals * phrasings * (phrasings - 1) * (goals - 1) * phrasings)


def similarities(table: torch.Tensor) -> torch.Tensor:
    """Cosine similarities of all pairs, shape (G, G, P, P): two goals, then a phrasing of each."""
    return torch.einsum("gpd,hqd->ghpq", table, table)


def own_similarities(similarity: torch.Tensor) -> torch.Tensor:
    """Those within each goal, shape (G, P, P), with 0 for a phrasing to itself."""
    own = similarity.diagonal(dim1=0, dim2=1).permute(2, 0, 1).clone()
    own.diagonal(dim1=1, dim2=2).zero_()
    return own


def confusion_of_centroids(seen: torch.Tensor, held_out: torch.Tensor) -> torch.Tensor:
    """Counts (G, G): goal of a held-out phrasing, goal whose seen phrasings have the nearest mean (by cosine)."""
    goals = len(held_out)
    centroids = torch.nn.functional.normalize(seen.mean(dim=1), dim=-1)
    nearest = (held_out @ centroids.T).argmax(dim=-1)  # (G, P)
    cells = torch.arange(goals)[:, None] * goals + nearest
    return cells.flatten().bincount(minlength=goals * goals).view(goals, goals)


def linear_read_out(seen: torch.Tensor, held_out: torch.Tensor) -> float:
    """Share of held-out phrasings whose goal a linear function of the embedding finds, fitted to the seen ones.

    It is what a network can at least hear in a sentence.
    """
    goals = torch.arange(len(seen))
    weights = fit_read_out(seen.flatten(0, 1), goals.repeat_interleave(seen.shape[1]))
    return (read_goals(weights, held_out) == goals[:, None]).float().mean().item()


def print_figures(figures: dict[str, Any]) -> None:
    """The figures as tables."""
    print(
        f"{'phrasings':10} {'of a goal':>10} {'closer to own goal':>20} {'least of two goals':>20} {'every pair':>12}"
    )
    for name, count in figures["phrasings"].items():
        shares = (figures[key][name] for key in ("closer_to_own_goal", "least_of_two_goals", "strict"))
        print(f"{name:10} {count:>10} {next(shares):>20.3f} {next(shares):>20.3f} {next(shares):>12.3f}")
    goals = figures["goals"]
    width = max(map(len, goals)) + 1
    print("\nnearest centroid of the seen phrasings, for held-out phrasings of")
    print(" " * width + "".join(f"{goal:>{width}}" for goal in goals))
    for goal, row in zip(goals, figures["confusion"], strict=True):
        print(f"{goal:{width}}" + "".join(f"{count:>{width}}" for count in row))
    print(f"\nheld-out phrasings told by the nearest centroid: {figures['nearest_centroid']:.3f}")
    print(f"held-out phrasings told by a linear read-out:    {figures['linear_read_out']:.3f}")
