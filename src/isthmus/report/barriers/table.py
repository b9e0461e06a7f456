"""The rises or barriers of one split, read from a result into rows (layers) and columns (hosts)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.errors import InputError
from isthmus.measures.intervals.effective_examples import FEW
from isthmus.report.kept import kept
from isthmus.report.shown import AT_END_MARK, FEW_EXAMPLES_MARK, CutBarrier, shown_estimates
from isthmus.report.values import RISES, VALUES, kind_of, value_words
from isthmus.results.rows import in_split, labels, layer_labels, moving_groups, single_layers, split_label
from isthmus.results.units import shown_unit
from isthmus.results.variables import NUMBERS
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr

PERCENT = 100.0


@dataclass(frozen=True)
class BarrierTable:
    """All rises or barriers of one kind in one split; those of errors are in percentage points.

    Attributes:
        value: The variable shown.
        layers: The rows that pictures of layers show: `layer_labels`.
        moving: Every row but the full network's, whatever moves in it.
        noun: What `layers` are: "single layer", or "moving group" where none was measured alone.
    """

    value: str
    split: str | None
    unit: str
    baseline: str
    hosts: tuple[str, ...]
    layers: tuple[str, ...]
    moving: tuple[str, ...]
    noun: str
    cells: dict[tuple[str, str], CutBarrier]

    @property
    def title(self) -> str:
        """Such as `"Loss barrier, test"`."""
        name = self.name.capitalize()
        return f"{name}, {self.split}" if self.split else name

    @property
    def name(self) -> str:
        """Such as `"loss barrier"`."""
        return value_words(self.value)

    @property
    def axis_label(self) -> str:
        """Such as `"loss barrier (nats)"`."""
        return f"{self.name} ({self.unit})"

    @property
    def rows(self) -> list[str]:
        """Labels of the rows shown: the full network first, then the layers in their order."""
        return [FULL_NETWORK, *self.layers]

    @property
    def all_rows(self) -> list[str]:
        """Labels of all rows: the full network first, then every moving group."""
        return [FULL_NETWORK, *self.moving]

    @property
    def layer_cells(self) -> list[CutBarrier]:
        """Every cell but those of the full network, layer by layer."""
        return [cell for layer in self.layers for cell in self.row(layer)]

    @property
    def notes(self) -> list[str]:
        """The marks that occur in the rows shown, each explained in a sentence."""
        return mark_notes((cell.marks for row in self.rows for cell in self.row(row)), self.baseline)

    def row(self, layer: str) -> list[CutBarrier]:
        """The barriers of one layer into every host.

        Args:
            layer: A label of `moving`.

        Returns:
            One cell for each of `hosts`.
        """
        return [self.cells[layer, host] for host in self.hosts]


@kept
def barrier_table(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> BarrierTable:
    """The rises or barriers of one split, ready to be shown.

    Args:
        result: A measurement with dimensions `host`, `moving`, `alpha` and perhaps `split`.
        value: `"loss_barrier"`, `"loss_rise"`, `"loss_largest_rise"` or `"loss_exchange_rise"` (in the loss's unit), or
            the same of the error (shown in percentage points).
        split: Which split; may be left out where there is only one.

    Returns:
        The table; its layers stand in the result's order, without the full network.

    Raises:
        UnknownNameError: for another value or split.
        InputError: for errors of a loss without classes, a rise of a result made before there were any, or no split
            named where there are several.
    """
    kind, number = kind_of(value), NUMBERS[value]
    _require(result, value)
    part = in_split(result, split).transpose("host", "moving", ...)
    hosts, moving = labels(part, "host"), labels(part, "moving")
    unit = shown_unit(result, kind)
    shape = (len(hosts), len(moving))
    alpha = _alphas(part, value, shape)
    at_end = part[number.at_end].values if number.at_end in part else np.zeros(shape, dtype=bool)
    estimates = shown_estimates(part, value, unit)
    cells = {
        (layer, host): CutBarrier(layer, host, estimates[host, layer], float(alpha[i, j]), bool(at_end[i, j]))
        for i, host in enumerate(hosts)
        for j, layer in enumerate(moving)
    }
    return BarrierTable(
        value,
        split_label(part),
        unit,
        str(result.attrs.get("baseline", "models")),
        hosts,
        layer_labels(result),
        moving_groups(result),
        "single layer" if single_layers(result) else "moving group",
        cells,
    )


def _require(result: "xr.Dataset", value: str) -> None:
    if value in result:
        return
    if kind_of(value) == "error" and "error_barrier" not in result:
        had, do = f"one whose loss ({result.attrs.get('loss', 'unnamed')}) has no classes", "show the loss"
        raise InputError("a result with errors", had, f"value={value!r}", do)
    raise InputError(
        f"a result with {value_words(value)}s",
        f"one with {', '.join(name for name in (*RISES, *VALUES) if name in result)}",
        f"value={value!r}",
        "isthmus.barrier(result) computes all that the alphas of a result allow, from its stored losses",
    )


def _alphas(part: "xr.Dataset", value: str, shape: tuple[int, int]) -> "np.ndarray[tuple[int, int], np.dtype[Any]]":
    """Where every number was read off: the alpha of a maximum, of averaging, or that of an exchange."""
    if NUMBERS[value].alpha in part:
        return np.asarray(part[NUMBERS[value].alpha].values)
    return np.full(shape, float(part["rise_alpha"]) if value in RISES else 1.0)


def mark_notes(marks: Iterable[str], baseline: str) -> list[str]:
    """Explains the marks that occur.

    Args:
        marks: The marks of all cells shown.
        baseline: The baseline that the barriers were measured over.

    Returns:
        One sentence for each mark that occurs.
    """
    shown = "".join(marks)
    at_end = {
        "models": "Under baseline models the host alone (alpha 0) already has an excess: half of what it is worse than "
        "the donor.",
        "chord": "Under baseline chord the excess at alpha 0 is zero by definition.",
        "cut": "Under baseline cut the excess at both ends is zero by definition.",
        "host": "Under baseline host the excess at alpha 0 is zero by definition.",
    }
    notes = []
    if AT_END_MARK in shown:
        notes.append(f"{AT_END_MARK} largest at alpha 0 or 1, an end of the cut. {at_end.get(baseline, '')}".rstrip())
    if FEW_EXAMPLES_MARK in shown:
        notes.append(f"{FEW_EXAMPLES_MARK} fewer than {FEW} examples carry this number: its interval may be too short.")
    return notes
