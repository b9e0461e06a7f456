"""Checkpoints made to do harm: nothing in them runs, and none fills memory or ends the process."""

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from isthmus.data.load import load_examples
from isthmus.errors import InputError
from isthmus.gate.limits import limit
from isthmus.weights.checkpoint import load_checkpoint

WEIGHTS = {"fc.weight": torch.ones(2, 3), "fc.bias": torch.zeros(2)}
INDEX = json.dumps({"weight_map": dict.fromkeys(WEIGHTS, "b.safetensors")})


class Calls:
    """Pickles as a call, which unpickling would make."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def malicious(file) -> dict[str, object]:
    """Six kinds: through the shell, a process, built-in functions, a method, and a pickle within."""
    write = f"open({str(file)!r}, 'w').close()"
    return {
        "os.system": Calls(os.system, f"touch {file}"),
        "subprocess": Calls(subprocess.check_output, ["touch", str(file)]),
        "eval": Calls(eval, write),
        "exec": Calls(exec, write),
        "a method": Calls(Path.touch, file),
        "pickle in a pickle": Calls(pickle.loads, pickle.dumps(Calls(exec, write))),
    }


KINDS = list(malicious(Path("x")))


@pytest.mark.parametrize("where", ["alone", "beside", "as a key", "in data"])
@pytest.mark.parametrize("form", ["zip", "legacy", "bare pickle", "numpy"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_malicious_pickle_does_anything(tmp_path, kind, form, where):
    ran, evil = tmp_path / "ran", malicious(tmp_path / "ran")[kind]
    name = "inputs" if where == "in data" else "evil"
    contents = evil if where == "alone" else {evil: 1} if where == "as a key" else {**WEIGHTS, name: evil}
    file = tmp_path / ("a.npz" if form == "numpy" else "a.pt")
    if form == "numpy":
        import numpy as np

        array = np.empty(1, dtype=object)
        array[0] = evil
        np.savez(file, inputs=array, targets=np.zeros(1))
    elif form == "bare pickle":
        file.write_bytes(pickle.dumps(contents))
    else:
        torch.save(contents, file, _use_new_zipfile_serialization=form == "zip")
    ran.unlink(missing_ok=True)
    for read in (load_checkpoint, load_examples):
        with suppress(InputError):
            read(str(file))
        assert not ran.exists(), f"{read.__name__} ran it"
    if form in {"zip", "legacy"}:  # the file would have done it
        done = torch.load(file, weights_only=False)
        del done
        assert ran.exists()


def repickled(path, data: bytes):
    """A torch file with another pickle in it."""
    stream = io.BytesIO()
    torch.save(WEIGHTS, stream)
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename, data if entry.filename.endswith("data.pkl") else old.read(entry))
    return path


DEEP = b")" + b"\x85" * 1_000_000  # a tuple in a tuple in a tuple ...


@pytest.mark.parametrize("data", [b"\x80\x02}" + DEEP + b"K\x01s.", b"\x80\x02}X\x01\x00\x00\x00a" + DEEP + b"s."])
def test_nesting_that_would_end_the_process_is_refused(tmp_path, data):
    with pytest.raises(InputError, match="levels of nesting"):
        load_checkpoint(repickled(tmp_path / "a.pt", data))


def test_nesting_in_an_old_file_or_in_the_metadata_of_a_distributed_one_is_refused(tmp_path):
    parts = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    (tmp_path / "old.pt").write_bytes(b"".join(parts) + b"\x80\x02}" + DEEP + b"K\x01s." + pickle.dumps([], 2))
    (tmp_path / ".metadata").write_bytes(b"\x80\x02}" + DEEP + b"K\x01s.")
    for place in (tmp_path / "old.pt", tmp_path):
        with pytest.raises(InputError, match="levels of nesting"):
            load_checkpoint(place)


def test_a_class_of_an_endless_name_is_refused_before_torch_searches_its_own_message(tmp_path):
    parts = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    named = b"\x80\x02}X\x01\x00\x00\x00ac" + b"a." * 100_000 + b"\nname\ns."
    (tmp_path / "old.pt").write_bytes(b"".join(parts) + named)
    with pytest.raises(InputError, match="at most 1,000 characters of a name"):
        load_checkpoint(repickled(tmp_path / "a.pt", named))
    with pytest.raises(InputError, match="at most 1,000 characters of a name"):
        load_checkpoint(tmp_path / "old.pt")


def test_one_number_that_stands_for_three_milliards_is_refused(tmp_path):
    torch.save({"w": torch.zeros(1).as_strided((3_000_000_000,), (0,))}, tmp_path / "a.pt")
    with pytest.raises(InputError, match="bytes unpacked") as caught:
        load_checkpoint(tmp_path / "a.pt")
    assert "ISTHMUS_LIMITS=unpacked=12000000000" in caught.value.remedy


def test_tensors_that_are_spread_over_more_than_they_hold_are_read_as_ever(tmp_path):
    torch.save({"w": torch.ones(1).expand(1000), "v": torch.ones(3)}, tmp_path / "a.pt")
    assert load_checkpoint(tmp_path / "a.pt").weights["w"].sum() == 1000


def test_an_archive_that_unpacks_to_far_more_than_its_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("ISTHMUS_LIMITS", "unpacked=1e6")
    with zipfile.ZipFile(tmp_path / "a.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}.")
        archive.writestr("a/data/0", bytes(50_000_000))
    with pytest.raises(InputError, match=r"50,000,00\d bytes in a file of"):
        load_checkpoint(tmp_path / "a.pt")


def test_lists_of_lists_of_the_same_lists_are_looked_through_in_no_time(tmp_path):
    shared = torch.ones(2)
    for _ in range(6):
        shared = [shared] * 100
    torch.save({"model": {"w": torch.ones(2, 2)}, "beside": shared}, tmp_path / "a.pt")
    assert load_checkpoint(tmp_path / "a.pt").weights.keys() == {"w"}


def safetensors_of(path, header: bytes, data: bytes = b"") -> None:
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"[" * 100_000, "safetensors"),
        (json.dumps({"a\x1b[31m": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode(), "control"),
        (json.dumps({"x" * 1001: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode(), "1,001"),
        (json.dumps({"a": {"dtype": "F32", "shape": [1] * 65, "data_offsets": [0, 4]}}).encode(), "axes"),
        (json.dumps({"a": {"dtype": "F32", "shape": [2**62], "data_offsets": [0, 4]}}).encode(), "safetensors"),
        (b"", "safetensors"),
    ],
)
def test_a_header_that_no_program_writes_is_refused(tmp_path, header, message):
    safetensors_of(tmp_path / "a.safetensors", header, bytes(4))
    with pytest.raises(InputError, match=message):
        load_checkpoint(tmp_path / "a.safetensors")


def test_a_header_and_a_number_of_tensors_beyond_the_limit_are_refused(tmp_path, monkeypatch):
    save_file(WEIGHTS, tmp_path / "a.safetensors")
    for name, most in (("header", 50), ("tensors", 1)):
        monkeypatch.setenv("ISTHMUS_LIMITS", f"{name}={most}")
        with pytest.raises(InputError, match=f"ISTHMUS_LIMITS={name}="):
            load_checkpoint(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    "name",
    [
        "../b.safetensors",
        "/etc/passwd",
        "..",
        "",
        "sub/b.safetensors",
        "..\\b.safetensors",
        "C:b.safetensors",
        "b\n",
        "b" * 256,
    ],
)
def test_an_index_names_files_of_its_own_folder_alone(tmp_path, name):
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    for place in (tmp_path, folder, folder / "sub"):
        save_file(WEIGHTS, place / "b.safetensors")
    index = {"weight_map": dict.fromkeys(WEIGHTS, name)}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="the name of a file in the folder model"):
        load_checkpoint(folder)


def test_a_link_leads_no_index_out_of_its_folder(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    save_file(WEIGHTS, tmp_path / "b.safetensors")
    (folder / "b.safetensors").symlink_to(tmp_path / "b.safetensors")
    (folder / "model.safetensors.index.json").write_text(INDEX)
    with pytest.raises(InputError, match="a link that leads out of it"):
        load_checkpoint(folder)


def test_links_in_the_cache_of_the_hub_are_followed(tmp_path):
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "abc"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    save_file(WEIGHTS, blobs / "0123")
    (snapshot / "b.safetensors").symlink_to("../../blobs/0123")
    (snapshot / "model.safetensors.index.json").write_text(INDEX)
    assert load_checkpoint(snapshot).weights.keys() == WEIGHTS.keys()


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", ".*.*.*.*x", "["])
def test_an_adapters_patterns_take_no_time_to_match(tmp_path, pattern):
    config = {"r": 2, "lora_alpha": 4, "base_model_name_or_path": "base", "rank_pattern": {pattern: 3}}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    save_file({"base_model.model.fc.lora_A.weight": torch.ones(2, 3)}, tmp_path / "adapter_model.safetensors")
    with pytest.raises(InputError, match=r"adapter_config.json"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("base", [".", "../adapter", "\0", "x" * 5000])
def test_an_adapters_base_is_another_folder(tmp_path, base):
    folder = tmp_path / "adapter"
    folder.mkdir()
    config = {"r": 2, "lora_alpha": 4, "base_model_name_or_path": base}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    save_file({"base_model.model.fc.lora_A.weight": torch.ones(2, 3)}, folder / "adapter_model.safetensors")
    with pytest.raises(InputError):
        load_checkpoint(folder)


def test_a_pipe_is_no_checkpoint(tmp_path):
    os.mkfifo(tmp_path / "pipe.pt")
    with pytest.raises(InputError, match="a pipe or device"):
        load_checkpoint(tmp_path / "pipe.pt")


def test_a_limit_is_raised_by_name_and_a_wrong_name_is_refused(monkeypatch):
    monkeypatch.setenv("ISTHMUS_LIMITS", "pixels=2e9, depth=7")
    assert (limit("pixels"), limit("depth"), limit("name")) == (2_000_000_000, 7, 1000)
    for wrong in ("pixel=1", "pixels=many", "pixels"):
        monkeypatch.setenv("ISTHMUS_LIMITS", wrong)
        with pytest.raises(InputError):
            limit("name")


def test_the_command_line_says_what_a_file_names_without_steering_the_terminal(tmp_path):
    torch.save({"model": WEIGHTS, "best\x1b[31m": torch.ones(1), "[/bold]": torch.ones(1)}, tmp_path / "a.pt")
    command = [sys.executable, "-c", "from isthmus.cli.main import main; main()", "inspect", str(tmp_path / "a.pt")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0
    assert "\x1b" not in ended.stdout + ended.stderr
    assert r"best\x1b[31m" in ended.stderr
