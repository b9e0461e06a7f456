"""The three networks of the demo: which of them start together, and that they learn."""

import torch

from isthmus.data.examples import Examples, Normalization
from isthmus.experiments.demo import RECIPE, SEEDS, demo_networks
from isthmus.training.optimizer_settings import Sgd
from isthmus.training.schedule import Cosine
from isthmus.weights.step import Step


def bright_halves(count=64):
    targets = torch.arange(count) % 2
    inputs = torch.zeros(count, 1, 28, 28, dtype=torch.uint8)
    for image, target in zip(inputs, targets, strict=True):
        image[:, 14 * int(target) : 14 * int(target) + 14] = 200
    return Examples(inputs, targets, "halves", "train", Normalization((0.5,), (0.5,)))


def test_a_and_b_share_their_initialisation_and_nothing_else_is_shared():
    a, b, c = (SEEDS[name] for name in "abc")
    assert a.initialisation == b.initialisation != c.initialisation
    assert len({a.order, b.order, c.order}) == 3


def test_the_three_networks_learn_and_differ_and_the_same_start_ends_nearer():
    told = []
    recipe = RECIPE.model_copy(
        update={
            "length": Step(8, "ep"),
            "schedule": Cosine(warmup=Step(4, "it")),
            "optimizer": Sgd(learning_rate=0.03, momentum=0.9),
        }
    )
    networks = demo_networks(lambda *news: told.append(news), bright_halves(), recipe)
    assert [news[:2] for news in told] == [(name, epoch) for name in "abc" for epoch in range(1, 9)]
    losses = {(name, epoch): loss for name, epoch, loss in told}
    assert all(losses[name, 8] < losses[name, 1] / 2 for name in "abc"), losses

    def distance(first, second):
        return sum((first[key] - second[key]).square().sum() for key in first).sqrt()

    assert 0 < 5 * distance(networks["a"], networks["b"]) < distance(networks["a"], networks["c"])
