"""Checkpoints: what is read, and what is refused."""

import json

import pytest
import torch
from safetensors.torch import save_file

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
    with pytest.raises(InputError, match="the name of a file in the folder folder"):
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
        {"state_dict": WEIGHTS, "epoch": 3},
        {"model": {"state_dict": WEIGHTS}, "optimizer": {}},
        {"state_dict": {f"module._orig_mod.{key}": t for key, t in WEIGHTS.items()}},
        {"model_state_dict": {f"_orig_mod.module.{key}": t for key, t in WEIGHTS.items()}},
        {f"_forward_module._fsdp_wrapped_module.{key}": t for key, t in WEIGHTS.items()},
        {key.replace("fc.", "fc._checkpoint_wrapped_module."): t for key, t in WEIGHTS.items()},
        {"fc._orig_mod.weight": WEIGHTS["fc.weight"], "fc.bias": WEIGHTS["fc.bias"]},
        {"n_averaged": torch.tensor(9), **{f"module.{key}": t for key, t in WEIGHTS.items()}},
        {f"_module.{key}": t for key, t in WEIGHTS.items()},
    ],
)
def test_usual_nests_and_wrappers_are_taken_off_and_reported(tmp_path, nested):
    torch.save(nested, tmp_path / "a.pt")
    checkpoint = load_checkpoint(tmp_path / "a.pt")
    assert_same(checkpoint.weights)
    assert checkpoint.notes


def test_a_bare_state_dict_has_no_notes(tmp_path):
    torch.save(WEIGHTS, tmp_path / "a.pt")
    assert load_checkpoint(tmp_path / "a.pt").notes == ()


def test_every_wrapper_and_the_counter_of_averages_are_named(tmp_path):
    averaged = {f"module._orig_mod.{key}": t for key, t in WEIGHTS.items()} | {"n_averaged": torch.tensor(9)}
    save_file(averaged, tmp_path / "a.safetensors")
    assert load_checkpoint(tmp_path / "a.safetensors").notes == (
        "the wrapper's part '_orig_mod.' was taken out of 2 of 3 keys",
        "'n_averaged', which counts the averaged networks, was left out",
        "the prefix 'module.' was stripped from every key",
    )


def test_keys_that_would_be_one_without_a_wrapper_are_refused(tmp_path):
    save_file({"x.w": torch.ones(1), "x._orig_mod.w": torch.zeros(1)}, tmp_path / "a.safetensors")
    with pytest.raises(InputError, match=r"(?s)'x\._orig_mod\.w' and 'x\.w', which both become 'x\.w'.*a\.safetensors"):
        load_checkpoint(tmp_path / "a.safetensors")


def test_a_prefix_that_only_some_keys_have_stays(tmp_path):
    save_file({"module.x": torch.ones(1), "y": torch.ones(1)}, tmp_path / "a.safetensors")
    assert set(load_checkpoint(tmp_path / "a.safetensors").weights) == {"module.x", "y"}


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
        (lambda: torch.zeros(2, dtype=torch.uint8).view(torch.float4_e2m1fn_x2), "4-bit"),
    ],
)
def test_tensors_that_are_not_dense_are_refused_by_key(tmp_path, tensor, word):
    torch.save({"fc.weight": tensor()}, tmp_path / "a.pt")
    with pytest.raises(InputError, match=rf"(?s){word}.*'fc\.weight'"):
        load_checkpoint(tmp_path / "a.pt")
