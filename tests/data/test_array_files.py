"""Stored arrays are taken as they are, and nothing in them runs."""

import os

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from isthmus.data.load import load_examples
from isthmus.errors import InputError

INPUTS, TARGETS = np.arange(12, dtype=np.float32).reshape(4, 3), np.array([3, 1, 2, 0])


class Trap:
    """Runs a command when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def test_arrays_come_back_as_stored(tmp_path):
    np.savez(tmp_path / "own.npz", inputs=INPUTS, targets=TARGETS, other=np.zeros(9))
    save_file({"inputs": torch.from_numpy(INPUTS), "targets": torch.from_numpy(TARGETS)}, tmp_path / "own.safetensors")
    loaded = [load_examples(str(tmp_path / name)) for name in ("own.npz", "own.safetensors")]
    for examples in loaded:
        assert np.array_equal(examples.inputs.numpy(), INPUTS)
        assert np.array_equal(examples.targets.numpy(), TARGETS)
        assert (examples.split, examples.normalization) == ("data", None)
    assert loaded[0].name == "own.npz"
    assert loaded[0].content_hash == loaded[1].content_hash


def test_a_slice_of_arrays_is_the_rows_it_names(tmp_path):
    np.savez(tmp_path / "own.npz", inputs=INPUTS, targets=TARGETS)
    examples = load_examples(f"{tmp_path}/own.npz[1:3]")
    assert (examples.name, examples.targets.tolist()) == ("own.npz[1:3]", [1, 2])
    with pytest.raises(InputError, match=r"within the 4 examples\n +got \[1:5\]\n +where own.npz"):
        load_examples(f"{tmp_path}/own.npz[1:5]")


def test_stored_bytes_can_be_normalised_by_options(tmp_path):
    images = np.array([[[0, 255]]], dtype=np.uint8)
    np.savez(tmp_path / "own.npz", inputs=images, targets=np.zeros(1))
    examples = load_examples(f"{tmp_path}/own.npz:mean=0.5,std=0.25")
    assert examples.batch(0, 1, torch.device("cpu"), torch.float32)[0].flatten().tolist() == [-2.0, 2.0]


def test_numbers_of_the_other_byte_order_keep_their_values(tmp_path):
    np.savez(tmp_path / "own.npz", inputs=INPUTS.astype(">f4"), targets=TARGETS.astype(">i8"))
    assert np.array_equal(load_examples(str(tmp_path / "own.npz")).inputs.numpy(), INPUTS)


def test_python_objects_in_an_archive_are_refused_and_their_code_does_not_run(tmp_path):
    trap = np.array([Trap(tmp_path / "ran")], dtype=object)
    np.savez(tmp_path / "own.npz", inputs=trap, targets=TARGETS[:1])
    with pytest.raises(InputError, match=r"no Python objects\n +got Python objects, which only code"):
        load_examples(str(tmp_path / "own.npz"))
    assert not (tmp_path / "ran").exists()


def test_a_missing_array_is_named_with_those_that_are_there(tmp_path):
    np.savez(tmp_path / "own.npz", inputs=INPUTS, classes=TARGETS)
    save_file({"targets": torch.zeros(2)}, tmp_path / "own.safetensors")
    with pytest.raises(InputError, match="got no labels or label or targets or target; it holds inputs, classes"):
        load_examples(str(tmp_path / "own.npz"))
    assert load_examples(f"{tmp_path}/own.npz:label=classes").targets.tolist() == TARGETS.tolist()
    with pytest.raises(InputError, match=r"inputs beside the targets\n +got nothing but targets"):
        load_examples(str(tmp_path / "own.safetensors"))


SEVERAL = {"input_ids": torch.arange(8).view(4, 2), "attention_mask": torch.ones(4, 2), "labels": torch.arange(4)}


def test_several_arrays_are_inputs_by_their_names(tmp_path):
    np.savez(tmp_path / "own.npz", **{name: tensor.numpy() for name, tensor in SEVERAL.items()})
    save_file(SEVERAL, tmp_path / "own.safetensors")
    torch.save(SEVERAL, tmp_path / "own.pt")
    found = [load_examples(str(tmp_path / name)) for name in ("own.npz", "own.safetensors", "own.pt")]
    assert len({examples.content_hash for examples in found}) == 1
    assert list(found[2].inputs) == ["input_ids", "attention_mask"]
    assert torch.equal(found[2].inputs["input_ids"], SEVERAL["input_ids"])
    assert found[2].targets.tolist() == [0, 1, 2, 3]
    with pytest.raises(InputError, match="one array of inputs beside mean and std"):
        load_examples(f"{tmp_path}/own.pt:mean=0.5,std=0.5")


def test_a_torch_file_holds_a_pair_or_tensors_by_name(tmp_path):
    inputs, targets = torch.from_numpy(INPUTS), torch.from_numpy(TARGETS)
    torch.save((inputs, targets), tmp_path / "pair.pt")
    torch.save({"inputs": {"x": inputs, "more": (inputs, targets)}, "targets": targets}, tmp_path / "tree.pth")
    assert torch.equal(load_examples(f"{tmp_path}/pair.pt").inputs, inputs)
    tree = load_examples(f"{tmp_path}/tree.pth[1:3]")
    assert tree.inputs["more"][1].tolist() == targets[1:3].tolist()


def test_a_torch_file_of_anything_else_is_refused_and_its_code_does_not_run(tmp_path):
    torch.save({"inputs": Trap(tmp_path / "ran")}, tmp_path / "trap.pt")
    torch.save(torch.zeros(2), tmp_path / "one.pt")
    torch.save([torch.zeros(2)] * 3, tmp_path / "three.pt")
    torch.save({"inputs": "text"}, tmp_path / "text.pt")
    (tmp_path / "bytes.pt").write_bytes(b"nothing")
    for name in ("trap", "one", "three", "text", "bytes"):
        with pytest.raises(InputError, match=rf"a torch file that holds tensors by name(.|\n)*where {name}\.pt"):
            load_examples(f"{tmp_path}/{name}.pt")
    assert not (tmp_path / "ran").exists()


def test_bytes_of_images_are_divided_by_255_and_that_is_said(tmp_path):
    images = torch.tensor([[[[0, 255]]]], dtype=torch.uint8)
    torch.save({"inputs": images, "targets": torch.zeros(1)}, tmp_path / "one.pt")
    torch.save({"pixel_values": images, "size": torch.ones(1), "targets": torch.zeros(1)}, tmp_path / "more.pt")
    one, more = (load_examples(f"{tmp_path}/{name}.pt") for name in ("one", "more"))
    cpu = torch.device("cpu")
    assert one.batch(0, 1, cpu, torch.float32)[0].flatten().tolist() == [0.0, 1.0]
    assert torch.equal(one.inputs, images)
    assert more.batch(0, 1, cpu, torch.float32)[0]["pixel_values"].flatten().tolist() == [0.0, 1.0]
    assert [len(examples.notes) for examples in (one, more)] == [1, 1]
    assert "divided by 255" in one.notes[0]


def test_a_damaged_file_is_refused(tmp_path):
    np.savez(tmp_path / "own.npz", inputs=INPUTS, targets=TARGETS)
    save_file({"inputs": torch.zeros(9), "targets": torch.zeros(9)}, tmp_path / "own.safetensors")
    for name, message in (("own.npz", "an .npz archive"), ("own.safetensors", "a whole safetensors file")):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-30])
        with pytest.raises(InputError, match=message):
            load_examples(str(path))
        path.write_bytes(b"")
        with pytest.raises(InputError, match=message):
            load_examples(str(path))


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (INPUTS, TARGETS[:3], "as many targets as inputs"),
        (INPUTS[:0], TARGETS[:0], "at least one example"),
        (np.array(["a", "b"]), TARGETS[:2], "arrays of numbers"),
    ],
)
def test_arrays_that_are_no_examples_are_refused(tmp_path, inputs, targets, message):
    np.savez(tmp_path / "own.npz", inputs=inputs, targets=targets)
    with pytest.raises(InputError, match=message):
        load_examples(str(tmp_path / "own.npz"))


def test_an_archive_with_flipped_bytes_is_refused(tmp_path):
    path = tmp_path / "own.npz"
    np.savez_compressed(path, inputs=np.random.default_rng(0).random(1000), targets=np.zeros(1000))
    content = bytearray(path.read_bytes())
    content[200:240] = bytes(40)
    path.write_bytes(content)
    with pytest.raises(InputError, match="arrays of numbers"):
        load_examples(str(path))


def test_one_bare_array_under_the_name_of_an_archive_is_refused(tmp_path):
    with (tmp_path / "own.npz").open("wb") as stream:
        np.save(stream, INPUTS)
    with pytest.raises(InputError, match="got an incomplete archive"):
        load_examples(str(tmp_path / "own.npz"))
