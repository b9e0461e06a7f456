"""Networks for measuring are built without room for parameters, and with all else that they are."""

import threading

import pytest
import torch
from hugging_face_folders import gpt2, save_folder
from torch import nn

import isthmus
from isthmus.models.load import load_model
from isthmus.models.without_values import built_without_values
from isthmus.weights.state import tied_keys


class Tables(nn.Module):
    """Tied weights, a buffer that is computed from numbers, and on demand one that is computed from a parameter."""

    def __init__(self, depends=None):
        super().__init__()
        self.rows, self.out = nn.Embedding(4, 3), nn.Linear(3, 4, bias=False)
        self.out.weight = self.rows.weight
        self.register_buffer("places", torch.arange(4.0), persistent=False)
        if depends == "buffer":
            self.register_buffer("start", self.rows.weight.detach().clone(), persistent=False)
        elif depends == "attribute":
            self.start = self.rows.weight.detach() * 2
        elif depends == "number":
            self.start = float(self.rows.weight.detach().sum())


def test_parameters_take_no_room_and_all_else_is_there():
    model = built_without_values(Tables)
    assert all(parameter.is_meta for parameter in model.parameters())
    assert model.places.tolist() == [0, 1, 2, 3]
    assert tied_keys(model) == tied_keys(Tables()) != []
    assert [(k, t.shape) for k, t in model.state_dict().items()] == [
        (k, t.shape) for k, t in Tables().state_dict().items()
    ]
    assert not any(parameter.is_meta for parameter in Tables().parameters()), "the block has ended"


@pytest.mark.parametrize("depends", ["buffer", "attribute", "number"])
def test_a_network_that_computes_something_from_parameters_is_built_with_values(depends):
    model = built_without_values(lambda: Tables(depends))
    assert not any(parameter.is_meta for parameter in model.parameters())
    weight = model.rows.weight.detach()
    assert torch.equal(
        torch.as_tensor(model.start), {"buffer": weight, "attribute": 2 * weight}.get(depends, weight.sum())
    )


def test_what_another_thread_builds_meanwhile_has_values():
    found = []

    def build():
        other = threading.Thread(target=lambda: found.append(Tables()))
        other.start()
        other.join()
        return Tables()

    assert all(parameter.is_meta for parameter in built_without_values(build).parameters())
    assert not any(parameter.is_meta for parameter in found[0].parameters())


def test_the_network_of_a_folder_is_measured_without_ever_having_values(tmp_path):
    for seed, name in ((0, "a"), (1, "b")):
        save_folder(gpt2(seed), tmp_path / name)
    spec = f"hf:{tmp_path / 'a'}"
    tokens = torch.randint(10, (12, 7), generator=torch.Generator().manual_seed(3))
    data = (tokens[:, :-1], tokens[:, 1:])
    assert all(parameter.is_meta for parameter in load_model(spec, with_values=False).parameters())
    by_name = isthmus.measure(spec, tmp_path / "a", tmp_path / "b", data)
    by_module = isthmus.measure(load_model(spec), tmp_path / "a", tmp_path / "b", data)
    assert by_name.loss.equals(by_module.loss)
