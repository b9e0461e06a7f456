"""Definition 3: how often the answer is right, on errors whose true barriers are known."""

import numpy as np
import pytest

from isthmus.measures.connectivity import connectivity
from isthmus.measures.examples import ExampleTable
from isthmus.sweeps.grid import Grid
from isthmus.sweeps.group import MovingGroup

HOST_ERROR = 0.05


def measured(random, barriers, n, flips=0.003):
    """Two networks of one error rate; every layer's midpoint flips examples both ways, one way more by its barrier."""
    labels = tuple(f"layer{k}" for k in range(len(barriers)))
    groups = (MovingGroup("all", labels, "full"), *(MovingGroup(label, (label,), "single") for label in labels))
    rows = 2 + np.arange(2 * len(groups)).reshape(2, len(groups), 1)
    host = random.random(n) < HOST_ERROR
    errors = np.tile(host, (2 + rows.size, 1))
    for h in range(2):
        for m, barrier in enumerate(barriers, start=1):
            chance, up, down = random.random(n), (flips + barrier) / (1 - HOST_ERROR), flips / HOST_ERROR
            errors[rows[h, m, 0]] = np.where(host, chance >= down, chance < up)
    table = ExampleTable(np.where(errors, 2.0, 0.1).astype(np.float32), errors, None)
    return Grid(("a", "b"), groups, (0.5,), 2 + rows.size, rows, None), table


def answers(barriers, threshold, n, runs, unmoved=()):
    random = np.random.default_rng(0)
    found = [connectivity(*measured(random, barriers, n), "models", threshold, unmoved) for _ in range(runs)]
    return [str(answer) for answer in found]


def test_many_layers_without_a_barrier_are_connected():
    """21 layers of 0.002: a band over all 42 cuts left most of these undecided."""
    assert answers([0.002] * 21, threshold=0.02, n=1024, runs=12).count("connected") >= 11


def test_one_layer_above_the_threshold_is_seldom_called_connected():
    """Its own upper end lies below the threshold in 2.5 % of samples, into each of two hosts: in both at once less."""
    found = answers([0.0] * 8 + [0.0401], threshold=0.04, n=600, runs=80)
    assert found.count("connected") <= 2


def test_layers_at_the_threshold_are_seldom_called_not_connected():
    """Sixteen cuts, each with a chance of its own to look larger than it is."""
    found = answers([0.05] * 8, threshold=0.05, n=400, runs=60)
    assert found.count("not") <= 3
    assert "not" in answers([0.05] * 7 + [0.2], threshold=0.05, n=400, runs=1)


@pytest.mark.parametrize("baseline", ["models", "chord"])
def test_a_layer_that_moves_nothing_is_never_what_separates_two_networks(baseline):
    grid, table = measured(np.random.default_rng(0), [0.0, 0.0], 400, flips=0.0)
    worse = table.error.copy()
    worse[1] = np.arange(400) < 200  # network b alone is wrong on half of the examples
    worse[grid.rows[1]] = worse[1]
    table = ExampleTable(np.where(worse, 2.0, 0.1), worse, None)
    assert connectivity(grid, table, "models", 0.1) == "not"
    assert connectivity(grid, table, baseline, 0.1, unmoved=["layer0", "layer1"]) == "connected"


def test_what_examples_show_to_move_counts_whatever_its_weights():
    """Running statistics move a layer whose parameters are the same in both networks."""
    grid, table = measured(np.random.default_rng(0), [0.5, 0.0], 400)
    assert connectivity(grid, table, "models", 0.1, unmoved=["layer0", "layer1"]) == "not"
