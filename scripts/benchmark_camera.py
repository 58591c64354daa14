"""Pictures a second of a task with a camera, and a contact sheet of what the camera sees."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import InputError, check_task_arguments, load_configs

CAMERA = "head_camera"
WARM_UP_STEPS = 10
SHEET_ROWS, SHEET_COLUMNS, SHEET_SCALE = 4, 8, 3


def run_camera(args: argparse.Namespace) -> dict[str, Any]:
    """Time a full step with random actions, its physics alone and one picture of every environment, in turns.

    The minimum over ``args.rounds`` rounds counts for physics and pictures; for the full step, whose cost changes with
    the episodes that end in it, the fastest round's mean.
    """
    args.agent, args.device, args.seed = "sac", None, 0
    entry_point = check_task_arguments(args)
    for name in ("rounds", "steps"):
        if getattr(args, name) < 1:
            raise InputError(f"--{name} is {getattr(args, name)}; it must be at least 1")
    if args.sheet is not None and not args.sheet.resolve().parent.is_dir():
        raise InputError(f"cannot write '{args.sheet}': its folder does not exist; make it first")
    if args.sheet is not None and args.num_envs < SHEET_COLUMNS:
        raise InputError(f"--num_envs is {args.num_envs}; a contact sheet needs at least {SHEET_COLUMNS} pictures")
    env_cfg, _ = load_configs(args, entry_point, args.overrides)
    if not hasattr(env_cfg.scene, CAMERA):
        raise InputError(f"task {args.task} has no {CAMERA}; take one with '-Camera' in its name")

    import torch
    from tqdm import tqdm

    from simulation import make_env

    with make_env(args.task, env_cfg) as env, torch.inference_mode():
        base = env.unwrapped
        camera = base.scene[CAMERA]

        def step() -> None:
            env.step(2.0 * torch.rand(env.num_envs, env.num_actions, device=env.device) - 1.0)

        def physics() -> None:
            for _ in range(base.cfg.decimation):
                base.sim.step(render=False)

        def picture() -> None:
            camera.update(0.0, force_recompute=True)

        for _ in range(WARM_UP_STEPS):
            step()
        best = {"step": float("inf"), "physics": float("inf"), "picture": float("inf")}
        for _ in tqdm(range(args.rounds), desc="rounds", dynamic_ncols=True):
            best["step"] = min(best["step"], _mean_time(step, args.steps))
            best["physics"] = min(best["physics"], _shortest_time(physics, 3))
            best["picture"] = min(best["picture"], _shortest_time(picture, 3))
        if args.sheet is not None:
            _write_sheet(camera.data.output["rgb"].torch, args.sheet)
        figures = {
            "task": args.task,
            "num_envs": env.num_envs,
            "size": list(camera.image_shape),
            "images_per_s": round(env.num_envs / best["step"], 1),
            "step_ms": round(1000 * best["step"], 2),
            "physics_ms": round(1000 * best["physics"], 2),
            "render_ms": round(1000 * best["picture"], 2),
        }
    for name, value in figures.items():
        print(f"{name:14} {value}")
    return figures


def _mean_time(work: Callable[[], None], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times


def _shortest_time(work: Callable[[], None], times: int) -> float:
    return min(_mean_time(work, 1) for _ in range(times))


def _write_sheet(pictures: Any, path: Path) -> None:
    """Write up to 4 x 8 pictures (N, H, W, 3), enlarged without smoothing."""
    import torch
    from PIL import Image

    pictures = pictures[: SHEET_ROWS * SHEET_COLUMNS].cpu()
    tiles = pictures.repeat_interleave(SHEET_SCALE, 1).repeat_interleave(SHEET_SCALE, 2)
    tiles = torch.nn.functional.pad(tiles, (0, 0, 2, 2, 2, 2), value=255)
    rows = [torch.cat(tuple(row), dim=1) for row in tiles.split(SHEET_COLUMNS) if len(row) == SHEET_COLUMNS]
    temporary = path.with_name(f".{path.name}.part")
    Image.fromarray(torch.cat(rows).numpy()).save(temporary, format="PNG")
    temporary.replace(path)
