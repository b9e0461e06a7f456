"""Where the state dict stands in what a torch file holds."""

import pytest
import torch

from isthmus.errors import InputError
from isthmus.weights.formats.nest import found_weights

WEIGHTS = {"fc.weight": torch.arange(6.0).reshape(2, 3), "fc.bias": torch.ones(2)}
OTHER = {key: tensor + 1 for key, tensor in WEIGHTS.items()}
ADAM = {
    "state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.ones(2, 3)}},
    "param_groups": [{"lr": 0.1, "params": [0]}],
}
FILES = {
    "bare": WEIGHTS,
    "tensors beside the nest": {"best_acc1": torch.tensor(76.0), "state_dict": WEIGHTS, "mean": torch.ones(3)},
    "optimizer beside it": {"model_state_dict": WEIGHTS, "optimizer_state_dict": ADAM, "epoch": 3},
    "an optimizer of named states": {
        "optim": {"state": {"fc.weight": {"exp_avg": torch.ones(99)}}, "param_groups": []},
        "generator": WEIGHTS,
    },
    "optimizer first": {"optimizer": ADAM, "net": WEIGHTS},
    "nested twice": {"checkpoint": {"model": {"state_dict": WEIGHTS}}},
    "an average beside it": {"model_ema": OTHER, "model": WEIGHTS, "ema": {"state_dict": OTHER}},
    "an unusual name": {"net_g": WEIGHTS, "iter": 5},
    "an unusual name and a tensor": {"best": torch.tensor(1.0), "generator": WEIGHTS},
    "an unusual name and tensors": {"mean": torch.ones(3), "std": torch.ones(3), "generator": WEIGHTS},
    "an unusual name and scores": {"callbacks": {"best": {"score": torch.tensor(1.0)}}, "ema": WEIGHTS},
    "a list of one": [WEIGHTS],
    "a tuple with an optimizer's": (WEIGHTS, ADAM),
    "extra state": {**WEIGHTS, "fc._extra_state": {"scale": torch.ones(99)}},
    "settings under a usual name": {"model": {"name": "resnet", "depth": 18}, "weights": WEIGHTS},
}


@pytest.mark.parametrize("name", FILES)
def test_the_weights_are_found_wherever_they_stand(name):
    found = found_weights(FILES[name], "a.pt")
    assert found.weights.keys() == WEIGHTS.keys()
    assert all(torch.equal(found.weights[key], WEIGHTS[key]) for key in WEIGHTS)
    assert bool(found.notes) == (name != "bare")


def test_every_step_and_every_tensor_left_out_is_named():
    contents = {"best": torch.tensor(1.0), "run": {"mean": torch.ones(3), "model": {**WEIGHTS, "e": 1}}, "ema": OTHER}
    assert found_weights({"model": contents["run"] | {"ema": OTHER}, "best": contents["best"]}, "a.pt").notes == (
        "the weights were found under ['model']['model']",
        "other state dicts of the file were not read: ['model']['ema']",
        "tensors beside the weights were left out: best, mean",
        "entries that are no tensors were left out: e",
    )


@pytest.mark.parametrize(
    ("contents", "named"),
    [
        ([WEIGHTS, OTHER], r"\[0\], \[1\]"),
        ({"encoder": WEIGHTS, "decoder": OTHER}, r"\['encoder'\], \['decoder'\]"),
        ({"model": {"student": WEIGHTS, "teacher": OTHER}}, r"\['model'\]\['student'\], \['model'\]\['teacher'\]"),
    ],
)
def test_of_several_networks_none_is_guessed(contents, named):
    with pytest.raises(InputError, match=f"2 state dicts: {named}") as caught:
        found_weights(contents, "a.pt")
    assert f"weights_only=True){named.partition(',')[0]}".replace("\\", "") in caught.value.remedy


@pytest.mark.parametrize(
    ("contents", "named"), [({"epoch": 3, "lr": 0.1}, "epoch, lr"), ([1, 2], "list"), (ADAM, "state")]
)
def test_a_file_without_weights_is_refused(contents, named):
    with pytest.raises(InputError, match=f"none; it holds {named}"):
        found_weights(contents, "a.pt")


def test_a_file_that_holds_itself_ends():
    contents: list[object] = []
    contents.append(contents)
    with pytest.raises(InputError, match="none; it holds list"):
        found_weights(contents, "a.pt")
