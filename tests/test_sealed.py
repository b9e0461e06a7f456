"""Files that know what they hold: damage shows, wherever it is."""

import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from isthmus.errors import DamagedError
from isthmus.sealed import load_table, load_values, save_table, save_values
from isthmus.weights.sealed_tensors import load_tensors, save_tensors

TABLE = pa.table({
    "point": np.arange(40, dtype=np.int32),
    "loss": np.linspace(0, 1, 40, dtype=np.float32),
    "error": np.arange(40) % 3 == 0,
    "name": [f"layer{number}" for number in range(40)],
    "perhaps": pa.array([1.5, None] * 20),
})  # fmt: skip
VALUES = {"round": 3, "sets": {"0": ["conv1", "fc"]}, "barriers": [{"loss": float("nan"), "trusted": True}]}
TENSORS = {"fc.weight": torch.arange(12.0).reshape(3, 4), "steps": torch.tensor(7), "half": torch.ones(5).bfloat16()}
FORMS = {
    "parquet": (TABLE, save_table, load_table),
    "json": (VALUES, save_values, load_values),
    "safetensors": (TENSORS, lambda values, file: save_tensors(values, file, {"of": "a test"}), load_tensors),
}


def told(found):
    """What is read, without names that nobody asks for: a seal whose own name is damaged is one."""
    if isinstance(found, tuple):
        return {key: (found[0][key].dtype, found[0][key].tolist()) for key in TENSORS if key in found[0]}
    return repr({key: found[key] for key in VALUES if key in found}) if isinstance(found, dict) else found.to_pylist()


@pytest.fixture(params=FORMS)
def form(request, tmp_path):
    values, save, load = FORMS[request.param]
    file = tmp_path / f"file.{request.param}"
    save(values, file)
    return file, load


def test_what_was_written_is_read(form):
    file, load = form
    found = load(file)
    if file.suffix == ".safetensors":
        tensors, metadata = found
        assert metadata == {"of": "a test"}
        assert tensors.keys() == TENSORS.keys()
        assert all(torch.equal(tensors[key], TENSORS[key]) for key in TENSORS)
    elif file.suffix == ".json":
        assert repr(found) == repr(VALUES)
    else:
        assert found.to_pylist() == TABLE.to_pylist()


def test_a_byte_that_changed_is_noticed_or_changes_nothing_that_is_read(form):
    file, load = form
    whole, read = file.read_bytes(), told(load(file))
    draw, noticed = random.Random(0), 0
    for place in sorted(draw.sample(range(len(whole)), 150)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << draw.randrange(8))]) + whole[place + 1 :])
        try:
            assert told(load(file)) == read, place
        except DamagedError:
            noticed += 1
    assert noticed > 50


@pytest.mark.parametrize("length", [0, 9, 0.5, 0.99])
def test_a_file_that_ends_early_is_noticed(form, length):
    file, load = form
    whole = file.read_bytes()
    file.write_bytes(whole[: length if isinstance(length, int) else int(length * len(whole))])
    with pytest.raises(DamagedError, match=r"(?s)a whole file.*--resume"):
        load(file)


def test_a_block_of_zeros_in_the_numbers_is_noticed(form):
    file, load = form
    whole, read = file.read_bytes(), told(load(file))
    for begin in range(0, len(whole) - 32, 32):
        if any(whole[begin : begin + 32]):
            file.write_bytes(whole[:begin] + bytes(32) + whole[begin + 32 :])
            try:
                load(file)
            except DamagedError:
                continue
            assert told(load(file)) == read


def test_files_of_earlier_versions_have_no_seal_and_are_read(tmp_path):
    pq.write_table(TABLE, tmp_path / "a.parquet")
    assert load_table(tmp_path / "a.parquet").equals(TABLE)
    (tmp_path / "a.json").write_text('{"round": 1}')
    assert load_values(tmp_path / "a.json") == {"round": 1}
    save_file(TENSORS, tmp_path / "a.safetensors")
    assert load_tensors(tmp_path / "a.safetensors")[0].keys() == TENSORS.keys()


def test_the_header_of_tensors_has_one_order_in_every_process(tmp_path):
    """Safetensors itself writes texts in an order that every process draws anew."""
    texts = dict.fromkeys("dbacfe", "1")
    save_tensors(TENSORS, tmp_path / "a.safetensors", texts)
    header = (tmp_path / "a.safetensors").read_bytes()[8:400].decode(errors="replace")
    places = [header.index(f'"{name}":"1"') for name in "abcdef"]
    assert places == sorted(places)
