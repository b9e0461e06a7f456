"""Which network a checkpoint is of, in the message that the one given does not take it."""

import pytest
import torch

import isthmus
from isthmus.models.guess import guessed_model
from isthmus.models.load import load_model
from isthmus.models.registry import MODELS

SMALL = {
    "mlp": "mlp:inputs=12", "deep_linear": "deep_linear:inputs=6", "vit": "vit:layers=2,width=32,heads=?",
    "gpt": "gpt:layers=2,width=16,heads=?,vocabulary=30",
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_every_network_is_recognised_with_the_options_that_are_not_usual(name):
    text = SMALL.get(name, f"{name}:width=8" if "width" in MODELS[name].options else name)
    weights = load_model(text.replace("?", "2")).state_dict()
    found = guessed_model({f"module.{key}": tensor for key, tensor in weights.items()})
    assert found is not None
    again = load_model(found.replace("?", "2")).state_dict()
    assert {k: t.shape for k, t in again.items()} == {k: t.shape for k, t in weights.items()}
    # Two networks may have the same keys and shapes; the first of them is proposed.
    assert found == text or found.partition(":")[0] != name


def test_no_network_is_proposed_for_weights_of_none():
    conv = torch.zeros(0, 3, 3, 3)
    for weights in ({}, {"x": torch.zeros(2)}, {"conv1.weight": conv}, {"hidden1.weight": torch.zeros(())}):
        assert guessed_model(weights) is None


def test_the_message_names_three_keys_counts_the_others_and_proposes_the_network():
    weights = [load_model("resnet18:width=8").state_dict() for _ in range(2)]
    data = torch.zeros(4, 3, 32, 32), torch.zeros(4).long()
    words = (
        r"(?s)100 unexpected: bn1\.weight, bn1\.bias, bn1\.running_mean and 97 more.*Did you mean resnet18:width=8\?"
    )
    with pytest.raises(isthmus.InputError, match=words):
        isthmus.measure("resnet18_no_norm:width=16", *weights, data)
    model = load_model("mlp:inputs=12")
    with pytest.raises(isthmus.InputError, match=r"Did you mean resnet18:width=8\?"):
        isthmus.measure(model, *weights, data)
