"""Weights of other people's files under the keys of a model: what is stripped, filled in, left out and refused."""

import pytest
import torch
from torch import nn

from isthmus.errors import InputError
from isthmus.weights.fitting import fitted_to


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.embed.weight


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
