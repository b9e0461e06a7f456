"""The rules of a step: PyTorch's where there is one, SAM by hand."""

import copy

import pytest
import torch
from tiny_training import dark_and_light, network, recipe_of, same, trained
from torch import nn

from isthmus.training.batches import training_batches
from isthmus.training.optimizer import (
    ascent,
    load_optimizer_tensors,
    make_optimizer,
    optimizer_tensors,
)
from isthmus.training.recipe.optimizer_settings import AdamW, Sam, Sgd
from isthmus.training.recipe.schedule import Constant


def plain():
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2))


def normed():
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 2))


def by_hand(model, recipe, optimizer):
    """The same mini-batches through a plain loop."""
    for batch in training_batches(dark_and_light(), recipe, 0, torch.device("cpu")):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(batch.inputs), batch.targets).backward()
        optimizer.step()
    return model.state_dict()


@pytest.mark.parametrize(
    ("rule", "of_torch"),
    [
        (
            AdamW(learning_rate=0.01, betas=(0.8, 0.95), weight_decay=0.3, epsilon=1e-6),
            lambda p: torch.optim.AdamW(p, 0.01, betas=(0.8, 0.95), weight_decay=0.3, eps=1e-6),
        ),
        (AdamW(learning_rate=0.01), lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.0)),
        (
            Sgd(learning_rate=0.1, momentum=0.8, nesterov=True, weight_decay=0.1),
            lambda p: torch.optim.SGD(p, 0.1, 0.8, weight_decay=0.1, nesterov=True),
        ),
    ],
    ids=["adamw", "adamw without decay", "nesterov"],
)
def test_the_rules_are_those_of_torch_to_the_bit(rule, of_torch):
    recipe = recipe_of(optimizer=rule, schedule=Constant(), clip_norm=None)
    result = trained(recipe, plain)
    torch.manual_seed(recipe.seeds.stream("initialisation"))
    model = plain()
    expected = by_hand(model, recipe, of_torch(model.parameters()))
    assert all(torch.equal(result.weights[key], expected[key]) for key in expected)


@pytest.mark.parametrize("build", [network, normed], ids=["dropout", "batch norm"])
def test_sam_without_ascent_is_sgd_to_the_bit(build):
    settings = {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.01}
    plain_descent = trained(recipe_of(optimizer=Sgd(**settings)), build)
    assert same(trained(recipe_of(optimizer=Sam(**settings, rho=0.0)), build), plain_descent)
    assert not same(trained(recipe_of(optimizer=Sam(**settings, rho=0.1)), build), plain_descent)


def test_sam_takes_the_gradient_where_the_ascent_leads():
    recipe = recipe_of(length="2it", optimizer=Sam(learning_rate=0.5, rho=0.3), schedule=Constant(), clip_norm=None)
    result = trained(recipe, plain)
    torch.manual_seed(recipe.seeds.stream("initialisation"))
    model = plain()
    for batch in training_batches(dark_and_light(), recipe, 0, torch.device("cpu")):

        def gradients(weights, batch=batch):
            moving = {key: tensor.detach().clone().requires_grad_() for key, tensor in weights.items()}
            outputs = torch.func.functional_call(model, moving, batch.inputs)
            loss = nn.functional.cross_entropy(outputs, batch.targets)
            return dict(zip(moving, torch.autograd.grad(loss, list(moving.values())), strict=True))

        weights = dict(model.named_parameters())
        first = gradients(weights)
        length = sum(gradient.square().sum() for gradient in first.values()).sqrt()
        second = gradients({key: weights[key] + 0.3 * first[key] / length for key in weights})
        model.load_state_dict({key: weights[key] - 0.5 * second[key] for key in weights})
    for key, tensor in model.state_dict().items():
        torch.testing.assert_close(result.weights[key], tensor, rtol=1e-5, atol=1e-6)


def test_after_the_ascent_weights_and_running_statistics_are_as_before_to_the_bit():
    model = normed()
    inputs = torch.randn(8, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    model(inputs).square().sum().backward()
    before = copy.deepcopy(model.state_dict())
    with ascent(model, 0.5):
        moved = sum(((p.detach() - before[key]) ** 2).sum() for key, p in model.named_parameters()).sqrt()
        assert float(moved) == pytest.approx(0.5, rel=1e-5)
        model(inputs)
        assert not torch.equal(model[1].running_mean, before["1.running_mean"])
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())


@pytest.mark.parametrize("rule", [Sgd(learning_rate=0.1, momentum=0.9), AdamW(learning_rate=0.1)], ids=["sgd", "adamw"])
def test_what_an_optimizer_remembers_can_be_given_to_another(rule):
    model = plain()
    optimizer = make_optimizer(rule, model)
    model(torch.ones(2, 1, 4, 4)).sum().backward()
    optimizer.step()
    tensors = optimizer_tensors(optimizer, model)
    slots = {"exp_avg", "exp_avg_sq", "step"} if isinstance(rule, AdamW) else {"momentum_buffer"}
    assert tensors.keys() == {f"{key}/{slot}" for key, _ in model.named_parameters() for slot in slots}
    other = make_optimizer(rule, model)
    load_optimizer_tensors(other, model, tensors)
    again = optimizer_tensors(other, model)
    assert all(torch.equal(tensor, again[key]) for key, tensor in tensors.items())
    optimizer.step()
    assert all(torch.equal(tensor, again[key]) for key, tensor in tensors.items()), "copies, not the live tensors"
