"""The rule over the cuts of a split: when one is finished, and when the complete networks are worth all examples."""

import numpy as np
import pytest

from isthmus.measures.examples import ExampleTable
from isthmus.measures.intervals.sampled_barrier import BarrierRule, SampledCuts, cuts_of, sampled_barrier
from isthmus.measures.intervals.sampled_mean import reach
from isthmus.measures.intervals.sequential import Precision, first_look
from isthmus.sweeps.grid import Grid
from isthmus.sweeps.group import MovingGroup

N = 10_000
FIRST = first_look(N)
random = np.random.default_rng(0)
END = random.gamma(1.0, size=N)


def grid_of(rows):
    groups = tuple(MovingGroup(f"layer{m}", (f"layer{m}",), "single") for m in range(len(rows)))
    return Grid(("a",), groups, (0.5,), int(np.max(rows)) + 1, np.array(rows).reshape(1, -1, 1), None)


def verdict(grid, losses, n, half_width=0.05, baseline="host", known=None):
    counts = np.full(len(losses), n)
    counts[:2] = known or n
    rule = BarrierRule(grid, baseline, Precision(half_width, N))
    return rule(np.array(losses), counts, range(len(grid.groups)))


def test_until_all_examples_are_used_something_must_have_been_seen_to_vary():
    grid, losses = grid_of([2, 3]), [END, END + 1, END, END]
    assert verdict(grid, losses, FIRST).finished == frozenset()
    assert verdict(grid, losses, N).finished == {0, 1}
    losses[2] = END + 0.1 * random.standard_normal(N)
    losses[3] = END + 0.1 * random.standard_normal(N)
    assert verdict(grid, losses, FIRST).finished == {0, 1}


def test_a_layer_that_is_equal_in_both_networks_needs_nothing_to_vary():
    grid, losses = grid_of([0, 2]), [END, END + 1, END]
    assert verdict(grid, losses, FIRST).finished == {0}
    cut = SampledCuts(grid, ExampleTable(np.array(losses), None, None, np.full(3, FIRST)), "host", N).cut(0, 0)
    barrier = sampled_barrier(cut.excess, cut.excesses, grid.alphas, Precision(0.05, N))
    assert (barrier.estimate.low, barrier.estimate.high) == (0, 0)


def test_a_cut_that_hid_its_tail_is_as_wide_as_the_others_show_it_to_be():
    tail = np.zeros(N)
    tail[: round(0.01 * N)] = 8.0
    tails = [END + random.permutation(tail) for _ in range(3)]
    grid, losses = grid_of([2, 3, 4, 5]), np.array([END, END, END, *tails])
    sampled = SampledCuts(grid, ExampleTable(losses, None, None, np.full(6, FIRST)), "host", N)
    usual = sampled.usual_rise
    assert usual == pytest.approx(np.quantile([reach(loss[None, :FIRST] - END[:FIRST]) for loss in losses[2:]], 0.75))
    width = Precision(0.05, N).half_widths(sampled.cut(0, 0).rise)[0]
    assert width == pytest.approx(1.05 * 1.96 * ((1 / FIRST - 1 / N) / FIRST) ** 0.5 * 3 * usual, rel=0.01)
    assert verdict(grid, losses, FIRST, half_width=0.99 * width).finished == frozenset()


@pytest.mark.parametrize(("num_cuts", "many"), [(1, False), (24, True)])
def test_the_complete_networks_go_through_all_examples_where_that_spares_more_of_the_cuts(num_cuts, many):
    losses = [END, END + 1.5 * random.standard_normal(N)]
    losses += [END + 0.2 * random.standard_normal(N) for _ in range(num_cuts)]
    grid = grid_of(range(2, 2 + num_cuts))
    found = verdict(grid, losses, FIRST, half_width=0.02, baseline="models")
    assert found.finished == frozenset()
    assert found.num_end_examples == (N if many else FIRST)
    assert len(verdict(grid, losses, FIRST, half_width=0.02, baseline="models", known=N).finished) == num_cuts
    assert verdict(grid, losses, FIRST, half_width=0.02, baseline="host").num_end_examples == FIRST


def test_the_far_ends_belong_to_the_cuts_of_their_own_baseline():
    grid = Grid(("a",), (MovingGroup("x", ("x",), "single"),), (0.5,), 4, np.array([[[2]]]), np.array([[3]]))
    assert cuts_of(grid, "cut") == [(2, 3)]
    assert cuts_of(grid, "models") == [(2,)]
