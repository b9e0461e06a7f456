"""Crops, flips, mixing and random operations: what they do, how often, and that labels stay."""

import dataclasses

import pytest
import torch
from tiny_training import dark_and_light, recipe_of, trained
from torch import nn

from isthmus.data.examples import Examples, Normalization
from isthmus.errors import InputError
from isthmus.evaluation.losses.loss import cross_entropy
from isthmus.training.augmentation import Batch, mixup, random_crop, random_flip
from isthmus.training.batches import make_batch, mean_loss
from isthmus.training.rand_augment import OPERATIONS, rand_augmented
from isthmus.training.recipe.augmentation_settings import Crop, Flip, Mixup, RandAugment

CPU = torch.device("cpu")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def numbered(n=2000, side=4):
    """Every pixel tells where it was; none is 0."""
    image = torch.arange(1, 2 * side * side + 1, dtype=torch.uint8).view(1, 2, side, side)
    return image.repeat(n, 1, 1, 1)


def test_a_crop_is_a_window_of_the_image_with_a_black_border():
    images = numbered(50)
    result = random_crop(images, 2, generator())
    assert (result.shape, result.dtype) == (images.shape, torch.uint8)
    padded = nn.functional.pad(images[0], (2, 2, 2, 2))
    windows = {tuple(padded[:, y : y + 4, x : x + 4].flatten().tolist()) for y in range(5) for x in range(5)}
    assert all(tuple(image.flatten().tolist()) in windows for image in result)


def test_every_window_of_a_crop_is_as_likely_as_the_others():
    result = random_crop(numbered(5000), 1, generator())
    _, counts = torch.unique(result.flatten(1), dim=0, return_counts=True)
    assert len(counts) == 9
    assert float(((counts - 5000 / 9) ** 2 / (5000 / 9)).sum()) < 26.1  # chi-squared, 8 degrees, p = 0.001


def test_half_of_the_images_are_flipped_left_to_right():
    images = numbered()
    result = random_flip(images, 0.5, generator())
    turned = (result == images.flip(3)).flatten(1).all(1)
    assert ((result == images).flatten(1).all(1) ^ turned).all()
    assert abs(int(turned.sum()) - 1000) < 3.3 * 500**0.5
    assert torch.equal(random_flip(images, 1.0, generator()), images.flip(3))
    assert torch.equal(random_flip(images, 0.0, generator()), images)


def test_mixing_is_a_convex_blend_with_another_example_and_keeps_both_labels():
    inputs, targets = torch.randn(16, 3, generator=generator()), torch.arange(16)
    shares = []
    for seed in range(300):
        batch = mixup(Batch(inputs, targets), 0.2, generator(seed))
        expected = batch.share * inputs + (1 - batch.share) * inputs[batch.partners]
        torch.testing.assert_close(batch.inputs, expected)
        assert torch.equal(batch.targets, targets)
        assert sorted(batch.partners.tolist()) == list(range(16))
        shares.append(batch.share)
    assert all(0 <= share <= 1 for share in shares)
    assert abs(sum(shares) / 300 - 0.5) < 3.3 * (1 / (4 * 1.4) / 300) ** 0.5  # the variance of Beta(0.2, 0.2)


def test_the_loss_of_a_mixed_batch_is_that_of_the_mixed_labels():
    inputs, targets = torch.randn(16, 3, generator=generator()), torch.randint(3, (16,), generator=generator())
    batch = mixup(Batch(inputs, targets), 1.0, generator(5))
    assert 0.05 < batch.share < 0.95
    outputs = torch.randn(16, 3, generator=generator(1))
    one_hot = nn.functional.one_hot(batch.targets, 3), nn.functional.one_hot(batch.partners, 3)
    soft = batch.share * one_hot[0] + (1 - batch.share) * one_hot[1]
    expected = nn.functional.cross_entropy(outputs, soft)
    torch.testing.assert_close(mean_loss(cross_entropy, outputs, batch), expected)


