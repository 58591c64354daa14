#!/usr/bin/env python3
"""Train LeRobot's ACT on a LeRobot dataset for a time, and export it; runs in LeRobot's environment.

It needs nothing of this repository. The dataset's pictures are decoded into memory first: that time is not counted.
ACT is LeRobot's own with its own settings but for a larger step size, by which it learns sooner; its ResNet starts from
random weights. ``observation.environment_state``, which holds the sentence's embedding, is normalised as the rest is.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

import argparse
import json
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lerobot.configs.types import FeatureType, NormalizationMode, PolicyFeature
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from lerobot.datasets.video_utils import decode_video_frames
from lerobot.policies.act.configuration_act import ACTConfig
from lerobot.policies.act.modeling_act import ACTPolicy

STATE, SENTENCE, ACTION = "observation.state", "observation.environment_state", "action"
LOG_EVERY = 20
"""Updates between two numbers of the loss curve."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="LeRobot dataset with one camera")
    parser.add_argument("--cpu_s", type=float, required=True, help="time of the training, on one thread [s]")
    parser.add_argument("--chunk_size", type=int, required=True, help="actions predicted at once")
    parser.add_argument("--batch_size", type=int, required=True)
    parser.add_argument("--learning_rate", type=float, required=True)
    parser.add_argument("--dim_model", type=int, required=True, help="of ACT's transformer; LeRobot's is 512")
    parser.add_argument("--num_envs", type=int, required=True, help="environments that the exported policy acts in")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.pt", help="TorchScript to write")
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="file for the figures")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    dataset = LeRobotDataset("local/demos", root=args.dataset)
    data = load(dataset, args.chunk_size)
    policy = Act(dataset, args)
    figures = train(policy, data, args)
    export(policy, data, args)
    figures["versions"] = {name: version(name) for name in ("lerobot", "torch")}
    args.json.write_text(json.dumps(figures), encoding="utf-8")


