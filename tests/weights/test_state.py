"""What state dicts are made of, and whether two fit together."""

import torch
from torch import nn

from isthmus.weights.state import (
    Kind,
    content_hash,
    entry_kinds,
    lend_weights,
    same_bits,
    structure_difference,
    tied_keys,
)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("table", torch.arange(4))
        self.register_buffer("scale", torch.ones(2))
        self.frozen = nn.Parameter(torch.zeros(2), requires_grad=False)
        self.norm = nn.BatchNorm1d(3)


def test_every_entry_has_its_kind_by_module_type():
    kinds = entry_kinds(Tied())
    assert kinds["frozen"] is Kind.PARAMETER
    assert kinds["embed.weight"] is kinds["head.weight"] is Kind.PARAMETER
    assert kinds["table"] is Kind.INTEGER_BUFFER
    assert kinds["scale"] is Kind.FLOAT_BUFFER
    assert kinds["norm.running_var"] is Kind.STATISTICS
    assert kinds["norm.num_batches_tracked"] is Kind.COUNTER
    assert set(kinds) == set(Tied().state_dict())


def test_tied_keys_are_found_by_identity():
    assert tied_keys(Tied()) == [("embed.weight", "head.weight")]
    assert tied_keys(nn.Linear(2, 2)) == []


def test_the_content_hash_sees_values_names_shapes_and_dtypes_but_not_order():
    weights = {"x": torch.zeros(2, 3), "y": torch.ones(1)}
    same = {"y": torch.ones(1), "x": torch.zeros(2, 3)}
    assert content_hash(weights) == content_hash(same)
    others = [
        {"x": torch.zeros(3, 2), "y": torch.ones(1)},
        {"x": torch.zeros(2, 3).double(), "y": torch.ones(1)},
        {"x": torch.zeros(2, 3), "z": torch.ones(1)},
        {"x": torch.full((2, 3), 1e-45), "y": torch.ones(1)},
    ]
    assert len({content_hash(w) for w in [weights, *others]}) == 5


def test_a_difference_names_three_keys_of_a_kind_and_counts_the_others():
    expected = {"x": torch.zeros(2), "y": torch.zeros(1), "z": torch.zeros(1)}
    difference = structure_difference({"x": torch.zeros(3), "w": torch.zeros(1), "y": torch.zeros(1)}, expected)
    assert str(difference) == "1 missing: z; 1 unexpected: w; 1 of another shape: x [3] instead of [2]"
    assert not structure_difference(expected, expected)
    many = structure_difference({}, {letter: torch.zeros(1) for letter in "abcde"})
    assert str(many) == "5 missing: a, b, c and 2 more"


def test_same_bits_takes_nan_for_equal_to_nan_and_dtypes_for_different():
    nan = torch.tensor([1.0, float("nan")])
    assert same_bits(nan, nan.clone())
    assert not same_bits(nan, torch.tensor([1.0, 2.0]))
    assert not same_bits(nan, nan.double())
    assert same_bits(torch.tensor([1]), torch.tensor([1]))


def test_large_tensors_are_compared_to_the_last_number():
    large = torch.zeros(2**22 + 3)
    other = large.clone()
    assert same_bits(large, other)
    other[-1] = 1
    assert not same_bits(large, other)


def test_lent_weights_are_the_modules_own_and_take_no_memory():
    model = Tied()
    weights = {key: tensor.clone() for key, tensor in Tied().state_dict().items()}
    weights["frozen"] = torch.arange(4.0)[1:3]  # a part of another tensor's memory
    weights["norm.weight"] = weights["norm.weight"].double()
    weights["norm.running_mean"] += 3
    weights["head.weight"] = weights["embed.weight"]
    parameters = dict(model.named_parameters())
    lend_weights(model, weights, copied={"norm.bias"})
    assert all(dict(model.named_parameters())[key] is parameter for key, parameter in parameters.items())
    assert tied_keys(model) == [("embed.weight", "head.weight")]
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, weights[key].to(tensor.dtype)), key
        is_lent = key in {"embed.weight", "head.weight"}
        assert (tensor.data_ptr() == weights[key].data_ptr()) == is_lent, key
    lend_weights(model, weights, copied={"embed.weight"})
    assert model.head.weight.data_ptr() != weights["head.weight"].data_ptr()  # what is written to is one tensor
