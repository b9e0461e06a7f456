"""A training that takes a twentieth of a second: grey 4x4 images, dark or light, and a network with dropout."""

import torch
from torch import nn

from isthmus.data.examples import Examples, Normalization
from isthmus.training.initial import make_initial_model
from isthmus.training.loop import train
from isthmus.training.recipe.optimizer_settings import Sgd
from isthmus.training.recipe.recipe import Recipe
from isthmus.training.recipe.schedule import Cosine
from isthmus.training.seeds import Seeds
from isthmus.weights.step import Step


def step(text):
    return Step.parse(text)


def recipe_of(**changes):
    settings = {
        "length": "3ep",
        "batch_size": 8,
        "optimizer": Sgd(learning_rate=0.1, momentum=0.9),
        "schedule": Cosine(warmup=step("4it")),
        "clip_norm": 1.0,
    }
    return Recipe(**settings | changes)


def dark_and_light(count=44):
    generator = torch.Generator().manual_seed(3)
    targets = torch.arange(count) % 2
    noise = torch.randint(0, 100, (count, 1, 4, 4), generator=generator)
    inputs = (noise + 150 * targets.view(-1, 1, 1, 1)).to(torch.uint8)
    return Examples(inputs, targets, "dark and light", "train", Normalization((0.5,), (0.25,)))


def network():
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(12, 2))


def trained(recipe=None, build=network, examples=None, **options):
    recipe = recipe or recipe_of()
    model = make_initial_model(build, recipe.seeds)
    return train(model, dark_and_light() if examples is None else examples, recipe, **options)


def with_seeds(*numbers, **changes):
    return recipe_of(seeds=Seeds(*numbers), **changes)


def same(first, second):
    """Whether two trainings ended with the same bits."""
    assert first.weights.keys() == second.weights.keys()
    return all(torch.equal(first.weights[key], second.weights[key]) for key in first.weights)
