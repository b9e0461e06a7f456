"""Which layers each rule averages, written out."""

import importlib
import pkgutil
from collections import OrderedDict
from dataclasses import replace
from typing import get_args

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import nn

from isthmus.errors import InputError
from isthmus.federated import rules
from isthmus.federated.rules.known import AnyRule, RuleField
from isthmus.federated.rules.rule import Exchange, Phase, Rule
from isthmus.federated.rules.selection import named_layers
from isthmus.layers.order import first_use
from isthmus.layers.paper_groups import paper_groups, resnet18_layers
from isthmus.layers.partition import LayerPartition
from isthmus.layers.rules import layer_partition
from isthmus.measures.estimate import Estimate
from isthmus.models.load import load_model

CLIENTS = (0, 2, 5)


def exchange(model, inputs, layers="module", **others):
    partition = layer_partition(layers, model, first_use(model.eval(), inputs))
    settings = {"round": 1, "num_rounds": 4, "local_epochs": 3, "clients": CLIENTS} | others
    return Exchange(model=model, layers=partition, **settings)


def small(**others):
    model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.ReLU(), nn.Linear(4, 4), nn.Linear(4, 2))
    return exchange(model, torch.zeros(2, 4), **others)


def rule_of(written):
    return TypeAdapter(RuleField).validate_python(written)


def sets(written, of_round):
    return rule_of(written).aggregated_layers(of_round)


def one_set(written, of_round):
    found = sets(written, of_round)
    assert tuple(found) == of_round.clients
    (chosen,) = set(found.values())
    return chosen


def resnet(name, layers="module"):
    return exchange(load_model(f"{name}:width=4"), torch.zeros(2, 3, 8, 8), layers)


class Nested(nn.Module):
    """Norms in blocks in blocks, one of them in a list, one without weights, and a convolution that is called bn."""

    def __init__(self):
        super().__init__()
        self.bn = nn.Conv2d(1, 2, 1)
        inner = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))
        self.outer = nn.ModuleList([nn.Sequential(inner, nn.GroupNorm(1, 2)), nn.SyncBatchNorm(2)])
        self.last = nn.ModuleDict({"norm": nn.InstanceNorm2d(2, affine=True), "conv": nn.Conv2d(2, 2, 1)})

    def forward(self, x):
        x = self.bn(x)
        for module in self.outer:
            x = module(x)
        return self.last["conv"](self.last["norm"](x)).flatten(1)


def nested():
    return exchange(Nested(), torch.zeros(2, 1, 2, 2))


def vgg():
    """The beginning of VGG-16: normalisation is features.1, and features.10 is a convolution."""

    def convolution():
        return nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU()

    parts = *convolution(), *convolution(), nn.MaxPool2d(2), *convolution(), *convolution()
    features = OrderedDict(features=nn.Sequential(*parts), flatten=nn.Flatten(), classifier=nn.Linear(8, 2))
    return exchange(nn.Sequential(features), torch.zeros(2, 2, 4, 4))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("all", "0 1 3 4"),
        ("none", ""),
        ("body", "0 1 3"),
        ({"name": "body", "layers": ["3", "4"]}, "0 1"),
        ("head", "4"),
        ({"name": "head", "layers": ["[34]"]}, "3 4"),
        ({"name": "no_norm", "types": ["LayerNorm"]}, "0 3 4"),
        ("fedrep", "0 1 3"),
        ({"name": "fedbabu", "layers": ["3", "4"]}, "0 1"),
        ("cycle", "0"),
        ({"name": "chosen", "layers": ["4", "0"]}, "0 4"),
        ({"name": "chosen", "types": ["LayerNorm"], "layers": ["3"]}, "1 3"),
    ],
    ids=str,
)
def test_each_rule_averages_these_layers_of_a_small_network(written, expected):
    assert one_set(written, small()) == tuple(expected.split())


def test_fed_bn_keeps_exactly_the_normalisation_of_a_resnet_private_shortcuts_too():
    of_round = resnet("resnet18")
    private = set(of_round.layers) - set(one_set("no_norm", of_round))
    shortcuts = {f"layer{stage}.0.downsample.1" for stage in (2, 3, 4)}
    blocks = {f"layer{stage}.{block}.bn{k}" for stage in range(1, 5) for block in range(2) for k in (1, 2)}
    assert private == {"bn1"} | blocks | shortcuts
    with pytest.raises(InputError, match=r"'BatchNorm', which none has.*\n.*\n.*types = .*GroupNorm"):
        sets("no_norm", resnet("resnet18_group_norm"))
    of_groups = resnet("resnet18_group_norm")
    averaged = one_set({"name": "no_norm", "types": ["GroupNorm"]}, of_groups)
    assert set(of_groups.layers) - set(averaged) == private


def test_fed_bn_tells_features_1_from_features_10_and_sees_through_blocks():
    assert one_set("no_norm", vgg()) == ("features.0", "features.3", "features.7", "features.10", "classifier")
    assert one_set("no_norm", nested()) == ("bn", "outer.0.0.0", "outer.0.1", "last.norm", "last.conv")
    types = ["BatchNorm", "GroupNorm", "InstanceNorm"]
    assert one_set({"name": "no_norm", "types": types}, nested()) == ("bn", "outer.0.0.0", "last.conv")


def test_fed_bn_refuses_a_layer_that_holds_more_than_normalisation():
    with pytest.raises(InputError, match=r"layer 'layer1.0'.*bn1.*\n.*rule 'no_norm'\n.*layers = 'module'"):
        sets("no_norm", resnet("resnet18", layers="block"))
    bare = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, affine=False), nn.Linear(2, 2))
    with pytest.raises(InputError, match="statistics = 'private'"):
        sets("no_norm", exchange(bare, torch.zeros(2, 2)))


