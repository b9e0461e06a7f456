"""Torch files: what is refused, by the name of the class at fault, and that nothing in a file ever runs."""

import argparse
import datetime
import pathlib
import pickle
from collections import defaultdict

import numpy as np
import pytest
import torch
from torch import nn

from isthmus.errors import InputError
from isthmus.weights.checkpoint import load_checkpoint
from isthmus.weights.formats.torch_file import refuse_stand_in, torch_contents

WEIGHTS = {"fc.weight": torch.ones(2, 2)}
BESIDE = {
    "argparse.Namespace": argparse.Namespace(lr=0.1),
    "scalar": np.float64(3.0),
    "pathlib": pathlib.Path("runs"),
    "datetime.datetime": datetime.datetime(2026, 1, 1),
    "collections.defaultdict": defaultdict(list),
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", BESIDE)
def test_objects_beside_the_weights_are_left_out_and_named(tmp_path, name, zipped):
    contents = {"state_dict": WEIGHTS, "beside": BESIDE[name]}
    torch.save(contents, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    found = load_checkpoint(tmp_path / "a.pt")
    assert torch.equal(found.weights["fc.weight"], WEIGHTS["fc.weight"])
    assert any(name in note and "no code of theirs was run" in note for note in found.notes)


class Settings(dict):
    """As Lightning keeps hyper-parameters: a mapping with attributes."""


class Spy:
    """Would write a file if anything of it ran."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return open, (str(self.file), "w")


def test_a_checkpoint_of_lightning_is_read_and_nothing_in_it_runs(tmp_path):
    settings = Settings(
        lr=0.1, path=pathlib.Path("x"), width=np.int64(3), table=np.zeros(3), kind=argparse.Namespace(a=1)
    )
    settings.more = "said"
    contents = {
        "epoch": 3, "global_step": 10, "pytorch-lightning_version": "2.5", "state_dict": WEIGHTS, "loops": {},
        "callbacks": {"best": Spy(tmp_path / "ran")}, "hparams_name": "kwargs", "hyper_parameters": settings,
        "optimizer_states": [{"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": []}],
    }  # fmt: skip
    torch.save(contents, tmp_path / "a.ckpt")
    found = load_checkpoint(tmp_path / "a.ckpt")
    assert found.weights.keys() == WEIGHTS.keys()
    assert not (tmp_path / "ran").exists()
    torch.load(tmp_path / "a.ckpt", weights_only=False)["callbacks"]["best"].close()
    assert (tmp_path / "ran").exists()  # the file would have done it


def test_weights_inside_a_foreign_object_are_asked_for_alone(tmp_path):
    torch.save(argparse.Namespace(state_dict=WEIGHTS), tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"argparse\.Namespace") as caught:
        load_checkpoint(tmp_path / "a.pt")
    assert "weights_only=False" in caught.value.remedy


def test_of_a_whole_model_the_state_dict_is_asked_for(tmp_path):
    torch.save({"model": nn.Linear(2, 2)}, tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"torch\.nn\.modules\.linear\.Linear") as caught:
        torch_contents(tmp_path / "a.pt")
    assert "torch.save(contents.state_dict(), 'weights.pt')" in caught.value.remedy


def test_of_arrays_tensors_are_asked_for(tmp_path):
    torch.save({key: tensor.numpy() for key, tensor in WEIGHTS.items()}, tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"numpy\.ndarray") as caught:
        load_checkpoint(tmp_path / "a.pt")
    assert "torch.as_tensor(array)" in caught.value.remedy


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is")
def test_a_torchscript_archive_is_called_one(tmp_path):
    torch.jit.script(nn.Linear(2, 2)).save(tmp_path / "a.pt")
    with pytest.raises(InputError, match="a TorchScript archive") as caught:
        torch_contents(tmp_path / "a.pt")
    assert "torch.jit.load('a.pt').state_dict()" in caught.value.remedy


def test_plain_containers_beside_weights_are_read(tmp_path):
    contents = {"state_dict": WEIGHTS, "best": {"top1": 3.0}, "seen": {1, 2}, "dtype": torch.float32, "size": (1, 2)}
    torch.save(contents, tmp_path / "a.pt")
    assert torch_contents(tmp_path / "a.pt").contents["best"] == {"top1": 3.0}


class Malice:
    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return (open, (str(self.file), "w"))


@pytest.mark.parametrize("save", [torch.save, lambda thing, path: path.write_bytes(pickle.dumps(thing, protocol=2))])
def test_code_in_a_pickle_does_not_run_and_is_named(tmp_path, save):
    save({"state_dict": Malice(tmp_path / "written")}, tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"(?s)\bopen.*a\.pt"):
        load_checkpoint(tmp_path / "a.pt")
    assert not (tmp_path / "written").exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_code_in_a_bare_pickle_does_not_run_under_any_protocol(tmp_path, protocol):
    (tmp_path / "a.pt").write_bytes(pickle.dumps({"state_dict": Malice(tmp_path / "written")}, protocol=protocol))
    with pytest.raises(InputError, match=r"a\.pt"):
        load_checkpoint(tmp_path / "a.pt")
    assert not (tmp_path / "written").exists()


@pytest.mark.parametrize(
    ("begin", "what"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n", "a pointer of Git LFS"),
        (b"\n<!DOCTYPE html><html></html>", "a web page"),
    ],
)
def test_what_a_download_left_in_place_of_the_file_is_called_so(tmp_path, begin, what):
    (tmp_path / "a.pt").write_bytes(begin)
    with pytest.raises(InputError, match=what):
        refuse_stand_in(tmp_path / "a.pt")


@pytest.mark.parametrize("content", [b"", b"hello world", b"PK\x03\x04nothing"])
def test_a_file_of_another_kind_is_called_so_on_one_line(tmp_path, content):
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(InputError, match="damaged or of another kind") as caught:
        torch_contents(tmp_path / "a.pt")
    assert "\x1b" not in caught.value.got
