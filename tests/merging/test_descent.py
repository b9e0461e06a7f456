"""Matching by the loss: the loss at the midpoint is descended from one permutation to the next."""

import pytest
import torch
from merged_networks import NET, A, build, seen_by_a
from torch import nn

import isthmus
from isthmus.errors import InputError
from isthmus.evaluation.losses.loss import loss_named
from isthmus.evaluation.network import Network
from isthmus.evaluation.stages.kept_graphs import kept_graphs
from isthmus.merging.permutation import descent
from isthmus.merging.permutation.permuted import random_permutation

DATA = seen_by_a(150, seed=1)


@pytest.fixture(scope="module", autouse=True)
def one_export():
    with kept_graphs():
        yield


def noisy(weights, spread=0.05, seed=5):
    random = torch.Generator().manual_seed(seed)
    return {
        key: tensor + spread * torch.randn(tensor.shape, generator=random) if key.endswith("weight") else tensor
        for key, tensor in weights.items()
    }


def by_loss(b, **options):
    return isthmus.align(A, b, model=build, **{"data": DATA, "by": "loss", "steps": 40, **options})


@pytest.fixture(scope="module")
def permuted():
    """Network a with noise and its units in another order."""
    groups = isthmus.align(A, A, model=build, data=DATA).permutation.symmetry
    return random_permutation(groups, 3)(noisy(A))


def test_the_loss_half_way_ends_below_that_of_matched_activations(permuted):
    found = by_loss(permuted, steps=100)
    _, matched, *_, last = found.objectives
    assert -last < 0.9 * -matched
    assert found.permutation.num_moved > 0
    assert found.difference < 1e-4


def test_the_loss_told_is_that_of_the_average_with_the_statistics_of_the_batch(permuted):
    found = by_loss(permuted, steps=20)
    midpoint = {k: (v + found.weights[k]) / 2 if v.is_floating_point() else v for k, v in A.items()}
    network = build()
    network.load_state_dict(midpoint)
    network.eval()
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.train()
    with torch.no_grad():
        loss = nn.functional.cross_entropy(network(DATA[0]), DATA[1])
    assert -found.objectives[-1] == pytest.approx(float(loss), rel=1e-5)


def test_it_never_ends_worse_than_it_began_and_a_seed_fixes_the_result(permuted):
    first, again = by_loss(permuted), by_loss(permuted)
    assert list(first.objectives[1:]) == sorted(first.objectives[1:])
    assert first.objectives == again.objectives
    assert all(torch.equal(tensor, again.weights[key]) for key, tensor in first.weights.items())


def test_the_gradient_is_that_of_the_loss_half_way():
    found = isthmus.align(A, A, model=build, data=DATA)
    network = Network.from_model(build(), loss_named("cross_entropy"), torch.device("cpu"), torch.float64)
    examples = isthmus.data.load.load_examples((DATA[0].double(), DATA[1]))
    wide = [{k: v.double() if v.is_floating_point() else v for k, v in w.items()} for w in (A, NET.weights(1))]
    kinds = isthmus.weights.state.entry_kinds(build())
    architecture = descent.Architecture(network, None, None, found.permutation.symmetry, kinds, [])
    chosen, key, step = torch.arange(20), "0.weight", 1e-6
    midpoint = descent.Midpoint(architecture, *wide, examples)
    slope = midpoint.gradient(found.permutation, chosen)[key].flatten()[7]
    ends = []
    for sign in (1, -1):
        moved = wide[0] | {key: wide[0][key].clone()}
        moved[key].view(-1)[7] += 2 * sign * step  # half of it arrives at the midpoint
        only = examples.take(chosen)
        ends.append(descent.Midpoint(architecture, moved, wide[1], only).loss(found.permutation))
    assert float(slope) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"steps": 0}, "a whole number of at least 1"), ({"data": None}, "examples that both networks answer to")],
)
def test_what_cannot_be_descended_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        by_loss(A, **options)
