"""What averaging costs two clients, against losses counted by hand, and the paper's groups of layers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from cases import CASES

import isthmus
from isthmus.data.load import load_examples
from isthmus.experiments.claims.federated.clients import costs_of, pair_found, wrong_sentence
from isthmus.experiments.evidence.criterion import criteria_of
from isthmus.experiments.reproduction.recipes import TrainedNetworks
from isthmus.experiments.reproduction.registry import known_claims
from isthmus.measures.intervals.interval import critical_value, mean_band
from isthmus.questions.clients.costs import client_pairs, layer_set_costs
from isthmus.training.recipe.file import recipe_of

MLP = next(case for case in CASES if case.name == "mlp")
A, B = (MLP.weights(seed) for seed in (1, 2))
DATA = {"own_a": MLP.data(7, seed=1), "own_b": MLP.data(5, seed=2), "test": MLP.data(4, seed=3)}


@pytest.fixture(scope="module")
def costs():
    result = isthmus.measure(MLP.build, A, B, DATA, sweep=["single", "subsets:given:hidden1+fc"])
    return layer_set_costs(result)


def pair_criteria(costs):
    return criteria_of(known_claims()["clients"].criteria, {"x": pair_found(costs)})


def losses(weights, *splits):
    inputs, targets = (torch.cat(parts) for parts in zip(*(DATA[name] for name in splits), strict=True))
    outputs = torch.func.functional_call(MLP.build(), weights, (inputs,))
    return torch.nn.functional.cross_entropy(outputs, targets, reduction="none").double().numpy()


def averaged(host, other, *layers):
    moved = [key for key in host if key.split(".")[0] in layers]
    return host | {key: (host[key] + other[key]) / 2 for key in moved}


@pytest.mark.parametrize(
    ("label", "layers"),
    [("fc", ["fc"]), ("set:01", ["hidden1", "fc"]), ("all", ["hidden1", "hidden2", "hidden3", "fc"])],
)
@pytest.mark.parametrize(
    ("data", "splits"),
    [("own", ["own_b"]), ("other", ["own_a"]), ("union", ["own_a", "own_b"]), ("test", ["test"])],
)
def test_a_cost_is_the_loss_of_the_client_with_averaged_layers_minus_its_own(costs, label, layers, data, splits):
    cell = costs.sel(moving=label, host="b", data=data)
    mixed, host = (losses(w, *splits) for w in (averaged(B, A, *layers), B))
    assert float(cell["loss"]) == pytest.approx(mixed.mean(), abs=1e-5)
    assert float(cell["rise"]) == pytest.approx((mixed - host).mean(), abs=1e-5)
    assert float(cell["loss_host"]) == pytest.approx(host.mean(), abs=1e-5)
    assert cell["rise_low"] < cell["rise"] < cell["rise_high"]
    everything = losses(averaged(B, A, "hidden1", "hidden2", "hidden3", "fc"), *splits)
    assert float(cell["share"]) == pytest.approx((mixed - host).mean() / (everything - host).mean(), rel=1e-3)


def test_the_clients_and_their_mean_are_wrong_on_the_test_images_as_often_as_counted():
    inputs, targets = data = MLP.data(200, seed=4)
    # As they are, they see one class in all images.
    a, b = ({key: 4 * tensor for key, tensor in weights.items()} for weights in (A, B))
    result = isthmus.measure(MLP.build, a, b, DATA | {"test": data})
    wrong = [
        100 * float((torch.func.functional_call(MLP.build(), weights, (inputs,)).argmax(1) != targets).double().mean())
        for weights in (a, b, averaged(a, b, "hidden1", "hidden2", "hidden3", "fc"))
    ]
    assert len(set(wrong)) == 3, "or the numbers could change places"
    of_a, of_b, of_mean = (f"{percent:.1f}" for percent in wrong)
    assert wrong_sentence(result) == f"the two networks get {of_a} and {of_b} % wrong, and their mean {of_mean} %."


def test_both_clients_end_in_one_network_where_everything_is_averaged(costs):
    union = costs["loss"].sel(moving="all", data="union").values
    assert union[0] == union[1]


def test_estimates_say_whose_layers_they_are(costs):
    found = costs_of(costs, "fc", "own")
    assert [estimate.where for estimate in found] == ["fc of a", "fc of b"]
    assert found[1].estimate.value == float(costs["rise"].sel(moving="fc", host="b", data="own"))
    assert costs_of(costs, "fc", "union", "share")[0].estimate.low == float(costs["share_low"].sel(
        moving="fc", host="a", data="union"))  # fmt: skip


@pytest.mark.parametrize(("label", "layers"), [("fc", ["fc"]), ("set:01", ["hidden1", "fc"]), ("nothing", [])])
def test_what_stays_above_full_averaging_is_the_mean_of_both_clients_on_the_union(costs, label, layers):
    splits = ("own_a", "own_b")
    partly = (losses(averaged(A, B, *layers), *splits) + losses(averaged(B, A, *layers), *splits)) / 2
    everything = losses(averaged(B, A, "hidden1", "hidden2", "hidden3", "fc"), *splits)
    cell = costs.sel(averaged=label)
    difference = partly - everything
    assert float(cell["above_full"]) == pytest.approx(difference.mean(), abs=1e-5)
    (low,), (high,) = mean_band(
        difference[None], critical_value(difference[None])
    )  # of paired differences, as any mean
    half = (high - low) / 2
    ends = [float(cell[f"above_full_{end}"]) for end in ("low", "high")]
    assert ends == pytest.approx([low, high], abs=2e-2 * half)


@pytest.mark.parametrize(
    ("value", "low", "high", "met"), [(0.2, 0.1, 0.3, True), (0.2, -0.1, 0.5, None), (-0.2, -0.3, -0.1, False)]
)
def test_full_averaging_is_best_only_if_every_set_and_nothing_are_surely_worse(costs, value, low, high, met):
    changed = costs.copy(deep=True)
    for end, number in (("", 0.7), ("_low", 0.6), ("_high", 0.8)):
        changed[f"above_full{end}"][:] = number
    for end, number in (("", value), ("_low", low), ("_high", high)):
        changed[f"above_full{end}"].loc[{"averaged": "hidden1"}] = number
    criterion = pair_criteria(changed)[-1]
    assert (criterion.met, criterion.essential) == (met, False)
    assert criterion.seen.endswith("nats, hidden1")


def test_the_criteria_are_the_least_of_everything_and_the_most_of_single_layers(costs):
    everything, layer, share, union, _ = pair_criteria(costs)
    single = costs.isel(moving=np.flatnonzero(costs["sweep"].values == "single"))
    for criterion, cells, at_end in (
        (everything, costs["rise"].sel(data="own", moving=["all"]), "idxmin"),
        (layer, single["rise"].sel(data="own"), "idxmax"),
        (share, single["share"].sel(data="own"), "idxmax"),
        (union, single["rise"].sel(data="union"), "idxmax"),
    ):
        stacked = cells.stack(cell=["moving", "host"])
        moving, host = getattr(stacked, at_end)("cell").item()
        number = float(criterion.seen.split()[0].replace("−", "-"))
        assert number == pytest.approx(float(cells.sel(moving=moving, host=host)), abs=0.051)
        assert criterion.seen.endswith(f"client {host}" if moving == "all" else f"{moving} of {host}")
    assert "set:01" not in layer.seen + union.seen + share.seen
    assert all(criterion.essential for criterion in (everything, layer, share, union))


def recipe(name, data):
    table = {
        "model": "mlp:inputs=64",
        "length": "1ep",
        "batch_size": 8,
        "optimizer": {"name": "sgd", "learning_rate": 1},
    }
    return recipe_of(table | {"name": name, "data": data}, "")


def test_pairs_are_the_two_clients_of_one_partition_and_share_out_everything():
    recipes = [
        recipe("a1", "digits:train[0:60]:client=0/2"), recipe("b1", "digits:train[0:60]:client=1/2"),
        recipe("a2", "digits:train[0:60]:client=0/2,classes=5"),
        recipe("b2", "digits:train[0:60]:client=1/2,classes=5"),
    ]  # fmt: skip
    pairs = client_pairs(TrainedNetworks(Path("none"), recipes))
    assert [(pair.a, pair.b, pair.rule) for pair in pairs] == [("a1", "b1", "i.i.d."), ("a2", "b2", "classes=5")]
    for pair in pairs:
        parts = [load_examples(spec).targets.numpy() for spec in pair.data.values()]
        assert np.array_equal(
            np.sort(np.concatenate(parts)), np.sort(load_examples("digits:train[0:60]").targets.numpy())
        )
    mixed = [recipe("a1", "digits:train:client=0/2"), recipe("b1", "digits:train:client=1/2,seed=1")]
    with pytest.raises(AssertionError, match="one partition"):
        client_pairs(TrainedNetworks(Path("none"), mixed))
