"""The search for the set of most worth, on costs that are known."""

from itertools import chain, combinations

import numpy as np
import pytest

from isthmus.measures.estimate import UNKNOWN, Estimate
from isthmus.merging.search.selection import greedy_set, room_below, select, single_order_set

LAYERS = tuple("abcdefghi")


def measured(cost):
    """A measure of sets, and what it was asked."""
    asked = []

    def rises(sets):
        asked.append(list(sets))
        return [Estimate.exact(cost(layers)) for layers in sets]

    return rises, asked


def additive(costs):
    return lambda layers: sum(costs[label] for label in layers)


def most_worth(worth, cost, tolerance):
    sets = chain.from_iterable(combinations(worth, size) for size in range(len(worth) + 1))
    return max(sum(worth[label] for label in chosen) for chosen in sets if cost(chosen) < tolerance)


def worth_of(worth, layers):
    return sum(worth[label] for label in layers)


@pytest.mark.parametrize("seed", range(5))
def test_of_costs_that_add_up_the_most_layers_that_fit_are_found(seed):
    costs = dict(zip(LAYERS, np.random.default_rng(seed).exponential(1.0, len(LAYERS)).tolist(), strict=True))
    worth, cost = dict.fromkeys(LAYERS, 1.0), additive(costs)
    found = select(worth, 2.0, measured(cost)[0])
    assert len(found.chosen) == most_worth(worth, cost, 2.0)
    assert cost(found.chosen) < 2.0


@pytest.mark.parametrize("seed", range(5))
def test_with_interactions_and_unequal_worth_the_set_fits_and_is_no_smaller_than_the_greedy_one(seed):
    random = np.random.default_rng(seed)
    pairs = np.abs(random.standard_normal((9, 9)) * (random.random((9, 9)) < 0.2))
    single = random.exponential(0.3, 9)
    worth = dict(zip(LAYERS, random.integers(1, 100, 9).astype(float).tolist(), strict=True))

    def cost(layers):
        numbers = [LAYERS.index(label) for label in layers]
        return float(single[numbers].sum() + pairs[np.ix_(numbers, numbers)].sum())

    found = select(worth, 1.0, measured(cost)[0])
    assert cost(found.chosen) < 1.0
    greedy = greedy_set(found, 1.0, measured(cost)[0])
    assert worth_of(worth, greedy) <= worth_of(worth, found.chosen) <= most_worth(worth, cost, 1.0)


def test_two_layers_that_cost_much_together_are_exchanged_for_one_of_more_worth():
    def cost(layers):
        together = {"a", "b"} <= set(layers)
        return additive({"a": 0.004, "b": 0.009, "c": 0.001})(layers) + 0.05 * together

    worth = {"a": 5.0, "b": 9.0, "c": 1.0}
    found = select(worth, 0.011, measured(cost)[0])
    assert found.order[0] == "a"  # the least cost for its worth, and alone it would stay
    assert found.chosen == {"b", "c"}


def test_where_everything_fits_the_first_group_says_so():
    rises, asked = measured(lambda layers: 0.0)
    found = select(dict.fromkeys(LAYERS, 1.0), 0.02, rises)
    assert found.chosen == set(LAYERS)
    assert [len(sets) for sets in asked[:2]] == [9, 1]
    assert found.num_tried < 20


def test_the_chain_is_nested_and_every_larger_set_leaves_less_room():
    costs = {label: 0.0018 * number for number, label in enumerate(LAYERS)}

    def rises(sets):
        values = [sum(costs[label] for label in layers) for layers in sets]
        return [Estimate(value, value - 0.005, value + 0.005) for value in values]

    found = select(dict.fromkeys(LAYERS, 1.0), 0.02, rises)
    assert all(small < large for small, large in zip(found.chain, found.chain[1:], strict=False))
    room = [room_below(found.rises[layers], 0.02) for layers in found.chain]
    assert room == sorted(room, reverse=True)
    assert len(room) == len(set(room)) > 1
    assert found.chosen in found.chain
    assert found.chain[-1] > found.chosen  # where the mean alone fits
    assert room[0] >= 1 > room[-1] > 0


def test_layers_that_are_no_numbers_are_never_taken_and_nothing_is_found_where_nothing_fits():
    found = select({"a": 1.0, "b": 1.0}, 0.02, lambda sets: [
        UNKNOWN if "a" in layers else Estimate.exact(0.0) for layers in sets
    ])  # fmt: skip
    assert found.chosen == {"b"}
    nothing = select({"a": 1.0, "b": 1.0}, 0.02, lambda sets: [Estimate.exact(1.0)] * len(sets))
    assert nothing.chosen == frozenset()
    assert nothing.chain == ()


def test_a_table_of_single_layers_adds_them_up():
    costs = {"a": 0.001, "b": 0.01, "c": 0.012}
    found = select(dict.fromkeys(costs, 1.0), 0.02, measured(lambda layers: 0.5 * additive(costs)(layers))[0])
    assert found.chosen == set(costs)
    assert single_order_set(found, 0.01) == {"a", "b"}