class Act(torch.nn.Module):
    """LeRobot's policy with its normalisation: observations as they come, actions as they go.

    Args:
        dataset: What it is to learn; gives shapes and statistics.
        args: ``chunk_size``, ``dim_model`` and ``learning_rate``.
    """

    def __init__(self, dataset: LeRobotDataset, args: argparse.Namespace) -> None:
        super().__init__()
        (self.camera,) = dataset.meta.camera_keys
        shapes = {name: tuple(dataset.features[name]["shape"]) for name in (STATE, SENTENCE, ACTION, self.camera)}
        height, width, channels = shapes[self.camera]
        config = ACTConfig(
            input_features={
                STATE: PolicyFeature(FeatureType.STATE, shapes[STATE]),
                SENTENCE: PolicyFeature(FeatureType.ENV, shapes[SENTENCE]),
                self.camera: PolicyFeature(FeatureType.VISUAL, (channels, height, width)),
            },
            output_features={ACTION: PolicyFeature(FeatureType.ACTION, shapes[ACTION])},
            normalization_mapping=dict.fromkeys(("VISUAL", "STATE", "ENV", "ACTION"), NormalizationMode.MEAN_STD),
            chunk_size=args.chunk_size,
            n_action_steps=args.chunk_size,
            pretrained_backbone_weights=None,
            dim_model=args.dim_model,
            dim_feedforward=args.dim_model * 3200 // 512,
            optimizer_lr=args.learning_rate,
            optimizer_lr_backbone=args.learning_rate,
            device="cpu",
        )
        self.policy = ACTPolicy(config)
        stats: Any = dataset.meta.stats
        self.means = {name: torch.as_tensor(stats[name]["mean"], dtype=torch.float32) for name in shapes}
        self.stds = {name: torch.as_tensor(stats[name]["std"], dtype=torch.float32) + 1e-8 for name in shapes}

    def observations(
        self, state: torch.Tensor, sentence: torch.Tensor, images: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """What LeRobot's policy reads; ``images``: (B, H, W, 3) uint8."""
        pictures = images.permute(0, 3, 1, 2).float() / 255.0
        return {
            name: (value - self.means[name]) / self.stds[name]
            for name, value in ((STATE, state), (SENTENCE, sentence), (self.camera, pictures))
        }

    def loss(self, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, dict[str, float]]:
        """LeRobot's: L1 of the actions, and 10 times the divergence of its autoencoder."""
        observations = self.observations(batch[STATE], batch[SENTENCE], batch[self.camera])
        actions = (batch[ACTION] - self.means[ACTION]) / self.stds[ACTION]
        return self.policy.forward({**observations, ACTION: actions, "action_is_pad": batch["action_is_pad"]})

    def forward(self, state: torch.Tensor, sentence: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        """The next actions in [-1, 1], (B, chunk_size, A)."""
        chunk = self.policy.predict_action_chunk(self.observations(state, sentence, images))
        return (chunk * self.stds[ACTION] + self.means[ACTION]).clamp(-1.0, 1.0)


def load(dataset: LeRobotDataset, chunk_size: int) -> dict[str, torch.Tensor]:
    """All frames in memory, (N, ...) each, with the chunk of actions that begins at each."""
    columns = dataset.hf_dataset.with_format("numpy")
    data = {name: torch.from_numpy(np.stack(columns[name][:])) for name in (STATE, SENTENCE, ACTION)}
    (camera,) = dataset.meta.camera_keys
    images, indices, padding = [], [], []
    for row in dataset.meta.episodes:
        start, length = row["dataset_from_index"], row["length"]
        path = dataset.root / dataset.meta.get_video_file_path(row["episode_index"], camera)
        times = [row[f"videos/{camera}/from_timestamp"] + step / dataset.fps for step in range(length)]
        frames = decode_video_frames(path, times, 1e-4, "pyav", return_uint8=True)
        images.append(frames.view(length, *frames.shape[-3:]).permute(0, 2, 3, 1))
        steps = torch.arange(length).unsqueeze(1) + torch.arange(chunk_size)
        indices.append(start + steps.clamp(max=length - 1))
        padding.append(steps >= length)
    data[ACTION] = data[ACTION][torch.cat(indices)]
    return {**data, camera: torch.cat(images).contiguous(), "action_is_pad": torch.cat(padding)}


def train(policy: Act, data: dict[str, torch.Tensor], args: argparse.Namespace) -> dict[str, Any]:
    """Learn from shuffled batches until the time is over."""
    total = len(data[STATE])
    config = policy.policy.config
    settings = {"lr": config.optimizer_lr, "weight_decay": config.optimizer_weight_decay}
    optimizer = torch.optim.AdamW(policy.policy.get_optim_params(), **settings)
    policy.train()
    curve: list[float] = []
    losses: list[float] = []
    updates, rows, start = 0, torch.empty(0, dtype=torch.long), time.process_time()
    while (used := time.process_time() - start) < args.cpu_s:
        if len(rows) < args.batch_size:
            rows = torch.randperm(total)
        chosen, rows = rows[: args.batch_size], rows[args.batch_size :]
        with torch.autocast("cpu", torch.bfloat16):
            loss, parts = policy.loss({name: values[chosen] for name, values in data.items()})
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 10.0)
        optimizer.step()
        updates += 1
        losses.append(parts["l1_loss"])
        if len(losses) == LOG_EVERY:
            curve.append(round(sum(losses) / LOG_EVERY, 4))
            losses.clear()
            print(f"ACT: {updates} updates in {used:.0f} of {args.cpu_s:.0f} s, L1 {curve[-1]}", flush=True)
    return {
        "parameters": sum(value.numel() for value in policy.parameters()),
        "updates": updates,
        "epochs": round(updates * args.batch_size / total, 2),
        "samples_per_s": round(updates * args.batch_size / used, 1),
        "cpu_s": round(used, 1),
        "l1_curve": curve,
    }


@torch.no_grad()
def export(policy: Act, data: dict[str, torch.Tensor], args: argparse.Namespace) -> None:
    """Write TorchScript for a fixed number of environments: ACT's code turns the batch size into a constant."""
    policy.eval()
    rows = torch.arange(args.num_envs) % len(data[STATE])
    example = tuple(data[name][rows] for name in (STATE, SENTENCE, policy.camera))
    traced: Any = torch.jit.trace(policy, example)
    traced.save(str(args.out))


if __name__ == "__main__":
    main()
