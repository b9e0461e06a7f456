"""Crops, flips and mixup of whole mini-batches on their device."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.training.recipe.augmentation_settings import Augmentation, Mixup, RandAugment


@dataclass(frozen=True)
class Batch:
    """A mini-batch as the network gets it.

    Attributes:
        inputs: Normalised, shape (n, ...).
        targets: Shape (n, ...).
        partners: Targets of what each input was mixed with; None without mixing.
        share: Of the targets; the partners have the rest.
    """

    inputs: Tensor
    targets: Tensor
    partners: Tensor | None = None
    share: float = 1.0


def random_crop(images: Tensor, padding: int, generator: torch.Generator) -> Tensor:
    """A window of each image's own size, at a place drawn evenly from those that the border allows.

    Args:
        images: Shape (n, channels, height, width).
        padding: p: width of the border of zeros; each of the (2p + 1)^2 windows is as likely as the others.
        generator: Of the draws, on the images' device.

    Returns:
        Images of the same shape and type.
    """
    n, channels, height, width = images.shape
    padded = functional.pad(images, (padding,) * 4)
    device = images.device
    top, left = torch.randint(2 * padding + 1, (2, n, 1), generator=generator, device=device)
    rows = (top + torch.arange(height, device=device)).view(n, 1, height, 1)
    columns = (left + torch.arange(width, device=device)).view(n, 1, 1, width)
    image = torch.arange(n, device=device).view(n, 1, 1, 1)
    return padded[image, torch.arange(channels, device=device).view(1, channels, 1, 1), rows, columns]


def random_flip(images: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Each image with left and right exchanged, or not.

    Args:
        images: Shape (n, channels, height, width).
        probability: Of the exchange, for each image alone.
        generator: Of the draws, on the images' device.

    Returns:
        Images of the same shape and type.
    """
    chosen = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < probability
    # Chosen from both: to pick images by a mask would make a GPU wait.
    return torch.where(chosen, images.flip(3), images)


def mixup(batch: Batch, alpha: float, generator: torch.Generator) -> Batch:
    """Every input x_i blended with another one: s x_i + (1 - s) x_p(i), with a random permutation p.

    The share s from Beta(alpha, alpha), one for the mini-batch, is drawn on the processor from the generator's seed:
    so no GPU is waited for.

    Args:
        batch: A mini-batch.
        alpha: Of the distribution.
        generator: Of the permutation, on the batch's device.

    Returns:
        The blend, with the targets of both.
    """
    share = random.Random(generator.initial_seed()).betavariate(alpha, alpha)
    partner = torch.randperm(len(batch.inputs), generator=generator, device=batch.inputs.device)
    inputs = torch.lerp(batch.inputs[partner], batch.inputs, share)
    return Batch(inputs, batch.targets, batch.targets[partner], share)


def refuse_unfit_augmentations(examples: Examples, augmentations: Sequence[Augmentation]) -> None:
    """Refuse augmentations that the examples are not made for.

    Args:
        examples: What will be trained on.
        augmentations: What is to happen to them.

    Raises:
        InputError: Crops, flips or RandAugment of what is no image, RandAugment of images that are no bytes, or
            mixing of inputs that are no numbers.
    """
    kind = f"{examples.inputs.dtype} of shape {tuple(examples.inputs.shape)}".removeprefix("torch.")
    where = f"augmentations, data {examples.name}"
    remedy = "leave the augmentation out"
    for settings in augmentations:
        numbers = examples.normalization is not None or examples.inputs.is_floating_point()
        if isinstance(settings, Mixup):
            if not numbers:
                raise InputError("inputs that can be blended, for mixup", kind, where, remedy)
        elif examples.inputs.ndim != 4:
            raise InputError(f"images (n, channels, height, width), for {settings.name}", kind, where, remedy)
        elif isinstance(settings, RandAugment) and examples.inputs.dtype != torch.uint8:
            raise InputError("images stored as bytes, for rand_augment", kind, where, remedy)
