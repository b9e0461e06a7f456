"""Barriers between clients against `isthmus.measure`, and what a rule is told of them."""

import pytest
import torch
from cases import CASES

import isthmus
from isthmus.data.examples import Examples
from isthmus.evaluation.stages import kept_graphs
from isthmus.federated.barriers import ClientBarrier, client_barriers, measured_of
from isthmus.measures.estimate import Estimate
from isthmus.results.estimates import estimate_at

BATCH = 24
CASE = {case.name: case for case in CASES}
MODEL = CASE["omniglot_cnn"].build()
NETWORKS = {client: CASE["omniglot_cnn"].weights(client) for client in (1, 4, 7)}
NETWORKS[4] |= {key: NETWORKS[1][key] for key in ("fc.weight", "fc.bias")}
EXAMPLES = Examples(*CASE["omniglot_cnn"].data(40), "made", "data")


@pytest.fixture(scope="module")
def exports():
    return []


@pytest.fixture(scope="module")
def found(exports):
    with pytest.MonkeyPatch.context() as patch:
        real = kept_graphs.operator_graph
        patch.setattr(kept_graphs, "operator_graph", lambda *given: exports.append(0) or real(*given))
        with kept_graphs.kept_graphs({}):  # not what other tests of this process exported
            return client_barriers(MODEL, NETWORKS, EXAMPLES, batch_size=BATCH)


def test_a_ring_is_exported_once_and_holds_every_neighbour_as_host(found, exports):
    assert len(exports) == 1
    hosts = list(dict.fromkeys((barrier.host, barrier.donor) for barrier in found))
    assert hosts == [(1, 4), (4, 1), (4, 7), (7, 4), (7, 1), (1, 7)]


@pytest.mark.parametrize(("a", "b", "baseline"), [(1, 4, "host"), (7, 1, "models")])
def test_each_pair_equals_a_measurement_of_it_to_the_bit(found, a, b, baseline):
    if baseline == "host":
        two = {client: NETWORKS[client] for client in (a, b)}
        found = client_barriers(MODEL, two, EXAMPLES, batch_size=BATCH, baseline=baseline)
    result = isthmus.measure(MODEL, NETWORKS[a], NETWORKS[b], EXAMPLES, batch_size=BATCH, baseline=baseline)
    for host, pair in {"a": (a, b), "b": (b, a)}.items():
        of_host = {one.layer: one.barrier for one in found if (one.host, one.donor) == pair}
        rows = result.sel(host=host)
        assert list(of_host) == list(result["moving"].values[1:])
        assert of_host == {layer: estimate_at(rows.sel(moving=layer), "loss_barrier") for layer in of_host}


def test_diverged_and_equal_networks_have_nan_and_nothing_and_spoil_no_others():
    case = CASE["mlp"]
    networks = {0: case.weights(0), 1: case.weights(0), 2: {k: t * torch.nan for k, t in case.weights(2).items()}}
    found = client_barriers(case.build(), networks, Examples(*case.data(), "made", "data"), baseline="host")
    alike = [one.barrier for one in found if {one.host, one.donor} == {0, 1}]
    assert alike == [Estimate.exact(0.0)] * len(alike)
    assert all(one.barrier.is_nan for one in found if 2 in {one.host, one.donor})
    assert len(alike) == 8


def test_one_client_has_none_and_two_are_one_pair():
    case = CASE["deep_linear"]
    data = Examples(*case.data(), "made", "data")
    networks = {client: case.weights(client) for client in range(2)}
    assert client_barriers(case.build(), {0: networks[0]}, data) == []
    assert client_barriers(case.build(), networks, data) == client_barriers(case.build(), networks, data, pairs="all")


def test_a_rule_is_told_the_largest_of_all_pairs_that_a_client_is_in():
    small, large, doubtful = Estimate(0.1, 0.0, 0.4), Estimate(0.2, 0.1, 0.3), Estimate(0.0, -1.0, 0.1, trusted=False)
    nan = Estimate(float("nan"), float("nan"), float("nan"))
    told = measured_of([
        ClientBarrier(0, 1, "fc", small),
        ClientBarrier(1, 0, "fc", large),
        ClientBarrier(2, 1, "fc", doubtful),
        ClientBarrier(2, 3, "fc", nan),
        ClientBarrier(2, 1, "conv", small),
    ])
    assert list(told) == [0, 1, 2, 3]
    assert (told[0]["fc"].value, told[0]["fc"].high, told[0]["fc"].trusted) == (0.2, 0.4, True)
    assert not told[1]["fc"].trusted
    assert told[2]["fc"].is_nan
    assert told[3]["fc"].is_nan
    assert told[2]["conv"] == small
