"""Which keys make a layer under each rule."""

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from isthmus.errors import InputError
from isthmus.layers.order import first_use
from isthmus.layers.partition import LayerPartition
from isthmus.layers.rules import layer_partition
from isthmus.models.load import load_model
from isthmus.questions.inspection.answer import named_modules
from isthmus.sweeps.spec import sweeps_of


class Awkward(nn.Module):
    """Registered as head, body, first; used as class token, first, body, first again, head; head is tied to first."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4, 4, bias=False)
        self.body = nn.ModuleList([nn.Linear(4, 4), nn.BatchNorm1d(4)])
        self.first = nn.Linear(4, 4, bias=False)
        self.head.weight = self.first.weight
        self.token = nn.Parameter(torch.zeros(4))
        self.unused = nn.Linear(2, 2)

    def forward(self, x):
        x = self.first(x + self.token)
        for module in self.body:
            x = module(x)
        return self.head(self.first(x))


def awkward_partition(rule="module"):
    model = Awkward().eval()
    return layer_partition(rule, model, first_use(model, torch.zeros(2, 4)))


def test_layers_stand_in_the_order_of_first_use_and_unused_ones_last():
    assert list(awkward_partition()) == ["token", "first", "body.0", "body.1", "unused"]


def test_tied_modules_are_one_layer_named_by_the_one_called_first():
    assert set(awkward_partition()["first"]) == {"first.weight", "head.weight"}


def test_buffers_and_counters_belong_to_the_layer_of_their_module():
    assert "body.1.num_batches_tracked" in awkward_partition()["body.1"]


def test_under_tensor_every_floating_entry_is_a_layer_and_integers_ride_along():
    partition = awkward_partition("tensor")
    assert "body.1.running_var" in partition
    assert [keys for keys in partition.layers.values() if "body.1.num_batches_tracked" in keys] == [
        ("body.1.weight", "body.1.num_batches_tracked")
    ]


def test_blocks_are_items_of_the_outermost_rows_with_several_children():
    partition = layer_partition("block", load_model("resnet18_no_norm:width=2"))
    expected = ["conv1", *(f"layer{i}.{j}" for i in range(1, 5) for j in range(2)), "fc"]
    assert list(partition) == expected
    nested = nn.Sequential(nn.Sequential(nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))))
    assert list(layer_partition("block", nested)) == ["0.0.0", "0.0.1"]


def test_types_gather_all_modules_of_a_class():
    partition = layer_partition("type", load_model("resnet18:width=2"))
    assert set(partition) == {"Conv2d", "BatchNorm2d", "Linear"}
    assert "layer2.0.downsample.1.running_mean" in partition["BatchNorm2d"]


def test_patterns_gather_what_they_match_and_leave_the_rest_by_module():
    partition = layer_partition("pattern:layer1.*,layer2.*", load_model("resnet18_no_norm:width=2"))
    assert len(partition["layer1.*"]) == 4
    assert "layer3.0.conv1" in partition
    with pytest.raises(InputError, match=r"'layer9\.\*', which matches none"):
        layer_partition("pattern:layer9.*", load_model("resnet18_no_norm:width=2"))


def test_parametrised_weights_belong_to_the_module_that_they_are_a_part_of():
    model = nn.Sequential(weight_norm(nn.Linear(2, 2)), nn.Linear(2, 2))
    assert list(layer_partition("module", model)) == ["0", "1"]
    assert len(layer_partition("module", model)["0"]) == 3


class Buffered(nn.Module):
    """A mask first of all, statistics between two layers, integers in the root, and a counter that nothing reads."""

    def __init__(self):
        super().__init__()
        self.counter = nn.Module()
        self.counter.register_buffer("steps", torch.zeros((), dtype=torch.long))
        self.norm = nn.BatchNorm1d(4, affine=False)
        self.last = nn.Linear(4, 2)
        self.first = nn.Linear(4, 4)
        self.register_buffer("order", torch.arange(4))
        self.mask = nn.Module()
        self.mask.register_buffer("zeros", torch.ones(4))

    def forward(self, x):
        return self.last(self.norm(self.first(x * self.mask.zeros))[:, self.order])


def test_modules_without_parameters_go_with_the_layer_used_just_before_or_else_with_the_first():
    model = Buffered().eval()
    used = first_use(model, torch.zeros(2, 4))
    partition = layer_partition("module", model, used)
    assert list(partition) == ["first", "last"]
    statistics = {f"norm.{name}" for name in ("running_mean", "running_var", "num_batches_tracked")}
    assert set(partition["first"]) == {"first.weight", "first.bias", "mask.zeros", "order", *statistics}
    assert "counter.steps" in partition["last"]
    assert list(layer_partition("type", model, used)) == ["Linear"]
    tensors = layer_partition("tensor", model, used)
    assert {"mask.zeros", "norm.running_mean"} < set(tensors)
    assert not {"order", "counter.steps"} & set(tensors)


@pytest.mark.parametrize("rule", ["module", "tensor", "block", "type", "pattern:norm,last"])
def test_every_key_stands_in_one_layer_also_where_modules_have_no_parameters(rule):
    model = Buffered().eval()
    for use in (None, first_use(model, torch.zeros(2, 4))):
        partition = layer_partition(rule, model, use)
        assert sorted(key for keys in partition.layers.values() for key in keys) == sorted(model.state_dict())


def test_a_pattern_that_names_a_module_of_buffers_makes_it_a_layer():
    partition = layer_partition("pattern:norm", Buffered())
    assert set(partition) == {"norm", "last", "first"}


def test_a_network_of_buffers_alone_keeps_its_modules_as_layers():
    model = nn.Sequential(nn.BatchNorm1d(2, affine=False), nn.BatchNorm1d(2, affine=False))
    assert list(layer_partition("module", model)) == ["0", "1"]


def test_an_unknown_rule_is_refused_with_the_rules():
    with pytest.raises(InputError, match="Did you mean 'module'"):
        layer_partition("modul", nn.Linear(1, 1))


def test_a_given_partition_is_checked_and_put_in_order():
    model = Awkward().eval()
    keys = list(model.state_dict())
    torn = LayerPartition({"head": ["head.weight"], "rest": [k for k in keys if k != "head.weight"]})
    with pytest.raises(InputError, match="tied keys in one layer"):
        layer_partition(torn, model)
    late = [k for k in keys if k.startswith(("body", "unused"))]
    given = LayerPartition({"late": late, "early": [k for k in keys if k not in late]})
    assert list(layer_partition(given, model, first_use(model, torch.zeros(2, 4)))) == ["early", "late"]


class Odd(nn.Module):
    """Modules with commas and brackets in their names."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = nn.ModuleDict({name: nn.Linear(2, 2) for name in ("a,b", "a", "[0]", "0")})

    def forward(self, x):
        for layer in self.rows.values():
            x = layer(x)
        return x


