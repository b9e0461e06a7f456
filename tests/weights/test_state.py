"""What state dicts are made of, and whether two fit together."""

import pytest
import torch
from torch import nn

from isthmus.errors import InputError
from isthmus.weights.state import (
    Kind,
    content_hash,
    entry_kinds,
    fitted_to,
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


def test_a_difference_names_every_key():
    expected = {"x": torch.zeros(2), "y": torch.zeros(1), "z": torch.zeros(1)}
    difference = structure_difference({"x": torch.zeros(3), "w": torch.zeros(1), "y": torch.zeros(1)}, expected)
    assert str(difference) == "1 missing: z; 1 unexpected: w; 1 of another shape: x [3] instead of [2]"
    assert not structure_difference(expected, expected)


def test_a_dropped_tied_key_is_filled_and_noted():
    model = Tied()
    weights = {key: t for key, t in model.state_dict().items() if key != "head.weight"}
    fitted = fitted_to(weights, model, "a.safetensors")
    assert torch.equal(fitted.weights["head.weight"], weights["embed.weight"])
    assert list(fitted.weights) == list(model.state_dict())
    assert any("head.weight" in note for note in fitted.notes)


def test_tied_keys_with_different_values_are_refused():
    model = Tied()
    weights = dict(model.state_dict()) | {"head.weight": torch.zeros(5, 3)}
    with pytest.raises(InputError, match=r"(?s)different values.*a\.safetensors"):
        fitted_to(weights, model, "a.safetensors")


def test_a_common_first_component_is_stripped_only_if_that_makes_the_keys_fit():
    model = nn.Linear(2, 2)
    weights = {f"model.{key}": t for key, t in model.state_dict().items()}
    fitted = fitted_to(weights, model, "a")
    assert set(fitted.weights) == {"weight", "bias"}
    assert fitted.notes == ("the prefix 'model.' was stripped from every key",)
    nested = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(InputError, match="missing"):
        fitted_to({f"1.{key}": t for key, t in model.state_dict().items()}, nested, "a")


def test_another_architecture_is_refused_with_all_keys():
    with pytest.raises(InputError, match="1 missing: bias; 1 unexpected: offset; 1 of another shape: weight"):
        fitted_to({"weight": torch.zeros(3, 2), "offset": torch.zeros(2)}, nn.Linear(2, 2), "b.safetensors")


def test_same_bits_takes_nan_for_equal_to_nan_and_dtypes_for_different():
    nan = torch.tensor([1.0, float("nan")])
    assert same_bits(nan, nan.clone())
    assert not same_bits(nan, torch.tensor([1.0, 2.0]))
    assert not same_bits(nan, nan.double())
    assert same_bits(torch.tensor([1]), torch.tensor([1]))
