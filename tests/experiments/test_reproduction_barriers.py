"""What criteria are stated on: the figures are those of the measurement, of the right pair, layer and host."""

import numpy as np
import pytest
import torch
import xarray as xr

import isthmus
from isthmus.experiments.evidence import barriers
from isthmus.experiments.evidence.along_steps import rows_along_training
from isthmus.experiments.evidence.layerwise import error_found, loss_found
from isthmus.experiments.evidence.located import largest, smallest
from isthmus.experiments.evidence.shares import layer_shares, shares
from isthmus.measures.connectivity import Connectivity
from isthmus.models.load import load_model

DATA = {"train": "digits:train[0:80]", "test": "digits:test[0:40]"}


def network(seed, size):
    torch.manual_seed(seed)
    weights = load_model("mlp:inputs=64,width=6").state_dict()
    return {key: size * tensor for key, tensor in weights.items()}


@pytest.fixture(scope="module")
def result():
    """Two pairs of random networks; the second has larger weights and so larger barriers."""
    with torch.random.fork_rng(devices=[]):
        a, b = ([network(seed, size) for seed, size in ((start, 1.0), (start + 2, 3.0))] for start in (0, 1))
    return isthmus.measure(load_model("mlp:inputs=64,width=6"), a, b, DATA)


def test_the_full_barrier_is_the_larger_one_of_each_pair(result):
    for value in ("loss_barrier", "error_barrier"):
        found = barriers.full_barriers(result, "train", value)
        cells = result[value].sel(split="train", moving="all").max("host")
        assert [one.estimate.value for one in found] == cells.values.tolist()
        assert [one.where for one in found] == [f"pair {pair}" for pair in result["pair"].values]
        assert all(one.estimate.low <= one.estimate.value <= one.estimate.high for one in found)


def test_layers_are_all_single_rows_and_say_pair_and_host(result):
    found = barriers.layer_barriers(result, "test")
    assert len(found) == 2 * 2 * 4
    most = largest(found)
    cells = result.loss_barrier.sel(split="test").isel(moving=(result["sweep"] == "single").values)
    place = cells.where(cells == cells.max(), drop=True)
    assert most.estimate.value == float(cells.max())
    assert most.where == f"pair {place['pair'].item()}, {place['moving'].item()} into {place['host'].item()}"
    assert smallest(found).estimate.value == float(cells.min())


def test_shares_are_quotients_of_mean_excesses(result):
    found = {one.where: one.estimate for one in layer_shares(result, "train")}
    excess = result.loss_excess.sel(split="train", alpha=0.5)
    for where, estimate in found.items():
        pair, rest = where.removeprefix("pair ").split(", ")
        layer, host = rest.split(" into ")
        row = excess.sel(pair=pair, host=host)
        expected = float(row.sel(moving=layer) / row.sel(moving="all"))
        assert estimate.value == pytest.approx(expected, rel=1e-4)  # losses of examples are kept in float32
        assert estimate.low <= estimate.value <= estimate.high
    assert len(found) == 16


def test_the_full_network_has_the_whole_share_without_doubt(result):
    found = shares(result, ["all"], "train")
    doubtful, certain = found[0].estimate, found[-1].estimate  # the first pair's own barrier may be zero
    assert (doubtful.value, doubtful.low, doubtful.high) == (1, -np.inf, np.inf)
    assert (certain.value, certain.low, certain.high) == pytest.approx((1, 1, 1))


def test_criteria_speak_of_the_weakest_pair_and_the_strongest_layer(result):
    full, layer, share, _ = loss_found(result, "train").values()
    weakest = min(barriers.full_barriers(result, "train"), key=lambda one: one.estimate.value)
    assert (full.estimate.value, full.where) == (weakest.estimate.value, weakest.where)
    assert layer.where == largest(barriers.layer_barriers(result, "train")).where
    assert share.where == largest(layer_shares(result, "train")).where
    error, _ = error_found(result, "test").values()
    worst = min(barriers.full_barriers(result, "test", "error_barrier"), key=lambda one: one.estimate.value)
    assert error.estimate.value == pytest.approx(100 * worst.estimate.value)


