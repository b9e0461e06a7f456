"""Going back from a result to its record and its per-example losses."""

from pathlib import Path
from typing import get_args

import numpy as np
import xarray as xr

from isthmus.errors import InputError, UnknownNameError
from isthmus.gate.door import parsing
from isthmus.measures.baseline import BASELINES, Baseline
from isthmus.measures.connectivity import Connectivity, connectivity
from isthmus.measures.examples import ExampleTable
from isthmus.results.dataset import class_dataset, result_dataset
from isthmus.results.labelled import labelled
from isthmus.results.rows import single_layers
from isthmus.results.variables import ERROR, LAYER, LOSS, OF, Values
from isthmus.runs.carried import in_hand, refuse_other_run
from isthmus.runs.folder.joined import is_joined, only_member
from isthmus.runs.folder.layout import Layout
from isthmus.runs.folder.measurement import Measurement
from isthmus.runs.folder.reading import by_member, member_result
from isthmus.runs.folder.record import Record, load_record
from isthmus.runs.folder.store import FolderStore
from isthmus.runs.folder.table import load_results
from isthmus.runs.request.precision import asked_precision
from isthmus.sweeps.grid import Grid

FITTING, AGAIN = "per-example results that fit run.json", "measure again into a new folder"


def classes_of(result: xr.Dataset) -> xr.Dataset | None:
    """The rises and barriers of every class: those in hand with the result, or those in its run folder.

    Args:
        result: From `isthmus.measure` with a folder, or from `load_run`.

    Returns:
        As `class_barriers`; None if the data has no classes, or the result no folder.
    """
    found, folder = in_hand(result).classes, result.attrs.get("run_folder")
    if found is None and folder:
        file = Layout(Path(folder)).classes
        found = load_results(file) if file.is_file() else None
    return None if found is None else labelled(found, result)


def measurement_of(result: xr.Dataset) -> Measurement:
    """The record and the per-example results behind a result.

    Args:
        result: From `isthmus.measure` or `isthmus.load_run`.

    Returns:
        Both.

    Raises:
        InputError: They are neither in memory nor on disk any more, or the result is a collection of several.
    """
    if is_joined(result):
        result = member_result(result, only_member(result))
    record = _stored_record(result)
    if record is not None:
        folder = Path(result.attrs["run_folder"])
        with parsing(FITTING, str(folder), AGAIN):
            return Measurement(record, _stored_tables(record, folder))
    found = in_hand(result).measurement
    if found is None:
        raise InputError(
            "a result with per-example losses",
            "one that has them neither in memory nor in a run folder",
            "result",
            "measure with out=FOLDER, or keep what measure returned in this process",
        )
    return found


def _stored_tables(record: Record, folder: Path) -> dict[str, ExampleTable]:
    files = Layout(folder).splits([split.name for split in record.splits])
    tables = {
        split.name: FolderStore(files[split.name], None).table(record.grid.num_points, split.num_examples)
        for split in record.splits
    }
    if asked_precision(record.settings) and any(table.order is None for table in tables.values()):
        raise ValueError("a precision without the order that examples were drawn in")
    return tables


def has_losses(result: xr.Dataset) -> bool:
    """Whether the per-example losses behind a result are at hand.

    Args:
        result: Any result.

    Returns:
        Whether `measurement_of` finds them.
    """
    try:
        if is_joined(result):
            result = member_result(result, only_member(result))
        return _stored_record(result) is not None or in_hand(result).measurement is not None
    except InputError:
        return False


def _stored_record(result: xr.Dataset) -> Record | None:
    """The record of a result's run folder; None if it has none with losses in it."""
    folder = result.attrs.get("run_folder")
    if not folder or not Layout(Path(folder)).examples.is_dir():
        return None
    record = load_record(Path(folder))
    refuse_other_run(result, record.run_id)
    return record


def examples(result: xr.Dataset, split: str | None = None) -> xr.Dataset:
    """The per-example losses and errors behind a result, from which every summary can be computed again.

    Args:
        result: From `isthmus.measure` or `isthmus.load_run`.
        split: Which split, where there are several.

    Returns:
        `loss` and, with classes, `error` over (host, moving, alpha, example), `loss_a`, `loss_b`, `error_a`, `error_b`
        over (example), and the coordinate `target` where targets are class numbers. Of a measurement to a precision:
        the examples that any point was evaluated on, in the order in which they were drawn, `example` being their
        numbers in the split; `is_evaluated` and `is_evaluated_end` (example) say which cells mean something.

    Raises:
        InputError: The losses are gone, or there are several splits and none is named.
    """
    measurement = measurement_of(result)
    table = measurement.table(split)
    with parsing(FITTING, str(result.attrs.get("run_folder", "result")), AGAIN):
        return (
            _all_examples(measurement.grid, table) if table.counts is None else _drawn_examples(measurement.grid, table)
        )


