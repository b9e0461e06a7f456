"""Which file of a folder is read: transformers' rule, and a note that names the file and those beside it."""

import itertools
import json

import pytest
import torch
from hugging_face_folders import gpt_neox, save_folder, scattered
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

from isthmus import hugging_face
from isthmus.errors import InputError
from isthmus.hugging_face import HuggingFaceSource, snapshot_folder
from isthmus.weights.checkpoint import load_checkpoint
from isthmus.weights.formats.folder import USUAL_FILES, chosen_files

MARKS = {name: float(number) for number, name in enumerate(USUAL_FILES, start=1)}


def fill(folder, names):
    """Files whose only tensor says which of them it was read from; an index has one shard of its own."""
    for name in names:
        weights, file = {"w": torch.tensor([MARKS.get(name, 0.0)])}, name
        if name.endswith(".index.json"):
            file = name.removesuffix(".index.json").replace(".", "-00001-of-00001.")
            (folder / name).write_text(json.dumps({"weight_map": {"w": file}}))
        if file.endswith(".safetensors"):
            save_file(weights, folder / file)
        else:
            torch.save(weights, folder / file)


@pytest.mark.parametrize("present", [c for n in (1, 2, 3, 4) for c in itertools.combinations(USUAL_FILES, n)])
def test_of_any_usual_files_the_first_of_the_rule_is_read_and_the_others_are_named(tmp_path, present):
    fill(tmp_path, present)
    checkpoint = load_checkpoint(tmp_path)
    assert checkpoint.weights["w"].item() == MARKS[present[0]]
    (note,) = checkpoint.notes
    assert note.startswith(f"read from {present[0]}")
    assert all(name in note.partition("not read: ")[2] for name in present[1:])


@pytest.mark.parametrize("second", [None, "pytorch_model.bin"])
def test_the_rule_is_that_of_transformers(tmp_path, second):
    """An old sharded index beside a newer file, and a torch file besides: both read the same tensors."""
    save_folder(gpt_neox(1), tmp_path)
    old = scattered(gpt_neox(1), 2).state_dict()
    save_file(old, tmp_path / "model-00001-of-00001.safetensors")
    placed = {"weight_map": dict.fromkeys(old, "model-00001-of-00001.safetensors")}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(placed))
    if second:
        torch.save(old, tmp_path / second)
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path).state_dict()
    checkpoint, key = load_checkpoint(tmp_path), "gpt_neox.embed_in.weight"
    assert torch.equal(checkpoint.weights[key], theirs[key])
    assert not torch.equal(old[key], theirs[key])
    unread = checkpoint.notes[0].partition("not read: ")[2]
    assert "model.safetensors.index.json" in unread
    assert (second is None) or second in unread


@pytest.mark.parametrize("beside", ["ema.safetensors", "adapter_model.safetensors"])
def test_a_usual_torch_file_comes_before_unusual_safetensors(tmp_path, beside):
    fill(tmp_path, ["pytorch_model.bin", beside, "optimizer.pt", "training_args.bin"])
    checkpoint = load_checkpoint(tmp_path)
    assert checkpoint.weights["w"].item() == MARKS["pytorch_model.bin"]
    assert checkpoint.notes == (f"read from pytorch_model.bin; beside it and not read: {beside}",)


@pytest.mark.parametrize("name", USUAL_FILES)
def test_a_file_beside_the_usual_one_is_read_if_it_is_named(tmp_path, name):
    fill(tmp_path, USUAL_FILES)
    assert load_checkpoint(tmp_path / name).weights["w"].item() == MARKS[name]


def test_a_json_file_that_is_no_index_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="an index with a weight_map"):
        load_checkpoint(tmp_path / "config.json")


def test_the_only_file_of_weights_is_read_whatever_its_name(tmp_path):
    fill(tmp_path, ["best.pth", "optimizer.pt"])
    assert chosen_files(tmp_path).note == "read from best.pth"
    fill(tmp_path, ["best.safetensors"])
    assert chosen_files(tmp_path).note == "read from best.safetensors; beside it and not read: best.pth"
    fill(tmp_path, ["other.safetensors"])
    with pytest.raises(InputError, match=r"2 files and no index: best\.safetensors, other\.safetensors"):
        chosen_files(tmp_path)


@pytest.mark.parametrize(
    ("on_the_hub", "read"),
    [
        (["model.safetensors", "pytorch_model.bin"], "model.safetensors"),
        (["adapter_model.safetensors", "pytorch_model.bin"], "pytorch_model.bin"),
        (["ema.safetensors"], "ema.safetensors"),
    ],
)
def test_of_an_id_the_same_file_is_read_as_of_a_folder(tmp_path, monkeypatch, on_the_hub, read):
    class Hub:
        def __init__(self):
            self.fetched = []

        def snapshot_download(self, _, *, revision, allow_patterns):
            endings = tuple(pattern.removeprefix("*") for pattern in allow_patterns)
            self.fetched += [name for name in on_the_hub if name.endswith(endings)]
            fill(tmp_path, self.fetched)
            return tmp_path

    hub = Hub()
    monkeypatch.setattr(hugging_face.importlib, "import_module", lambda name: hub)
    folder = snapshot_folder(HuggingFaceSource("some/id"), "a")
    assert chosen_files(folder).files[0].name == read
    assert ("pytorch_model.bin" in hub.fetched) == (read == "pytorch_model.bin")
