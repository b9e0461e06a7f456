"""The walk over looks: who is evaluated on what, whatever the engine and the batch size."""

import numpy as np
import pytest
import torch
from pairs_of_networks import Pair
from torch import nn

from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.direct import DirectEngine
from isthmus.evaluation.precision import Decision, PreciseEvaluation

LOOKS = (8, 12, 20, 31)
ENDS_AFTER_FIRST_LOOK = 20


@pytest.fixture(scope="module")
def pair():
    torch.manual_seed(0)
    return Pair.of(nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4)), torch.randn(31, 3))


def leaving(at):
    """A rule by which cut k is finished at look at[k], and the complete networks are known on at least 20 examples."""

    def rule(losses, counts, active):
        known = {cut: int(counts[cut + 2]) for cut in active}
        for cut, n in known.items():
            assert np.isfinite(losses[cut + 2, :n]).all()
        return Decision(frozenset(cut for cut, n in known.items() if n >= at[cut]), ENDS_AFTER_FIRST_LOOK)

    return rule


def evaluation(pair, at, *, direct=False, batch_size=4, known=None):
    points = pair.points(("single",), (0.5,))
    engine = (
        DirectEngine(pair.network, pair.segment, BatchSize(batch_size))
        if direct
        else pair.shared_engine(batch_size=batch_size)
    )
    cuts = [(number,) for number in range(2, len(points))]
    walk = PreciseEvaluation(engine, points, pair.examples, cuts, leaving(at))
    return walk, list(walk.blocks(LOOKS, known or {}))


AT = (8, 12, 12, 31, 8, 20)


def at_for(pair):
    return AT[: len(pair.points(("single",), (0.5,))) - 2]


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("batch_size", [3, 64])
def test_a_point_is_evaluated_until_its_cut_is_finished_and_no_further(pair, direct, batch_size):
    at = at_for(pair)
    walk, blocks = evaluation(pair, at, direct=direct, batch_size=batch_size)
    assert walk.counts.tolist() == [max(20, *at), max(20, *at), *at]
    truth = pair.direct(pair.points(("single",), (0.5,)))[0]
    for number, n in enumerate(walk.counts):
        np.testing.assert_allclose(walk.losses[number, :n], truth[number, :n], atol=1e-6)
        assert np.isnan(walk.losses[number, n:]).all()
    assert sum(block.loss.size for block in blocks) == walk.counts.sum()


def test_the_complete_networks_may_be_known_on_more_examples_than_any_point(pair):
    walk, _ = evaluation(pair, (8,) * len(at_for(pair)))
    assert walk.counts[:2].tolist() == [ENDS_AFTER_FIRST_LOOK] * 2
    assert set(walk.counts[2:].tolist()) == {8}


@pytest.mark.parametrize("direct", [False, True])
def test_an_interrupted_evaluation_goes_on_to_the_same_blocks(pair, direct):
    at = at_for(pair)
    whole, blocks = evaluation(pair, at, direct=direct)
    for kept in range(0, len(blocks) + 1, 3):
        known = {(block.points[0], block.start): block for block in blocks[:kept]}
        resumed, rest = evaluation(pair, at, direct=direct, known=known)
        assert [(b.points, b.start) for b in rest] == [(b.points, b.start) for b in blocks[kept:]]
        np.testing.assert_array_equal(resumed.losses, whole.losses)
        assert all((x.loss == y.loss).all() for x, y in zip(rest, blocks[kept:], strict=True))


@pytest.mark.parametrize(("others", "first"), [(12, 20), (31, 31)])
def test_a_cut_that_fails_when_judged_again_goes_on(pair, others, first):
    """Cut 0 is tight enough at 8 examples, and no more once the complete networks are known on others."""
    points = pair.points(("single",), (0.5,))

    def rule(losses, counts, active):
        finished = {cut for cut in active if counts[cut + 2] >= (8 if cut == 0 else others)}
        return Decision(frozenset(finished - ({0} if counts[2] == 8 < counts[0] else set())), 0)

    walk = PreciseEvaluation(
        pair.shared_engine(), points, pair.examples, [(number,) for number in range(2, len(points))], rule
    )
    list(walk.blocks(LOOKS, {}))
    assert walk.counts.tolist() == [max(first, others)] * 2 + [first] + [others] * (len(points) - 3)


def test_every_unit_has_a_name_of_its_own(pair):
    for direct in (False, True):
        blocks = evaluation(pair, at_for(pair), direct=direct)[1]
        assert len({(block.points[0], block.start) for block in blocks}) == len(blocks)
