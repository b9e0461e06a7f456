"""Entries that a file holds in another type of number than the model."""

import pytest
import torch
from torch import nn

from isthmus.errors import InputError
from isthmus.weights.fitting import fit_to_model


class Positions(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3))
        self.register_buffer("ids", torch.arange(3))
        self.register_buffer("seen", torch.tensor([True, False]))


def fitted(**entries):
    return fit_to_model(dict(Positions().state_dict()) | entries, Positions(), "file.pt")


@pytest.mark.parametrize(
    ("key", "held"),
    [
        ("ids", torch.tensor([0.0, 1.0, 2.0]).half()),
        ("ids", torch.tensor([0, 1, 2], dtype=torch.int32)),
        ("ids", torch.tensor([0.0, 1.0, 2.0]).to(torch.float8_e4m3fn)),
        ("seen", torch.tensor([1, 0], dtype=torch.uint8)),
        ("seen", torch.tensor([1.0, 0.0])),
        ("weight", torch.tensor([1, 0, 3])),
    ],
)
def test_entries_are_read_as_load_state_dict_reads_them(key, held):
    found = fitted(**{key: held})
    model = Positions()
    model.load_state_dict(dict(model.state_dict()) | {key: held})
    assert found.weights[key].dtype == model.state_dict()[key].dtype
    assert torch.equal(found.weights[key], model.state_dict()[key])
    assert [note for note in found.notes if key in note]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.float8_e5m2])
def test_floating_point_numbers_keep_the_width_of_the_file(dtype):
    found = fitted(weight=torch.ones(3).to(dtype))
    assert found.weights["weight"].dtype == dtype
    assert found.notes == ()


@pytest.mark.parametrize(
    ("key", "held"),
    [
        ("ids", torch.tensor([0.0, 1.5, 2.0])),
        ("ids", torch.tensor([0.0, float("nan"), 2.0])),
        ("seen", torch.tensor([2, 0])),
        ("weight", torch.ones(3, dtype=torch.complex64)),
    ],
)
def test_numbers_that_the_models_type_cannot_hold_are_refused(key, held):
    with pytest.raises(InputError, match=rf"(?s)numbers under '{key}', as the model has them.*cannot hold.*file\.pt"):
        fitted(**{key: held})