def test_one_split_needs_no_name_and_one_pair_no_label(result):
    alone = isthmus.measure(
        load_model("mlp:inputs=64,width=6"), network(0, 1.0), network(1, 1.0), {"train": DATA["train"]}
    )
    (found,) = barriers.full_barriers(alone, "train")
    assert found.where == ""
    assert found.estimate.value == float(alone.loss_barrier.sel(moving="all").max())
    assert len(layer_shares(alone, "train")) == 8
    assert len(barriers.connectivities(alone, "train")) == 1


@pytest.mark.parametrize(
    ("found", "met"),
    [
        ([Connectivity.CONNECTED] * 2, True),
        ([Connectivity.CONNECTED, Connectivity.UNDECIDED], None),
        ([Connectivity.UNDECIDED, Connectivity.NOT], False),
    ],
)
def test_every_pair_has_to_be_connected(found, met):
    assert barriers.connectivity_answer(found).met is met


def test_the_table_has_a_row_for_every_pair_and_split(result):
    titles, *rows = barriers.pair_rows(result, {"train": "training images", "test": "test images"})
    assert [row[:2] for row in rows] == [
        [str(pair), words] for pair in result["pair"].values for words in ("training images", "test images")
    ]
    assert {len(row) for row in rows} == {len(titles)}
    losses = np.array([[float(number) for number in row[2].split(", ")] for row in rows[::2]])
    for column, network_name in enumerate("ab"):
        expected = result[f"loss_{network_name}"].sel(split="train").values
        assert losses[:, column] == pytest.approx(expected, abs=1e-4)


def test_the_rows_along_training_are_those_of_the_first_pair_in_the_unit_of_the_last_step(result):
    barrier, error = 3 * abs(result.loss_barrier), 0 * result.error_a
    steps = {
        "0ep": (-0.01 * barrier, error),
        "5it": (barrier, error),
        "10ep": (-20 * barrier, error),
        "20ep": (2 * barrier, error + 0.25),
    }
    parts = [result.assign(loss_barrier=values, error_a=wrong) for values, wrong in steps.values()]
    along = xr.concat(parts, xr.IndexVariable("step", list(steps)))
    cells = 2 * barrier.sel(split="train").isel(pair=0)
    layers = cells.sel(moving=cells.moving != "all")
    per_host = cells.sel(moving="all")
    full = f"0.0 −{10 * float(per_host.min()):.1f} {float(per_host.max()):.1f}"
    most = f"0.0 −{10 * float(layers.min()):.1f} {float(layers.max()):.1f}"
    above = sum(float(layers.sel(moving=name).max()) > 0.1 for name in layers["moving"].values)
    assert 0 < above < 4
    wrong = 100 * float(result.error_b.sel(split="train")[0])
    assert rows_along_training(along, "train", 0.1) == (
        f"at 0ep, 10ep, 20ep the first row of the figure reads {full}, and the largest single layer {most} nats. At "
        f"20ep {above} of 4 layers are above 0.1 nats into some host, and the two networks get 25.0 and "
        f"{wrong:.1f} % wrong."
    )
    by_iterations = along.assign_coords(step=["0ep", "5it", "1ep", "40it"])
    assert "at 0ep, 5it, 40it the first row of the figure reads 0.0 " in rows_along_training(
        by_iterations, "train", 0.1
    )


def test_shares_of_a_measurement_to_a_precision_come_from_the_images_that_both_were_drawn_on():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(6000, 64, generator=generator)
    network_a, network_b = network(0, 3.0), network(1, 3.0)
    data = inputs, torch.randint(10, (6000,), generator=generator)
    model = load_model("mlp:inputs=64,width=6")
    drawn = isthmus.measure(model, network_a, network_b, data, precision=0.06)
    counts = drawn.num_examples
    assert counts.min() < counts.sel(moving="all").max() < 6000
    whole = {one.where: one.estimate for one in layer_shares(isthmus.measure(model, network_a, network_b, data))}
    for one in layer_shares(drawn):
        assert one.estimate.low <= whole[one.where].value <= one.estimate.high
        assert one.estimate.high - one.estimate.low < np.inf