def test_one_layer_a_round_begins_again_after_the_last():
    found = [one_set("cycle", small(round=number)) for number in range(1, 7)]
    assert found == [("0",), ("1",), ("3",), ("4",), ("0",), ("1",)]


BODY = ("0", "1", "3")


@pytest.mark.parametrize(
    ("written", "local", "last"),
    [
        ("all", (Phase(3),), ()),
        ("fedrep", (Phase(1, ("4",)), Phase(2, BODY)), ()),
        ({"name": "fedrep", "head_epochs": 2}, (Phase(2, ("4",)), Phase(1, BODY)), ()),
        ("fedbabu", (Phase(3, BODY),), (Phase(5),)),
        ({"name": "fedbabu", "finetune_epochs": 1, "finetuned": "head"}, (Phase(3, BODY),), (Phase(1, ("4",)),)),
    ],
    ids=str,
)
def test_clients_train_these_layers_for_as_many_epochs_as_under_every_rule(written, local, last):
    rule, of_round = rule_of(written), small(local_epochs=3)
    assert rule.local_phases(of_round) == local
    assert rule.last_phases(of_round) == last
    assert sum(phase.epochs for phase in local) == 3


def test_fed_rep_without_an_epoch_for_the_body_is_refused():
    with pytest.raises(InputError, match=r"head_epochs = 3, local_epochs = 3\n.*'fedrep head_epochs=3'\n.*= 4 or more"):
        rule_of({"name": "fedrep", "head_epochs": 3}).local_phases(small(local_epochs=3))


@pytest.mark.parametrize("name", ["fedrep", "fedbabu"])
def test_a_rule_that_trains_the_body_needs_one(name):
    of_round = exchange(nn.Sequential(nn.Linear(4, 2)), torch.zeros(2, 4))
    with pytest.raises(InputError, match="all 1 layers in the head"):
        rule_of(name).local_phases(of_round)


def test_a_layer_is_averaged_where_its_barrier_is_surely_below_and_everything_before_anything_is_known():
    rule, nan = {"name": "barrier", "threshold": 0.1}, float("nan")
    assert rule_of(rule).needs_barriers
    assert one_set(rule, small()) == ("0", "1", "3", "4")
    below = Estimate(0.05, 0.0, 0.09)
    measured = {
        0: {"0": below, "1": Estimate(-0.3, -0.4, -0.2), "3": Estimate(0.05, 0.0, 0.1), "4": Estimate(0.2, 0.15, 0.3)},
        2: {"0": below, "1": Estimate(nan, nan, nan), "3": replace(below, trusted=False), "4": below},
    }
    assert sets(rule, small(measured=measured)) == {0: ("0", "1"), 2: ("0", "4"), 5: ()}


def test_the_paper_groups_are_those_of_its_network_and_of_no_other():
    of_round, groups = resnet("resnet18_no_norm"), paper_groups(resnet18_layers())
    for name, labels in groups.items():
        assert one_set({"name": "group", "group": name[0]}, of_round) == labels
    with pytest.raises(InputError, match=r"rule 'group B'\n.*\"chosen\", layers ="):
        sets({"name": "group", "group": "B"}, resnet("resnet18"))


@pytest.mark.parametrize("name", ["body", "head", "chosen", "fedrep", "fedbabu"])
def test_a_layer_that_the_network_lacks_is_refused_with_what_to_write(name):
    with pytest.raises(InputError) as caught:
        sets({"name": name, "layers": ["conv1", "layer1.0.conv3"]}, resnet("resnet18_no_norm"))
    assert caught.value.where == f"rule '{name} layers=conv1+layer1.0.conv3'"
    assert caught.value.got == "'layer1.0.conv3', which no layer has"
    assert "Did you mean 'layer1.0.conv2'?" in caught.value.remedy


def test_a_pattern_that_is_itself_a_label_means_this_layer():
    layers = LayerPartition({"w1": ["a"], "w[1]": ["b"]})
    assert named_layers(["w[1]"], layers, "") == ("w[1]",)
    assert named_layers(["w?"], layers, "") == ("w1",)


def test_nothing_chosen_is_refused():
    with pytest.raises(ValidationError, match="rule 'none' averages nothing"):
        rule_of("chosen")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("no_norm", "no_norm"),
        ({"name": "no_norm", "types": ["GroupNorm", "BatchNorm"]}, "no_norm types=GroupNorm+BatchNorm"),
        ({"name": "group", "group": "A"}, "group A"),
        ({"name": "group", "group": "A", "label": "critical"}, "critical"),
        ({"name": "chosen", "layers": ["fc"], "types": ["Conv2d"]}, "chosen layers=fc types=Conv2d"),
        ({"name": "barrier", "threshold": 0.05}, "barrier threshold=0.05"),
        ({"name": "fedbabu", "finetuned": "head"}, "fedbabu finetuned=head"),
    ],
    ids=str,
)
def test_a_rule_is_shown_with_what_it_was_set_to(written, shown):
    assert rule_of(written).shown == shown


def test_every_file_of_rules_is_known():
    found = set()
    for module in pkgutil.iter_modules(rules.__path__):
        there = vars(importlib.import_module(f"{rules.__name__}.{module.name}")).values()
        found |= {kind for kind in there if isinstance(kind, type) and issubclass(kind, Rule) and kind is not Rule}
    assert found == set(get_args(AnyRule))
