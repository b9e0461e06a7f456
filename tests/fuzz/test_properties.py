"""Whatever stands in a file, it is read or refused: properties over spaces of files; `run.py` mutates honest ones."""

import json
import struct
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run import outcome, written
from target import Target
from targets import all_targets

PARTS = [(target.name, file) for target in all_targets() for file in target.files if file not in target.kept]
JSON_FILES = [(name, file) for name, file in PARTS if file.endswith(".json")]
RECIPES = [(name, file) for name, file in PARTS if file.endswith(".toml")]
SAFETENSORS = next(target for target in all_targets() if target.name == "safetensors")
WEIGHTS = next(iter(SAFETENSORS.files))
MARK = "the number stands here"
BY_NAME: dict[str, Target] = {target.name: target for target in all_targets()}
DTYPES = ("F32", "BF16", "I64", "BOOL", "F8_E4M3", "U8", "X1", "")
KEYS = (
    "metadata",
    "weight_map",
    "dtype",
    "shape",
    "data_offsets",
    "__metadata__",
    "peft_type",
    "network",
    "model",
    "..",
)

plain = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
words = st.sampled_from(KEYS) | st.text(max_size=8)
anything = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4), max_leaves=12
)
numbers = st.integers(-2, 40) | st.integers(-(2**70), 2**70)
entries = st.fixed_dictionaries({
    "dtype": st.sampled_from(DTYPES) | plain,
    "shape": st.lists(numbers, max_size=4) | plain,
    "data_offsets": st.lists(numbers, min_size=2, max_size=2) | plain,
})
headers = st.dictionaries(words, entries | anything, max_size=3)
# In a folder of the test's own, which each example empties first.
drawn = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_read_or_refused(name: str, file: str, data: bytes, folder: Path) -> None:
    target = BY_NAME[name]
    assert file in target.files
    said, why = outcome(target, written({**target.files, file: data}, folder / "case"))
    assert said in {"read", "refused"}, f"{name}, {file}: {said}\n{why}"


@drawn
@given(part=st.sampled_from(PARTS), data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_by_every_reader(part, data, tmp_path):
    assert_read_or_refused(*part, data, tmp_path)


@drawn
@given(header=headers, data=st.binary(max_size=64), excess=st.integers(-9, 9))
def test_any_safetensors_header_is_read_or_refused(header, data, excess, tmp_path):
    text = json.dumps(header).encode()
    whole = struct.pack("<Q", max(0, len(text) + excess)) + text + data
    assert_read_or_refused(SAFETENSORS.name, WEIGHTS, whole, tmp_path)


@drawn
@given(part=st.sampled_from(JSON_FILES), contents=anything)
def test_any_json_is_read_or_refused_by_every_reader_of_json(part, contents, tmp_path):
    assert_read_or_refused(*part, json.dumps(contents).encode(), tmp_path)


@drawn
@given(part=st.sampled_from(RECIPES), contents=st.dictionaries(words, anything, max_size=4), data=st.data())
def test_any_value_of_any_key_of_a_recipe_is_read_or_refused(part, contents, data, tmp_path):
    name, file = part
    lines = BY_NAME[name].files[file].decode().splitlines()
    keys = [number for number, line in enumerate(lines) if "=" in line and not line.startswith("#")]
    place = data.draw(st.sampled_from(keys))
    key = lines[place].partition("=")[0]
    lines[place] = f"{key}= {toml(data.draw(anything))}"
    lines = [*(f"{json.dumps(word)} = {toml(value)}" for word, value in contents.items()), *lines]
    assert_read_or_refused(name, file, "\n".join(lines).encode(errors="surrogatepass"), tmp_path)


def toml(value: object) -> str:
    """A value as TOML would write it; JSON's strings and numbers nearly are."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return '""' if value is None else json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")


@pytest.mark.parametrize("part", JSON_FILES, ids="/".join)
def test_any_number_in_any_place_of_a_json_file_is_read_or_refused(part, tmp_path):
    """Beyond all floats, and so large that whoever counts to it never ends: each in turn, for reading takes time."""
    name, file = part
    found, numbers = json.loads(BY_NAME[name].files[file]), cycle(("1e309", "1" + 25 * "0", "1" + 400 * "0"))
    for keys, number in zip(places(found), numbers, strict=False):
        data = json.dumps(put(found, keys, MARK)).replace(json.dumps(MARK), number)
        assert_read_or_refused(name, file, data.encode(), tmp_path)


def places(value: object, *keys: str | int) -> Iterator[tuple[str | int, ...]]:
    """Where something stands in JSON: the keys that lead to it. Of a list the first entry stands for all."""
    yield keys
    inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, *keys, key)


def put(value: Any, keys: tuple[str | int, ...], other: object) -> object:
    """The same JSON with something else in one place."""
    if not keys:
        return other
    changed = list(value) if isinstance(value, list) else dict(value)
    changed[keys[0]] = put(value[keys[0]], keys[1:], other)
    return changed


def test_the_spaces_hold_what_is_read_and_what_is_refused(tmp_path):
    """Else the properties above would say nothing."""
    honest = {"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    found = set()
    for header, size in ((honest, 4), (honest, 3), ({}, 0)):
        text = json.dumps(header).encode()
        files = {**SAFETENSORS.files, WEIGHTS: struct.pack("<Q", len(text)) + text + bytes(size)}
        found.add(outcome(SAFETENSORS, written(files, tmp_path / "case"))[0])
    assert found == {"read", "refused"}
    assert JSON_FILES
    assert RECIPES


@pytest.mark.parametrize("value", [None, 1, 2.5, "a\nb", [1, [2]], {"a": {"b": []}}, float("inf")])
def test_values_are_written_as_toml(value):
    import tomllib

    assert tomllib.loads(f"x = {toml(value)}")["x"] == ("" if value is None else value)
