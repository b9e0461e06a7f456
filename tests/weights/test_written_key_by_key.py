"""Safetensors files are written key by key: the library's bytes, with one entry in memory at a time."""

import gc
import weakref

import pytest
import torch
from safetensors.torch import load_file, save_file

from isthmus.errors import InputError
from isthmus.weights.casting import cast_weights, cast_when_read
from isthmus.weights.checkpoint import save_weights
from isthmus.weights.formats.safetensors_file import NAMES, write_entries
from isthmus.weights.made_when_read import MadeWhenRead, some_of
from isthmus.weights.state import content_hash

LETTERS = "zyxwvutsrqponmlkjih"
ODD = 'h.0."quoted"\\ é\n\x01'


def numbers(dtype, *shape):
    count = torch.Size(shape).numel() * dtype.itemsize
    return torch.arange(count, dtype=torch.uint8).remainder(2).view(dtype).reshape(shape)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"note": 'é "\n'}])
def test_the_bytes_are_those_of_the_library(tmp_path, metadata):
    names = [(f"{letter}{n}", dtype, n) for n in (2, 0, 1) for letter, dtype in zip(LETTERS, NAMES, strict=True)]
    weights = {name: numbers(dtype, n, 3) for name, dtype, n in names}
    weights |= {ODD: torch.ones(()), "B": torch.ones(1), "a": torch.ones(3), "turned": torch.ones(2, 3).T}
    save_file({key: tensor.contiguous() for key, tensor in weights.items()}, tmp_path / "library", metadata)
    write_entries(weights, weights, tmp_path / "ours", metadata or {})
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "library").read_bytes()


def test_what_is_made_when_read_is_held_one_at_a_time(tmp_path):
    made = []

    def entry(key):
        gc.collect()
        assert not [one for one in made if one() is not None], "the entry before was dropped"
        tensor = torch.full((100,), float(key))
        made.append(weakref.ref(tensor.untyped_storage()))
        return tensor

    weights = MadeWhenRead({str(n): torch.empty(100, device="meta") for n in range(5)}, entry)
    save_weights(weights, tmp_path / "w.safetensors")
    read = load_file(tmp_path / "w.safetensors")
    assert content_hash(weights) == content_hash(read)
    assert [float(read[key][0]) for key in weights] == [0, 1, 2, 3, 4]
    assert list(some_of(weights, {"3", "1"})) == ["1", "3"]


def test_casting_when_read_is_casting():
    weights = {"w": torch.ones(2, dtype=torch.bfloat16), "n": torch.tensor(3)}
    cast = cast_when_read(weights, torch.float32)
    assert content_hash(cast) == content_hash(cast_weights(weights, torch.float32))
    assert cast_when_read(weights, torch.bfloat16) is weights


def test_a_type_that_such_files_do_not_hold_is_refused(tmp_path):
    with pytest.raises(InputError, match="complex128 under 'w'"):
        save_weights({"w": torch.zeros(1, dtype=torch.complex128)}, tmp_path / "w.safetensors")
    assert not list(tmp_path.iterdir())
