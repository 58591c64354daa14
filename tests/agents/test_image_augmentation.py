"""Shifted pictures in other light."""

import torch

from humanoid_vla.agents.image_augmentation import augment_images, jitter_colors, random_shift


def test_a_shift_moves_the_whole_picture_and_repeats_its_border() -> None:
    image = torch.arange(36, dtype=torch.uint8).view(1, 6, 6, 1)
    padded = torch.nn.functional.pad(image.permute(0, 3, 1, 2).float(), (1, 1, 1, 1), mode="replicate")[0, 0]
    crops = {tuple(padded[y : y + 6, x : x + 6].flatten().tolist()) for y in range(3) for x in range(3)}
    shifted = random_shift(image.expand(400, 6, 6, 1), pixels=1)
    assert {tuple(picture.flatten().tolist()) for picture in shifted} == crops
    assert shifted.dtype == torch.uint8


def test_colours_are_scaled_as_a_whole_and_one_by_one() -> None:
    images = torch.full((2000, 2, 2, 3), 100, dtype=torch.uint8)
    changed = jitter_colors(images, brightness=0.2, tint=0.1)
    assert (changed == changed[:, :1, :1]).all()  # all pixels of a picture alike
    colors = changed[:, 0, 0].float()
    assert 88 - 16 <= colors.min() < 80  # 100 * 0.8 * 0.9 = 72 at least
    assert 120 < colors.max() <= 132
    assert (colors[:, 0] != colors[:, 1]).any()
    assert (jitter_colors(torch.full((50, 1, 1, 3), 250, dtype=torch.uint8)) >= 180).all()  # bright stays bright


def test_vectors_stay_as_they_are() -> None:
    obs = {"camera": torch.randint(0, 256, (3, 8, 8, 3), dtype=torch.uint8), "joints": torch.randn(3, 2)}
    changed = augment_images(obs)
    assert changed["joints"] is obs["joints"]
    assert changed["camera"].shape == obs["camera"].shape
    assert not torch.equal(changed["camera"], obs["camera"])
