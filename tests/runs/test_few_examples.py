"""Which numbers of a result are marked because few examples carry them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import isthmus
from isthmus.measures.intervals.effective_examples import FEW
from isthmus.report.barriers.table import barrier_table
from isthmus.report.shown import FEW_EXAMPLES_MARK

STORED = Path(__file__).parent / "stored" / "schema1"


def network():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))


def weights(seed):
    torch.manual_seed(seed)
    return network().state_dict()


def data(n):
    random = torch.Generator().manual_seed(7)
    return torch.randn(n, 4, generator=random), torch.randint(0, 3, (n,), generator=random)


@pytest.mark.filterwarnings("ignore:no effect on these outputs")
def test_a_layer_that_is_the_same_in_both_networks_is_known_exactly_and_one_that_no_example_shows_is_not():
    a, b = weights(0), weights(1)
    dead = {**b, "0.weight": a["0.weight"], "0.bias": a["0.bias"]}
    unmoved = isthmus.measure(network, a, dead, data(100)).sel(moving="0")
    assert (unmoved.loss_rise_low == 0).all()
    assert unmoved.loss_rise_effective_examples.isnull().all()
    assert (unmoved.loss_barrier_effective_examples > FEW).all()  # half of the networks' difference
    classes = isthmus.class_barriers(isthmus.measure(network, a, dead, data(100))).sel(moving="0")
    assert classes.loss_rise_effective_examples.isnull().all()
    a, b = ({**w, "2.weight": torch.zeros(3, 8)} for w in (a, b))
    unseen = isthmus.measure(network, a, b, data(100)).sel(moving="0")
    assert (unseen.loss_rise_low == 0).all()
    assert (unseen.loss_rise_effective_examples == 0).all()


def test_few_examples_are_marked_and_many_are_not():
    few, many = (isthmus.measure(network, weights(0), weights(1), data(n)) for n in (20, 2000))
    for name in ("loss_barrier", "loss_rise"):
        assert (few[f"{name}_effective_examples"] < FEW).all()
        assert (many[f"{name}_effective_examples"] > FEW).all()
    assert not [name for name in many if str(name).startswith("error") and str(name).endswith("examples")]
    assert np.isfinite(isthmus.class_barriers(many).loss_barrier_effective_examples).all()


def test_a_run_of_before_is_read_and_marks_nothing_until_its_losses_are_asked():
    old = isthmus.load_run(STORED)
    assert "loss_interval_trusted" in old
    assert not any(cell.marks.count(FEW_EXAMPLES_MARK) for cell in barrier_table(old).cells.values())
    anew = isthmus.barrier(old)
    assert (anew.loss_barrier_effective_examples > 0).all()
    assert any(not cell.estimate.trusted for cell in barrier_table(anew).cells.values())