def test_augmenting_keeps_labels_shapes_and_types():
    examples = dark_and_light()
    everything = (Crop(padding=1), Flip(), RandAugment(), Mixup())
    batch = make_batch(examples, everything, 1, CPU, torch.float32)
    assert torch.equal(batch.targets, examples.targets)
    assert (batch.inputs.shape, batch.inputs.dtype) == ((44, 1, 4, 4), torch.float32)
    assert batch.inputs.isfinite().all()


def test_the_border_of_a_crop_is_black_and_not_the_mean():
    examples = Examples(
        torch.full((200, 1, 4, 4), 255, dtype=torch.uint8),
        torch.zeros(200),
        "white",
        "train",
        Normalization((0.5,), (0.5,)),
    )
    inputs = make_batch(examples, (Crop(padding=1),), 0, CPU, torch.float32).inputs
    assert set(inputs.unique().tolist()) == {-1.0, 1.0}


def test_without_augmentation_a_batch_is_the_normalised_examples():
    examples = dark_and_light()
    batch = make_batch(examples, (), 0, CPU, torch.float64)
    assert torch.equal(batch.inputs, examples.batch(0, 44, CPU, torch.float64)[0])
    assert batch.partners is None


def test_a_batch_does_not_share_memory_with_the_examples():
    examples = dataclasses.replace(dark_and_light(), inputs=torch.zeros(44, 3), normalization=None)
    batch = make_batch(examples, (), 0, CPU, torch.float32)
    batch.inputs.add_(1)
    assert not examples.inputs.any()


def smooth(n):
    """Images whose operations are told apart: a bright square off the centre of a slope."""
    slope = torch.linspace(40, 120, 16).view(1, 1, 1, 16).repeat(1, 1, 16, 1)
    slope[..., 3:8, 5:12] = 250
    return slope.round().to(torch.uint8).repeat(n, 1, 1, 1)


def test_every_random_operation_occurs_about_equally_often():
    images = smooth(4000)
    result = rand_augmented(images, 1, 0.5, generator())
    assert (result.shape, result.dtype) == (images.shape, torch.uint8)
    _, counts = torch.unique(result.flatten(1), dim=0, return_counts=True)
    same = int((result == images).flatten(1).all(1).sum())
    # identity, posterize and solarize have one outcome, the seven others two (either sign)
    assert len(OPERATIONS) == 10
    assert len(counts) == 3 + 2 * 7
    assert abs(same - 400) < 3.3 * 360**0.5
    assert counts.min() > 150


def test_no_operation_changes_an_image_at_strength_zero():
    images = smooth(200)
    assert torch.equal(rand_augmented(images, 3, 0.0, generator()), images)


def test_a_shift_moves_the_image_by_the_stated_share_of_its_side():
    images = torch.zeros(3000, 1, 20, 20, dtype=torch.uint8)
    images[:, :, 10, 10] = 255
    result = rand_augmented(images, 1, 1.0, generator())
    spots = {tuple(map(int, spot)) for image in result for spot in (image[0] == 255).nonzero()}
    assert {(10, 1), (10, 19), (1, 10), (19, 10)} <= spots


@pytest.mark.parametrize(
    ("augmentation", "inputs", "expected"),
    [
        (Flip(), torch.zeros(44, 16), "images (n, channels, height, width), for flip"),
        (Crop(), torch.zeros(44, 16), "images (n, channels, height, width), for crop"),
        (RandAugment(), torch.zeros(44, 1, 4, 4), "images stored as bytes, for rand_augment"),
        (Mixup(), torch.zeros(44, 16, dtype=torch.int64), "inputs that can be blended, for mixup"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_augmentations_that_the_data_are_not_made_for_are_refused(augmentation, inputs, expected):
    examples = dataclasses.replace(dark_and_light(), inputs=inputs, normalization=None)
    with pytest.raises(InputError) as caught:
        trained(recipe_of(augmentations=(augmentation,)), examples=examples)
    assert caught.value.expected == expected
