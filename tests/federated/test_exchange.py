"""The mean of what clients send."""

import itertools
import math
from dataclasses import replace

import pytest
import torch
from federations import federation, same

from isthmus.federated.exchange import Exchanged, Sent, mean_of, network_after, refusal
from isthmus.federated.server import Server
from isthmus.layers.rules import layer_partition
from isthmus.weights.state import entry_kinds


@pytest.fixture(scope="module")
def found():
    return federation()


@pytest.fixture(scope="module")
def sent_by_three(found):
    torch.manual_seed(0)
    networks = [{key: torch.randn_like(tensor) for key, tensor in found.initial.items()} for _ in range(3)]
    counted = zip((5, 17, 3), networks, strict=True)
    return found.exchanged, [Sent(client, count, network) for client, (count, network) in enumerate(counted)]


def test_the_order_of_clients_changes_no_bit(sent_by_three):
    exchanged, sent = sent_by_three
    sets = {0: ("conv1", "fc"), 1: tuple(exchanged.layers), 2: ("fc",)}
    means = [mean_of(order, sets, exchanged) for order in itertools.permutations(sent)]
    assert all(same(mean.weights, means[0].weights) for mean in means)
    assert means[0].num_senders == {**dict.fromkeys(exchanged.layers, 1), "conv1": 2, "fc": 3}


def test_a_layer_is_the_mean_of_those_who_sent_it_and_others_keep_theirs(sent_by_three):
    exchanged, sent = sent_by_three
    sets = {0: ("fc",), 1: (), 2: ("fc",)}
    mean = mean_of(sent, sets, exchanged).weights
    assert set(mean) == {"fc.weight", "fc.bias"}
    by_hand = (5 * sent[0].weights["fc.bias"].double() + 3 * sent[2].weights["fc.bias"].double()) / 8
    assert torch.equal(mean["fc.bias"], by_hand.float())
    assert same(network_after(sent[1].weights, mean, sets[1], exchanged), dict(sent[1].weights))
    mine = network_after(sent[0].weights, mean, sets[0], exchanged)
    assert torch.equal(mine["fc.bias"], mean["fc.bias"])
    assert torch.equal(mine["conv1.weight"], sent[0].weights["conv1.weight"])


def test_statistics_travel_or_stay_and_counters_never_travel():
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    layers = layer_partition("module", model)
    averaged, private = (Exchanged(layers, entry_kinds(model), is_private) for is_private in (False, True))
    assert averaged.keys(["1"]) == ("1.weight", "1.bias", "1.running_mean", "1.running_var")
    assert private.keys(["1"]) == ("1.weight", "1.bias")


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        ({"w": torch.tensor([math.inf, 1.0])}, "a number that is not finite in w"),
        ({"w": torch.zeros(3)}, "shape (3,) of w, expected (2,)"),
        ({"w": torch.zeros(2).double()}, "type torch.float64 of w, expected torch.float32"),
        ({"v": torch.zeros(2)}, "no w"),
        ({"w": torch.zeros(2), "v": torch.zeros(2)}, "v, which was not asked for"),
    ],
)
def test_what_cannot_be_averaged_is_refused_by_its_reason(weights, reason):
    assert refusal(Sent(0, 1.0, weights), ["w"], {"w": torch.zeros(2)}, 1.0) == reason


def test_what_can_be_averaged_is_not_refused_unless_it_counts_nothing():
    assert refusal(Sent(0, 1.0, {"w": torch.zeros(2)}), ["w"], {"w": torch.zeros(2)}, 1.0) is None
    for count in (0.0, float("nan"), 1e300):
        assert refusal(Sent(0, count, {}), [], {}, 1.0) == f"a count of {count:g}, expected 1"


def test_a_round_goes_on_without_a_client_whose_weights_are_no_numbers(found):
    equal = found.recipe.model_copy(update={"weighting": "equal"})
    server = Server(replace(found, recipe=equal), found.recipe.rules[0])
    good = {key: tensor + 1 for key, tensor in found.initial.items()}
    bad = {**good, "fc.bias": good["fc.bias"] * math.nan}
    done = server.round(1, {0: Sent(0, 1.0, found.initial), 1: Sent(1, 1.0, bad), 2: Sent(2, 1.0, good)}, {})
    assert done.left_out == {1: "a number that is not finite in fc.bias"}
    assert torch.equal(
        done.mean.weights["fc.bias"], (found.initial["fc.bias"].double() + good["fc.bias"]).div(2).float()
    )
