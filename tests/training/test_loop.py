"""The training loop: it learns, repeats itself to the bit, and stops when it diverges."""

import functools
import math

import pydantic
import pytest
import torch
from torch import nn

from isthmus.data.examples import Examples, Normalization
from isthmus.errors import InputError
from isthmus.models.load import load_model
from isthmus.training.loop import train
from isthmus.training.recipe import Recipe
from isthmus.training.seeds import Seeds, make_initial_model

RECIPE = Recipe(epochs=3, batch_size=8, learning_rate=0.1, warmup_iterations=4)


def dark_and_light(count=44):
    generator = torch.Generator().manual_seed(3)
    targets = torch.arange(count) % 2
    noise = torch.randint(0, 100, (count, 1, 4, 4), generator=generator)
    inputs = (noise + 150 * targets.view(-1, 1, 1, 1)).to(torch.uint8)
    return Examples(inputs, targets, "dark and light", "train", Normalization((0.5,), (0.25,)))


def network():
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(12, 2))


def trained(seeds, recipe=RECIPE, examples=None):
    model = make_initial_model(network, seeds)
    return train(model, dark_and_light() if examples is None else examples, recipe, seeds)


def same(first, second):
    return all(torch.equal(first.weights[key], second.weights[key]) for key in first.weights)


def test_the_same_seeds_give_the_same_bits():
    first, second = trained(Seeds(1, 2, 3)), trained(Seeds(1, 2, 3))
    assert same(first, second)
    assert first.losses == second.losses


@pytest.mark.parametrize("seeds", [Seeds(0, 2, 3), Seeds(1, 0, 3), Seeds(1, 2, 0)], ids=str)
def test_every_seed_matters(seeds):
    assert not same(trained(seeds), trained(Seeds(1, 2, 3)))


def test_training_neither_reads_nor_changes_the_random_state():
    results = []
    with torch.random.fork_rng(devices=[]):
        for seed in (1, 2):
            torch.manual_seed(seed)
            before = torch.random.get_rng_state()
            results.append(trained(Seeds()))
            assert torch.equal(torch.random.get_rng_state(), before)
    assert same(*results)


def test_training_learns_and_reports_every_epoch():
    told = []
    recipe = RECIPE.model_copy(update={"epochs": 12})
    result = train(
        make_initial_model(network, Seeds()),
        dark_and_light(),
        recipe,
        Seeds(),
        lambda epochs, loss: told.append((epochs, loss)),
    )
    assert told == list(enumerate(result.losses, start=1))
    assert len(told) == 12
    assert result.losses[-1] < 0.1 < 0.5 < result.losses[0]


def test_the_loop_is_momentum_descent_written_out_by_hand():
    recipe = Recipe(
        epochs=2, batch_size=16, learning_rate=0.5, warmup_iterations=2, weight_decay=0.1, clip_norm=0.3, momentum=0.8
    )
    examples = dark_and_light()
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    weights = {key: tensor.detach().clone() for key, tensor in model.state_dict().items()}
    velocity = {key: torch.zeros_like(tensor) for key, tensor in weights.items()}
    rates = [0.25, 0.5, *(0.25 * (1 + math.cos(math.pi * step / 4)) for step in range(4))]
    lengths = []
    generator = torch.Generator().manual_seed(Seeds().stream("order"))
    for _ in range(2):
        order = torch.randperm(44, generator=generator)
        for start in (0, 16, 32):
            chosen = order[start : start + 16]
            moving = {key: tensor.clone().requires_grad_() for key, tensor in weights.items()}
            outputs = torch.func.functional_call(model, moving, (examples.inputs[chosen] / 255 - 0.5) / 0.25)
            loss = -outputs.log_softmax(1)[torch.arange(len(chosen)), examples.targets[chosen]].mean()
            gradients = dict(zip(moving, torch.autograd.grad(loss, list(moving.values())), strict=True))
            lengths.append(float(sum(gradient.square().sum() for gradient in gradients.values()).sqrt()))
            rate = rates.pop(0)
            for key, gradient in gradients.items():
                clipped = gradient * min(1.0, 0.3 / lengths[-1])
                velocity[key] = 0.8 * velocity[key] + clipped + 0.1 * weights[key]
                weights[key] = weights[key] - rate * velocity[key]
    assert min(lengths) < 0.3 < max(lengths), "the gradient is to be cut in some steps and left alone in others"
    result = train(model, examples, recipe, Seeds())
    for key, tensor in weights.items():
        torch.testing.assert_close(result.weights[key], tensor, rtol=1e-4, atol=1e-5)


def test_the_loss_of_an_epoch_counts_every_example_once_though_the_last_batch_is_smaller():
    recipe = Recipe(epochs=1, batch_size=40, learning_rate=1e-12)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    examples = dark_and_light()
    inputs, targets = examples.batch(0, 44, torch.device("cpu"), torch.float32)
    expected = float(nn.functional.cross_entropy(model(inputs), targets).detach())
    assert train(model, examples, recipe, Seeds()).losses[0] == pytest.approx(expected, rel=1e-5)


def test_the_weights_returned_do_not_move_when_training_goes_on():
    model = make_initial_model(network, Seeds())
    first = train(model, dark_and_light(), RECIPE, Seeds()).weights
    kept = {key: tensor.clone() for key, tensor in first.items()}
    train(model, dark_and_light(), RECIPE, Seeds())
    assert all(torch.equal(first[key], kept[key]) for key in kept)


def test_examples_are_left_as_they_were():
    examples = dark_and_light()
    trained(Seeds(), examples=examples)
    assert torch.equal(examples.inputs, dark_and_light().inputs)


def test_a_loss_that_is_not_finite_stops_the_training_and_says_where():
    wild = Recipe(epochs=4, batch_size=8, learning_rate=1e38, warmup_iterations=0, clip_norm=1e3)
    with pytest.raises(InputError) as caught:
        trained(Seeds(), wild)
    assert "expected a finite training loss" in str(caught.value)
    assert "in mini-batch 2 of epoch 1" in caught.value.got
    assert "lower learning_rate" in caught.value.remedy


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"batch_size": 0}, {"learning_rate": -1.0}, {"momentum": 1.0}, {"warmup_epochs": 1}]
)
def test_a_recipe_refuses_values_out_of_range_and_unknown_fields(wrong):
    with pytest.raises(pydantic.ValidationError, match=next(iter(wrong))):
        Recipe(**{"epochs": 1, "batch_size": 8, "learning_rate": 0.1} | wrong)


def test_training_the_registered_network_of_the_demo_repeats_itself():
    build = functools.partial(load_model, "cnn:width=2,classes=2,channels=1")
    runs = [train(make_initial_model(build, Seeds()), dark_and_light(), RECIPE, Seeds()) for _ in range(2)]
    assert same(*runs)
