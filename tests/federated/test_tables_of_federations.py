"""The folder of a federated training: what is read, and what is refused in words."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from federated_tables import made_tables, saved

from isthmus.errors import InputError
from isthmus.federated.results.tables import KEYS, SCHEMAS, is_federation, load_federation


def rate(rule: str, seed: int, number: int, client: int, when: str, data: str) -> float | None:
    return None if when == "last" else 0.1 * client + 0.01 * seed


@pytest.fixture
def parts() -> tuple[dict[str, Any], dict[str, pa.Table]]:
    return made_tables(rate, ("all", "barrier threshold=0.05", "none"), (4, 2), clients=3, rounds=2)


def test_a_folder_is_read_back_with_pinned_types_and_sorted_rows(parts: Any, tmp_path: Path) -> None:
    manifest, tables = parts
    found = load_federation(
        saved(manifest, {n: t.take(list(range(len(t)))[::-1]) for n, t in tables.items()}, tmp_path)
    )
    straight = load_federation(saved(*parts, tmp_path / "straight"))
    assert is_federation(tmp_path)
    assert found.name == tmp_path.name
    assert (found.rules, found.seeds, found.num_rounds) == (("all", "barrier threshold=0.05", "none"), (2, 4), 2)
    assert found.labels_of("barrier") == ("barrier threshold=0.05",)
    for name, keys in KEYS.items():
        frame = getattr(found, name)
        pd.testing.assert_frame_equal(frame, getattr(straight, name))
        assert frame.equals(frame.sort_values(list(keys)))
        assert pa.Table.from_pandas(frame).schema.remove_metadata().names == SCHEMAS[name].names
    assert [str(kind) for kind in found.traffic.dtypes[-4:]] == ["int64", "int64", "int64", "str"]


def test_a_training_without_measurements_has_an_empty_table_of_barriers(tmp_path: Path) -> None:
    found = load_federation(saved(*made_tables(rate, ("all",), (0,), clients=2, rounds=1), tmp_path))
    assert list(found.barriers.columns) == SCHEMAS["barriers"].names
    assert found.barriers.empty


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 2}, "schema 1 or earlier"),
        ({"complete": False}, "--resume"),
        ({"recipe": {"rounds": 3, "clients": 2, "rules": ["all", "barrier", "none"]}}, "outcomes of round 3, the last"),
        ({"recipe": {"rounds": 2, "clients": 2, "rules": ["all"]}}, "written by isthmus"),
        ({"seconds": []}, "seconds: List should have at least 1 item"),
        ({"hashes": {"data": math.inf}}, "hashes.data: Input should be a valid string"),
        ({"layers": [{"layer": "a", "bytes": 10**30, "parameters": 1}]}, "layers.0.bytes: Input should be less than"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_refused(
    parts: Any, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        load_federation(saved({**parts[0], **change}, parts[1], tmp_path))


def test_a_broken_table_is_refused(parts: Any, tmp_path: Path) -> None:
    manifest, tables = parts
    outcomes = tables["outcomes"]
    broken = {
        "none named loss": outcomes.drop_columns("loss"),
        "such as rule all, seed 4, round 0, client 0": pa.concat_tables([outcomes, outcomes.slice(0, 1)]),
        "columns rule, seed": outcomes.set_column(1, "seed", pa.array(["x"] * len(outcomes))),
    }
    for number, (words, table) in enumerate(broken.items()):
        with pytest.raises(InputError, match=words):
            load_federation(saved(manifest, {**tables, "outcomes": table}, tmp_path / str(number)))
    folder = saved(manifest, tables, tmp_path / "whole")
    (folder / "traffic.parquet").write_text("no table")
    with pytest.raises(InputError, match="a whole federated training"):
        load_federation(folder)
    (folder / "traffic.parquet").unlink()
    with pytest.raises(InputError, match=r"no traffic\.parquet"):
        load_federation(folder)
    (folder / "federated.json").write_text("{}")
    with pytest.raises(InputError, match="nothing named 'schema'"):
        load_federation(folder)


def test_another_folder_is_refused(tmp_path: Path) -> None:
    assert not is_federation(tmp_path)
    with pytest.raises(InputError, match="a folder without one"):
        load_federation(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        load_federation(tmp_path / "nowhere")
