"""What rows, splits and pairs a result has: the parts together are the whole."""

import ast
from pathlib import Path

import pytest
import xarray as xr
from made_measurements import make_measurement, many_sweeps

import isthmus
from isthmus.errors import InputError, UnknownNameError
from isthmus.results.rows import (
    by_pair,
    in_split,
    labels,
    layer_labels,
    layers_moved,
    moving_groups,
    of_sweep,
    single_layers,
    split_label,
    split_names,
    split_of,
    sweep_labels,
    sweeps_shown,
)
from isthmus.sweeps.group import FULL_NETWORK


def test_every_row_belongs_to_the_sweep_that_asked_for_it_and_to_no_other() -> None:
    result = many_sweeps()
    sweeps = dict.fromkeys(labels(result, "sweep"))
    assert [row for sweep in sweeps for row in sweep_labels(result, sweep)] == list(labels(result, "moving"))
    assert sweep_labels(result, "full") == (FULL_NETWORK,)
    assert sweep_labels(result, "window:9") == ()


def test_the_full_network_is_no_moving_group_wherever_it_stands() -> None:
    result = many_sweeps()
    last_first = result.isel(moving=slice(None, None, -1))
    assert (*moving_groups(last_first), FULL_NETWORK) == labels(last_first, "moving")
    assert (FULL_NETWORK, *moving_groups(result)) == labels(result, "moving")


def test_single_layers_move_alone() -> None:
    result = many_sweeps()
    moved = layers_moved(result)
    assert [moved[row] for row in single_layers(result)] == [(layer,) for layer in moved[FULL_NETWORK]]


def test_growing_groups_and_windows_move_as_many_layers_as_their_names_say() -> None:
    result = many_sweeps()
    moved = layers_moved(result)
    growing = [
        row for sweep in set(labels(result, "sweep")) if "cumulative" in sweep for row in sweep_labels(result, sweep)
    ]
    assert growing
    assert [len(moved[row]) for row in growing] == [int(row.rpartition(":")[2]) for row in growing]
    assert {len(moved[row]) for row in sweep_labels(result, "window:2")} == {2}


def test_pictures_of_layers_show_every_group_only_where_no_layer_was_measured_alone() -> None:
    assert layer_labels(many_sweeps()) == single_layers(many_sweeps())
    windows = many_sweeps(4, ["window:2"])
    assert single_layers(windows) == ()
    assert layer_labels(windows) == moving_groups(windows) == sweep_labels(windows, "window:2")


def test_the_part_of_a_sweep_keeps_the_full_network() -> None:
    result = many_sweeps()
    for sweep in sweeps_shown(result):
        assert labels(of_sweep(result, sweep), "moving") == (FULL_NETWORK, *sweep_labels(result, sweep))


def test_a_sweep_of_more_rows_than_a_picture_holds_is_not_shown() -> None:
    result = many_sweeps(15)  # 105 pairs
    assert "pairs" not in sweeps_shown(result)
    assert "single" in sweeps_shown(result)
    assert sweeps_shown(of_sweep(result, "full")) == ["full"]


def test_the_splits_together_are_the_result() -> None:
    result = make_measurement(splits=("train", "test"))
    parts = [in_split(result, name) for name in split_names(result)]
    assert [split_label(part) for part in parts] == split_names(result) == ["train", "test"]
    xr.testing.assert_identical(xr.concat([part.loss_rise for part in parts], "split"), result.loss_rise)


def test_a_result_without_splits_is_its_only_part() -> None:
    result = make_measurement()
    assert split_names(result) == [None]
    assert in_split(result, None) is result
    assert split_label(result) is None
    assert split_of(result, "test") is None
    assert split_of(make_measurement(splits=("test",)), "test") == "test"


def test_one_split_of_several_has_to_be_named() -> None:
    result = make_measurement(splits=("train", "test"))
    with pytest.raises(InputError, match="one split of train, test"):
        in_split(result, None)
    with pytest.raises(UnknownNameError, match="valid"):
        in_split(result, "valid")


def test_the_pairs_together_are_the_result() -> None:
    first, second = make_measurement(seed=1), make_measurement(seed=2)
    result = xr.concat([first, second], "pair", data_vars="all").assign_coords(pair=["a-b", "a-c"])
    parts = dict(by_pair(result))
    assert list(parts) == ["a-b", "a-c"]
    xr.testing.assert_equal(parts["a-c"].drop_vars("pair"), second)
    assert by_pair(first) == [("", first)]


ELSEWHERE = {
    "sweeps/group.py": "where the row is declared",
    "experiments/reproduction/registry.py": "every claim",
    "questions/theorem/example.py": "words of the example",
    "report/collections/reading.py": "how many",
}
"""Where `"all"` is written, of what."""


def test_the_full_network_has_one_name_in_the_code() -> None:
    source = Path(isthmus.__file__).parent
    found = set()
    for file in source.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        of_xarray = [word.value for node in ast.walk(tree) if isinstance(node, ast.Call)
                     for word in node.keywords if word.arg == "data_vars"]  # fmt: skip
        if any(isinstance(node, ast.Constant) and node.value == FULL_NETWORK and node not in of_xarray
               for node in ast.walk(tree)):  # fmt: skip
            found.add(file.relative_to(source).as_posix())
    rules = {name for name in found if "federated" in name}  # there it is the rule that averages every layer
    assert found - rules == set(ELSEWHERE)
