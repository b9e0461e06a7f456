"""Mini-batches on the device: taken as stored, augmented, normalised, mixed.

Crops, flips and RandAugment work on the stored values, before normalisation: the border of a crop is black (stored
value 0), as where images are padded before they become tensors. Mixing comes after normalisation. All chance of a
mini-batch comes from one generator on its device: a seed gives equal draws on one kind of device, other ones on a GPU
than on a processor.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.evaluation.losses.loss import Loss, example_losses
from isthmus.training.augmentation import Batch, mixup, random_crop, random_flip
from isthmus.training.rand_augment import rand_augmented
from isthmus.training.recipe.augmentation_settings import Augmentation, Crop, Flip, Mixup, RandAugment
from isthmus.training.recipe.recipe import Recipe


def training_batches(examples: Examples, recipe: Recipe, first: int, device: torch.device) -> Iterator[Batch]:
    """The mini-batches from an iteration to the end: every example once an epoch, in the order of the epoch's seed.

    Args:
        examples: All of them; best where the batches are wanted.
        recipe: Length, batch size, augmentations and seeds.
        first: The first iteration.
        device: Where the batches are wanted.

    Yields:
        One mini-batch an iteration.
    """
    per_epoch = math.ceil(len(examples) / recipe.batch_size)
    # bfloat16 comes from autocast in the forward pass; weights and inputs stay float32.
    dtype = torch.float64 if recipe.dtype == "float64" else torch.float32
    for iteration in range(first, recipe.length.iterations(per_epoch)):
        epoch, number = divmod(iteration, per_epoch)
        # A training may go on in the middle of an epoch, and needs that epoch's order.
        if number == 0 or iteration == first:
            # Drawn on the processor: a GPU's generator would give another order for the same seed.
            generator = torch.Generator().manual_seed(recipe.seeds.stream("order", epoch))
            shuffled = examples.take(torch.randperm(len(examples), generator=generator))
        start = number * recipe.batch_size
        part = shuffled.take(slice(start, min(start + recipe.batch_size, len(examples))))
        yield make_batch(part, recipe.augmentations, recipe.seeds.stream("augmentation", iteration), device, dtype)


def make_batch(
    examples: Examples, augmentations: Sequence[Augmentation], seed: int, device: torch.device, dtype: torch.dtype
) -> Batch:
    """Some examples as a mini-batch.

    Args:
        examples: As stored.
        augmentations: What happens to them, in this order.
        seed: Of all draws.
        device: Where the batch is wanted.
        dtype: Type of the normalised inputs.

    Returns:
        The mini-batch, in memory of its own.
    """
    generator = torch.Generator(device).manual_seed(seed)
    inputs = examples.inputs.to(device)
    for settings in augmentations:
        match settings:
            case Crop():
                inputs = random_crop(inputs, settings.padding, generator)
            case Flip():
                inputs = random_flip(inputs, settings.probability, generator)
            case RandAugment():
                inputs = rand_augmented(inputs, settings.operations, settings.strength, generator)
    stored = replace(examples, inputs=inputs)
    batch = Batch(*stored.batch(0, len(stored), device, dtype))
    for settings in augmentations:
        if isinstance(settings, Mixup):
            batch = mixup(batch, settings.alpha, generator)
    return batch


def mean_loss(loss: Loss, outputs: Tensor, batch: Batch) -> Float[Tensor, ""]:
    """The mean loss per example; of mixed inputs the share for their targets and the rest for their partners'.

    Args:
        loss: Gives one loss an example.
        outputs: Of the network on the batch.
        batch: Its targets.

    Returns:
        A scalar.
    """
    mean = example_losses(loss, outputs, batch.targets).mean()
    if batch.partners is None:
        return mean
    return batch.share * mean + (1 - batch.share) * example_losses(loss, outputs, batch.partners).mean()