def _all_examples(grid: Grid, table: ExampleTable) -> xr.Dataset:
    dims = ("host", "moving", "alpha", "example")
    found = xr.Dataset({"loss": (dims, table.loss[grid.rows])})
    if table.error is not None:
        found["error"] = (dims, table.error[grid.rows])
    for host in ("a", "b"):
        found[LOSS.ends[host].name] = ("example", table.loss[grid.end(host)])
        if table.error is not None:
            found[ERROR.ends[host].name] = ("example", table.error[grid.end(host)])
    labels = [group.label for group in grid.groups]
    found = found.assign_coords(host=list(grid.hosts), moving=labels, alpha=list(grid.alphas))
    return found if table.targets is None else found.assign_coords(target=("example", table.targets))


def _drawn_examples(grid: Grid, table: ExampleTable) -> xr.Dataset:
    assert table.counts is not None
    assert table.order is not None
    known, dims = int(table.counts.max()), ("host", "moving", "alpha", "example")
    evaluated = np.arange(known) < table.counts[:, None]
    found = xr.Dataset({"is_evaluated": (dims, evaluated[grid.rows]), "is_evaluated_end": ("example", evaluated[0])})
    for quantity in table.quantities:
        array = table.values(quantity)[:, :known]
        found[quantity] = (dims, array[grid.rows])
        for host in ("a", "b"):
            found[OF[quantity].ends[host].name] = ("example", array[grid.end(host)])
    labels = [group.label for group in grid.groups]
    found = found.assign_coords(host=list(grid.hosts), moving=labels, alpha=list(grid.alphas))
    found = found.assign_coords(example=table.order[:known])
    return found if table.targets is None else found.assign_coords(target=("example", table.targets[:known]))


def barrier(result: xr.Dataset, baseline: Baseline = "models") -> xr.Dataset:
    """The result under another baseline, from the stored losses; nothing is evaluated.

    Args:
        result: From `isthmus.measure` or `isthmus.load_run`, also of several pairs or steps.
        baseline: "models", "chord", "cut" or "host"; `cut` needs the point at alpha = 1 of every cut, so a result that
            was measured with baseline="cut" or with 1.0 among its alphas.

    Returns:
        A result like the given one.

    Raises:
        InputError: The losses are gone, or the far ends were not evaluated.
        UnknownNameError: There is no such baseline.
    """
    if baseline not in get_args(Baseline):
        raise UnknownNameError("a baseline", baseline, BASELINES, "barrier(result, baseline=...)")
    if is_joined(result):
        return by_member(result, lambda member: barrier(member, baseline))
    measurement = measurement_of(result)
    grid = measurement.grid
    if baseline == "cut" and grid.far_ends is None:
        raise InputError(
            "a result that holds the far end (alpha = 1) of every cut",
            f"alphas {list(grid.alphas)}",
            "barrier(result, baseline='cut')",
            "measure with baseline='cut', or with 1.0 among the alphas",
        )
    # What the weights alone decide is the same over every baseline.
    layers: Values = {str(k): v.values for k, v in result.data_vars.items() if v.dims == LAYER}
    asked = asked_precision(measurement.record.settings)
    return result_dataset(grid, measurement.tables, baseline, layers, {**result.attrs, "baseline": baseline}, asked)


def class_barriers(result: xr.Dataset) -> xr.Dataset:
    """Which classes suffer when a layer is averaged: every rise and barrier counted on the examples of one class.

    Args:
        result: From `isthmus.measure` or `isthmus.load_run`.

    Returns:
        Rises, barriers and intervals over (split,) label, host, moving, with `label_name` along label.

    Raises:
        InputError: The losses are gone, or the data has no classes.
    """
    measurement = measurement_of(result)
    names = measurement.record.splits[0].class_names
    grid = measurement.grid
    # The result may be a selection; the losses are those of all rows.
    distance = result["distance"].reindex(moving=[group.label for group in grid.groups])
    found = class_dataset(grid, measurement.tables, result.attrs["baseline"], names, distance)
    if found is None:
        raise InputError("data with class numbers", "other targets", "class_barriers(result)", "measure a classifier")
    return labelled(found, result)


def is_layerwise_connected(result: xr.Dataset, threshold: float = 0.02, split: str | None = None) -> Connectivity:
    """Whether no single layer has a significant error barrier (Definition 3 of the paper).

    Args:
        result: A measurement with the sweep `single` of data with classes.
        threshold: The largest error barrier that still counts as none, as a fraction. 0.02 is what Frankle et al.
            (2020) call connected; the paper does not give its own.
        split: Which split, where there are several.

    Returns:
        "connected" if the upper end of every layer's own 95 % interval, into every host, is at most the threshold,
        also where the two networks are the same; "not" if a lower end of a band that holds for all of them at once
        lies above it; else "undecided". A layer that is the same in both networks is left out.

    Raises:
        InputError: There is no single-layer sweep, or there are no classes, or no losses any more.
    """
    measurement = measurement_of(result)
    table = measurement.table(split)
    if table.error is None or not single_layers(result):
        raise InputError(
            "a single-layer sweep of a classifier",
            f"sweeps {np.unique(result['sweep'].values).tolist()}, {'no errors' if table.error is None else 'errors'}",
            "is_layerwise_connected(result)",
            "measure with sweep='single' on data with classes",
        )
    unmoved = [str(label) for label in result["moving"].values[result["distance"].values == 0]]
    return connectivity(measurement.grid, table, result.attrs["baseline"], float(threshold), unmoved)
