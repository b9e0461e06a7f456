"""Rises or barriers of many measurements side by side: one column a step or a pair of networks, a table a column."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from isthmus.measures.estimate import Estimate
from isthmus.report.barriers.scale import colour_limit
from isthmus.report.barriers.table import BarrierTable, barrier_table
from isthmus.report.kept import kept
from isthmus.report.shown import CutBarrier
from isthmus.results.rows import labels, of_sweep
from isthmus.sweeps.single import Single

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Columns:
    """One barrier table for each label along a dimension.

    Attributes:
        dimension: "step" or "pair".
        labels: Along it.
        tables: One a label, all of the same rows and hosts.
        noun: What the rows below the full network are.
    """

    dimension: str
    labels: tuple[str, ...]
    tables: tuple[BarrierTable, ...]
    noun: str = "layers"

    @property
    def first(self) -> BarrierTable:
        """A table that has the rows, hosts, unit and title of all."""
        return self.tables[0]

    @property
    def cells(self) -> list[tuple[str, CutBarrier]]:
        """Every cell but those of the full network, with its column's label."""
        return [
            (label, cell) for label, table in zip(self.labels, self.tables, strict=True) for cell in table.layer_cells
        ]

    @property
    def colour_limit(self) -> float:
        """Where the diverging colours end: the rule of one table over the cells of all."""
        cells = {
            (row, f"{label} {host}"): cell
            for label, table in zip(self.labels, self.tables, strict=True)
            for (row, host), cell in table.cells.items()
        }
        hosts = tuple(dict.fromkeys(column for _, column in cells))
        return colour_limit(replace(self.first, hosts=hosts, cells=cells))

    def row(self, layer: str, host: str) -> list[CutBarrier]:
        """The barriers of one layer into one host.

        Args:
            layer: A label of `moving`.
            host: A host.

        Returns:
            One cell a column.
        """
        return [table.cells[layer, host] for table in self.tables]


@kept
def columns(
    result: "xr.Dataset",
    dimension: str,
    value: str = "loss_barrier",
    split: str | None = None,
    sweep: str | None = None,
) -> Columns:
    """The rises or barriers along one dimension of a collection.

    Args:
        result: A collection with no other dimension than this one (choose a pair or a step first).
        dimension: "step" or "pair".
        value: `"loss_rise"`, `"loss_barrier"`, or the same of the error.
        split: Which split; may be left out where there is only one.
        sweep: The rows of which sweep to show below the full network; None for all.

    Returns:
        The tables.
    """
    shown = result if sweep is None else kept_sweep(result, sweep)
    names = labels(shown, dimension)
    tables = tuple(barrier_table(place(shown, dimension, i), value, split) for i in range(len(names)))
    return Columns(dimension, names, tables, "layers" if sweep == Single.name else "groups of layers")


@kept
def place(result: "xr.Dataset", dimension: str, number: int) -> "xr.Dataset":
    """One place along a dimension; the same object within a page.

    Args:
        result: A collection.
        dimension: "step" or "pair".
        number: From 0.

    Returns:
        The result without the dimension.
    """
    return result.isel({dimension: number})


kept_sweep = kept(of_sweep)


def cell_text(estimate: Estimate) -> str:
    """A number as a cell shows it: an exact zero without decimals.

    Args:
        estimate: The number.

    Returns:
        The number.
    """
    is_zero = estimate.value == estimate.low == estimate.high == 0
    return "0" if is_zero else estimate.text
