"""Names of networks, and checkpoints that are read once."""

from pathlib import Path

import pytest
import torch

from isthmus.errors import InputError
from isthmus.runs.request.inputs import read_weights
from isthmus.runs.request.members import collection_of
from isthmus.runs.request.networks import HeldCheckpoints, is_one_network, named_networks
from isthmus.weights.checkpoint import Checkpoint, save_weights

ONE = {"w": torch.ones(4)}


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["x/a.pt", "x/b.pt"], ["a", "b"]),
        (["s0/last.pt", "s1/last.pt"], ["s0", "s1"]),
        (["s0/x/last.pt", "s1/x/last.pt"], ["s0", "s1"]),
        (["s0/1ep.pt", "s0/2ep.pt", "s1/1ep.pt", "s1/2ep.pt"], ["s0/1ep", "s0/2ep", "s1/1ep", "s1/2ep"]),
        (["a.1.pt", "a.2.pt"], ["a.1", "a.2"]),
        (["x/a.pt", "x/b.pt", "x/a.pt"], ["a", "b", "a"]),
        (["1/p/q/r/a.pt", "2/p/q/r/a.pt"], ["a-1", "a-2"]),
    ],
)
def test_paths_are_called_by_what_tells_them_apart(paths, names):
    assert [network.name for network in named_networks([Path(path) for path in paths])] == names


def test_what_is_no_path_is_called_by_its_number():
    assert [network.name for network in named_networks([ONE, Path("x/a.pt"), dict(ONE)])] == ["1", "a", "3"]


def test_a_network_is_told_from_several():
    assert is_one_network(ONE)
    assert is_one_network({**ONE, "epoch": "3"})
    assert is_one_network("a.pt")
    assert is_one_network(Checkpoint(ONE, "a"))
    assert is_one_network({"state_dict": ONE})
    assert is_one_network({"state_dict": ONE, "epoch": 3})
    assert is_one_network({"state_dict": ONE, "arch": "resnet20"})
    assert is_one_network({"model": ONE, "optimizer": {"state": {}, "param_groups": []}})
    assert not is_one_network({"model": ONE, "net": ONE})
    assert not is_one_network({"model": ONE, "other": Checkpoint(ONE, "a")})
    assert not is_one_network({"x": ONE})
    assert not is_one_network([ONE])
    assert not is_one_network(None)


def test_what_a_torch_file_held_is_read_as_the_file_is():
    weights, name, notes = read_weights(
        {"model": {f"module.{key}": t for key, t in ONE.items()}, "best": ONE["w"]}, "a"
    )
    assert (list(weights), name) == (["module.w"], "a")
    assert notes == ("the weights were found under ['model']", "tensors beside the weights were left out: best")
    with pytest.raises(InputError, match=r"(?s)none; it holds epoch.*network b"):
        read_weights({"epoch": 3}, "b")


def test_names_whose_pairs_would_have_one_label_are_refused():
    with pytest.raises(InputError, match="another label"):
        collection_of({"a-b": ONE, "c": ONE, "a": ONE, "b-c": ONE}, None)


def test_a_checkpoint_is_read_once_while_it_fits(tmp_path):
    for name in "abc":
        save_weights(ONE, tmp_path / f"{name}.safetensors")
    networks = named_networks([tmp_path / f"{name}.safetensors" for name in "abc"])
    held = HeldCheckpoints(limit=2 * 16)
    first = [held.checkpoint(network) for network in networks[:2]]
    assert held.checkpoint(networks[0]) is first[0]
    held.checkpoint(networks[2])
    (tmp_path / "a.safetensors").unlink()
    (tmp_path / "b.safetensors").unlink()
    assert held.checkpoint(networks[0]) is first[0]
    with pytest.raises(InputError, match="nothing there"):
        held.checkpoint(networks[1])


def test_weights_given_directly_are_called_by_their_name_and_never_copied():
    (network,) = named_networks({"x": ONE})
    checkpoint = HeldCheckpoints().checkpoint(network)
    assert checkpoint.name == "x"
    assert checkpoint.weights["w"] is ONE["w"]
