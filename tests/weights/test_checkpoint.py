"""Checkpoints: what is read, what is refused, and that nothing in them ever runs."""

import json
import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from isthmus.errors import InputError
from isthmus.weights.checkpoint import load_checkpoint, save_weights

WEIGHTS = {"fc.weight": torch.arange(6.0).reshape(2, 3), "fc.bias": torch.ones(2)}


def assert_same(found):
    assert found.keys() == WEIGHTS.keys()
    assert all(torch.equal(found[key], WEIGHTS[key]) for key in WEIGHTS)


def test_what_was_saved_is_loaded_and_no_temporary_file_stays(tmp_path):
    save_weights(WEIGHTS, tmp_path / "new" / "a.safetensors")
    checkpoint = load_checkpoint(tmp_path / "new" / "a.safetensors")
    assert_same(checkpoint.weights)
    assert checkpoint.name == "a.safetensors"
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["a.safetensors"]


def test_tensors_that_share_memory_are_saved_under_every_key(tmp_path):
    save_weights({"x": WEIGHTS["fc.bias"], "y": WEIGHTS["fc.bias"]}, tmp_path / "a.safetensors")
    assert torch.equal(load_checkpoint(tmp_path / "a.safetensors").weights["y"], torch.ones(2))


def test_a_sharded_folder_is_joined(tmp_path):
    for number, key in enumerate(WEIGHTS):
        save_file({key: WEIGHTS[key]}, tmp_path / f"model-{number}.safetensors")
    placed = {key: f"model-{number}.safetensors" for number, key in enumerate(WEIGHTS)}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": placed}))
    assert_same(load_checkpoint(tmp_path).weights)
    (tmp_path / "model-1.safetensors").unlink()
    with pytest.raises(InputError, match=r"missing model-1\.safetensors"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("outside", ["../b.safetensors", "/b.safetensors"])
def test_an_index_that_leaves_its_folder_is_refused(tmp_path, outside):
    save_file(WEIGHTS, tmp_path / "b.safetensors")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"fc.weight": outside}}))
    with pytest.raises(InputError, match="missing"):
        load_checkpoint(folder)


def test_a_folder_with_one_file_needs_no_index_and_with_two_it_does(tmp_path):
    save_file(WEIGHTS, tmp_path / "a.safetensors")
    assert_same(load_checkpoint(tmp_path).weights)
    save_file(WEIGHTS, tmp_path / "b.safetensors")
    with pytest.raises(InputError, match="2 files and no index"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "nested",
    [
        WEIGHTS,
        {"state_dict": WEIGHTS, "epoch": 3},
        {"model": WEIGHTS, "epoch": 3},
        {"model": {"state_dict": WEIGHTS}, "optimizer": {}},
        {"state_dict": {f"module._orig_mod.{key}": t for key, t in WEIGHTS.items()}},
        {"model_state_dict": {f"_orig_mod.{key}": t for key, t in WEIGHTS.items()}},
    ],
)
def test_usual_nests_and_prefixes_are_taken_off_and_reported(tmp_path, nested):
    torch.save(nested, tmp_path / "a.pt")
    checkpoint = load_checkpoint(tmp_path / "a.pt")
    assert_same(checkpoint.weights)
    assert bool(checkpoint.notes) == (nested is not WEIGHTS)


def test_a_prefix_that_only_some_keys_have_stays(tmp_path):
    save_file({"module.x": torch.ones(1), "y": torch.ones(1)}, tmp_path / "a.safetensors")
    assert set(load_checkpoint(tmp_path / "a.safetensors").weights) == {"module.x", "y"}


class Malice:
    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return (open, (str(self.file), "w"))


@pytest.mark.parametrize("save", [torch.save, lambda thing, path: path.write_bytes(pickle.dumps(thing))])
def test_code_in_a_pickle_does_not_run(tmp_path, save):
    save({"state_dict": Malice(tmp_path / "written")}, tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"a\.pt"):
        load_checkpoint(tmp_path / "a.pt")
    assert not (tmp_path / "written").exists()


@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
def test_a_truncated_file_is_refused_by_name(tmp_path, suffix):
    whole = tmp_path / f"whole.{suffix}"
    (save_file if suffix == "safetensors" else torch.save)(WEIGHTS, whole)
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(InputError, match=f"cut.{suffix}"):
        load_checkpoint(cut)


def test_an_absent_file_and_an_empty_one_are_refused(tmp_path):
    with pytest.raises(InputError, match="nothing there"):
        load_checkpoint(tmp_path / "none.pt")
    (tmp_path / "empty.pt").write_bytes(b"")
    with pytest.raises(InputError, match="damaged"):
        load_checkpoint(tmp_path / "empty.pt")


@pytest.mark.parametrize(
    ("tensor", "word"),
    [
        (lambda: torch.eye(3).to_sparse(), "sparse"),
        (lambda: torch.empty(2, device="meta"), "meta"),
    ],
)
def test_tensors_that_are_not_dense_are_refused_by_key(tmp_path, tensor, word):
    torch.save({"fc.weight": tensor()}, tmp_path / "a.pt")
    with pytest.raises(InputError, match=rf"(?s){word}.*'fc\.weight'"):
        load_checkpoint(tmp_path / "a.pt")


def test_a_whole_model_is_refused_with_what_to_do(tmp_path):
    torch.save(nn.Linear(2, 2), tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"(?s)code to run.*state_dict"):
        load_checkpoint(tmp_path / "a.pt")


def test_a_file_without_weights_is_refused(tmp_path):
    torch.save({"epoch": 3, "lr": 0.1}, tmp_path / "a.pt")
    with pytest.raises(InputError, match="epoch, lr"):
        load_checkpoint(tmp_path / "a.pt")
