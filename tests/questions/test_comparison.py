"""Two checkpoints side by side without a model: other people's wrappers and older files don't stand in the way."""

import pytest
import torch
from torch import nn

from isthmus.errors import InputError
from isthmus.questions.inspection.answer import checkpoint_layers


def net():
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def saved(path, change=lambda weights: weights):
    torch.save(change(net().state_dict()), path)
    return path


def compared(tmp_path, first, second):
    torch.manual_seed(0)
    return checkpoint_layers(saved(tmp_path / "a.pt", first), saved(tmp_path / "b.pt", second), None, "module")


def same(weights):
    return weights


def in_a_training_module(weights):
    return {"criterion.weight": torch.ones(2), **{f"model._orig_mod.{key}": tensor for key, tensor in weights.items()}}


def before_counters(weights):
    return {f"module.{key}": tensor for key, tensor in weights.items() if not key.endswith("num_batches_tracked")}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (same, in_a_training_module),
        (in_a_training_module, same),
        (before_counters, same),
        (same, before_counters),
        (before_counters, in_a_training_module),
    ],
)
def test_distances_are_those_of_the_bare_networks(tmp_path, first, second):
    expected, none = compared(tmp_path, same, same)
    rows, notes = compared(tmp_path, first, second)
    assert none == []
    assert notes
    assert rows == expected


def test_other_networks_are_refused(tmp_path):
    def lacking(weights):
        return {key: tensor for key, tensor in weights.items() if key != "0.bias"}

    with pytest.raises(InputError, match=r"(?s)1 missing: 0\.bias.*b\.pt"):
        compared(tmp_path, same, lacking)


def test_a_tensor_beside_the_nest_is_no_layer(tmp_path):
    path = saved(tmp_path / "a.pt", lambda weights: {"state_dict": weights, "best_acc1": torch.tensor(76.0)})
    rows, notes = checkpoint_layers(path, None, None, "module")
    assert [row["layer"] for row in rows] == ["0", "1", "all"]
    assert "a.pt: tensors beside the weights were left out: best_acc1" in notes
