"""The mean of n networks: its laws hold to the bit."""

import itertools

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

import isthmus
from isthmus.errors import InputError, UnknownNameError
from isthmus.paths import average
from isthmus.paths.average import average_networks, weighted_mean
from isthmus.weights.state import entry_kinds


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def state(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    found = net().state_dict()
    found["1.running_mean"] = torch.randn(4)
    found["1.num_batches_tracked"] = torch.tensor(seed)
    return found


NETWORKS = [state(seed) for seed in range(4)]
LAYERS, KINDS = isthmus.layer_partition("module", net()), entry_kinds(net())


def averaged(networks=NETWORKS, **options):
    return average_networks(networks, LAYERS, KINDS, **options)


@example([(0.0, 1), (-0.0, 1)])
@given(st.lists(st.tuples(st.floats(-1e3, 1e3, width=32), st.integers(0, 50)), min_size=1, max_size=5))
def test_the_mean_is_that_of_the_definition_in_any_order_to_the_bit(terms):
    counts = [count for _, count in terms]
    if not sum(counts):
        counts[0] = 1
    tensors = [torch.tensor([value], dtype=torch.float32) for value, _ in terms]
    found = weighted_mean(tensors, counts)
    expected = sum(count * float(tensor) for count, tensor in zip(counts, tensors, strict=True)) / sum(counts)
    assert float(found) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    for order in itertools.islice(itertools.permutations(range(len(terms))), 24):
        again = weighted_mean([tensors[k] for k in order], [counts[k] for k in order])
        assert torch.equal(again.view(torch.int32), found.view(torch.int32))  # zeros have two signs


def test_many_networks_are_sorted_as_few_are(monkeypatch):
    networks = [torch.randn(7, generator=torch.Generator().manual_seed(seed)) for seed in range(9)]
    few = weighted_mean(networks, range(1, 10))
    monkeypatch.setattr(average, "FEW", 1)
    assert torch.equal(weighted_mean(networks, range(1, 10)), few)


def test_one_network_is_itself_and_equal_ones_are_that_one_whatever_the_counts():
    assert all(torch.equal(averaged(NETWORKS[:1])[key], tensor) for key, tensor in NETWORKS[0].items())
    same = averaged([NETWORKS[0]] * 3, counts=[0.1, 3, 7])
    assert all(torch.equal(same[key], tensor) for key, tensor in NETWORKS[0].items())
    infinite = torch.tensor([float("inf"), float("-inf")])
    assert torch.equal(weighted_mean([infinite, infinite], [1, 2]), infinite)


def test_the_order_of_the_others_changes_no_bit():
    first, counts = averaged(counts=[5, 1, 2, 3]), [5, 3, 1, 2]
    second = averaged([NETWORKS[k] for k in (0, 3, 1, 2)], counts=counts)
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_layers_that_are_not_chosen_and_integers_are_the_first_networks():
    found = averaged(averaged=["0", "1"])
    assert torch.equal(found["2.weight"], NETWORKS[0]["2.weight"])
    assert not torch.equal(found["0.weight"], NETWORKS[0]["0.weight"])
    assert int(found["1.num_batches_tracked"]) == 0
    assert not torch.equal(found["1.running_mean"], NETWORKS[0]["1.running_mean"])
    private = averaged(private_statistics=True)
    assert torch.equal(private["1.running_mean"], NETWORKS[0]["1.running_mean"])
    assert torch.equal(averaged(averaged=[])["0.weight"], NETWORKS[0]["0.weight"])


def test_a_network_of_count_zero_has_no_part():
    found = averaged(NETWORKS[:3], counts=[1, 3, 0])
    expected = averaged(NETWORKS[:2], counts=[1, 3])
    assert all(torch.equal(found[key], expected[key]) for key in found)


@pytest.mark.parametrize("counts", [[1, 1], [1, -1, 1, 1], [0, 0, 0, 0], [float("nan")] * 4, [float("inf"), 1, 1, 1]])
def test_counts_that_are_no_weights_are_refused(counts):
    with pytest.raises(InputError, match="counts"):
        averaged(counts=counts)


def test_other_networks_and_unknown_layers_are_refused():
    with pytest.raises(InputError, match="network 1"):
        averaged([NETWORKS[0], nn.Linear(3, 4).state_dict()])
    with pytest.raises(UnknownNameError, match="'4'"):
        averaged(averaged=["4"])


def test_numbers_are_taken_piece_by_piece_which_changes_no_bit(monkeypatch):
    tensors = [torch.randn(3, 5, generator=torch.Generator().manual_seed(seed)).T for seed in range(3)]
    whole = weighted_mean(tensors, [1, 2, 3])
    monkeypatch.setattr(average, "NUMBERS", 12)
    assert torch.equal(weighted_mean(tensors, [1, 2, 3]), whole)
    expected = sum(count * tensor.double() for count, tensor in enumerate(tensors, start=1)) / 6
    assert torch.allclose(whole.double(), expected, rtol=0, atol=1e-7)
    for shape in ((), (0, 2)):
        assert weighted_mean([torch.ones(shape)] * 2, [1, 2]).shape == shape
