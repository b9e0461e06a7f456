"""A policy of random operations on images, after Cubuk et al. (2020), for whole mini-batches."""

import math

import torch
from torch import Tensor
from torch.nn import functional

OPERATIONS = (
    "identity", "shear_x", "shear_y", "translate_x", "translate_y", "rotate",
    "brightness", "contrast", "posterize", "solarize",
)  # fmt: skip
# The largest strengths of RandAugment (Cubuk et al., 2020); translation is a share of the side.
LARGEST = {"shear": 0.3, "translate": 0.45, "degrees": 30.0, "factor": 0.9, "bits": 4.0}


def rand_augmented(images: Tensor, operations: int, strength: float, generator: torch.Generator) -> Tensor:
    """Each image through some of `OPERATIONS`, drawn evenly and with replacement, at the strength given.

    Departures from the original: ten operations instead of fourteen (those that need histograms or filters are left
    out), signs drawn evenly, nearest neighbours, black where an image is moved away.

    Args:
        images: Bytes of shape (n, channels, height, width).
        operations: How many each image goes through.
        strength: s: shear 0.3 s, translation 0.45 s of the side, rotation 30 s degrees, brightness and contrast times
            1 +- 0.9 s, 4 s bits fewer, values above 255 (1 - s) inverted.
        generator: Of the draws, on the images' device.

    Returns:
        Bytes of the same shape.
    """
    device, n = images.device, len(images)
    for _ in range(operations):
        chosen = torch.randint(len(OPERATIONS), (n,), generator=generator, device=device)
        sign = torch.randint(2, (n,), generator=generator, device=device) * 2.0 - 1
        moved = _moved(images.float(), chosen, sign * strength)
        images = _coloured(moved, chosen, sign, strength).round().clamp(0, 255).to(torch.uint8)
    return images


def _moved(images: Tensor, chosen: Tensor, signed: Tensor) -> Tensor:
    def amount(operation: str, largest: float) -> Tensor:
        return torch.where(chosen == OPERATIONS.index(operation), signed * largest, 0.0)

    angle = amount("rotate", math.radians(LARGEST["degrees"]))
    ratio = images.shape[3] / images.shape[2]  # coordinates run from -1 to 1 along both sides
    rows = [
        torch.stack([
            angle.cos(),
            amount("shear_x", LARGEST["shear"]) - angle.sin() / ratio,
            amount("translate_x", 2 * LARGEST["translate"]),  # a side is 2 long here
        ]),
        torch.stack([
            amount("shear_y", LARGEST["shear"]) + angle.sin() * ratio,
            angle.cos(),
            amount("translate_y", 2 * LARGEST["translate"]),  # likewise
        ]),
    ]
    transform = torch.stack(rows).permute(2, 0, 1)
    grid = functional.affine_grid(transform, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="nearest", padding_mode="zeros", align_corners=False)


def _coloured(images: Tensor, chosen: Tensor, sign: Tensor, strength: float) -> Tensor:
    operation = chosen.view(-1, 1, 1, 1)
    factor = 1 + LARGEST["factor"] * strength * sign.view(-1, 1, 1, 1)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    step = 2.0 ** round(LARGEST["bits"] * strength)
    for name, changed in (
        ("brightness", images * factor),
        ("contrast", mean + (images - mean) * factor),
        ("posterize", (images / step).floor() * step),
        ("solarize", torch.where(images > 255 * (1 - strength), 255 - images, images)),
    ):
        # To pick images by a mask would make a GPU wait.
        images = torch.where(operation == OPERATIONS.index(name), changed, images)
    return images