def test_names_with_commas_and_brackets_mean_themselves():
    partition = layer_partition("pattern:rows.a,b,rows.[0]", Odd())
    assert set(partition) == {"rows.a,b", "rows.a", "rows.[0]", "rows.0"}
    assert partition["rows.[0]"] == ("rows.[0].weight", "rows.[0].bias")
    layers = tuple(layer_partition("module", Odd()))
    groups = sweeps_of("cumulative:given:rows.a,b,rows.0")[1].groups(layers)
    assert groups[-1].layers == ("rows.a,b", "rows.0")


class Held(nn.Module):
    """Holds a token and a place beside two children."""

    def __init__(self):
        super().__init__()
        self.token, self.place = nn.Parameter(torch.zeros(4)), nn.Parameter(torch.zeros(4))
        self.first, self.last = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        return self.last(self.first(x + self.token) + self.place)


def test_what_a_module_holds_beside_its_children_is_called_its_own():
    model = nn.Sequential(Held(), nn.Linear(4, 2))
    keys = {"0 (own)": ("0.token", "0.place"), "0.first": ("0.first.weight", "0.first.bias")}
    for partition in (layer_partition("module", model), named_modules(model.state_dict())):
        assert list(partition) == ["0 (own)", "0.first", "0.last", "1"]
        assert {label: partition[label] for label in keys} == keys
    assert "0 (own)" not in layer_partition("tensor", model).layers
    # A pattern is a layer by the name that it was given.
    assert layer_partition("pattern:0", model)["0"] == keys["0 (own)"]


def test_an_own_label_can_be_asked_for_like_any_other():
    model = nn.Sequential(Held(), nn.Linear(4, 2))
    layers = tuple(layer_partition("module", model))
    groups = sweeps_of("cumulative:given:1,0 (own)")[1].groups(layers)
    assert groups[-1].layers == ("0 (own)", "1")
    with pytest.raises(InputError, match=r"Did you mean '0 \(own\)'"):
        layer_partition("module", model)["0 own"]
