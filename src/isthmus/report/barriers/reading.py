"""One paragraph in words, from the numbers: what averaging costs, and the paper's barriers."""

import math
from typing import TYPE_CHECKING

from isthmus.measures.averaging import HALF_WAY
from isthmus.measures.intervals.effective_examples import FEW
from isthmus.report.barriers.table import BarrierTable, barrier_table
from isthmus.report.shown import CutBarrier, largest
from isthmus.report.values import barrier_beside, is_rise, kind_of, main_values
from isthmus.results.variables import OF
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr

OVER = {
    "models": "over the mean of the two networks",
    "chord": "over the straight line between the two networks",
    "cut": "over the straight line between its own two ends",
}


def headline(result: "xr.Dataset", split: str | None = None) -> str:
    """What a reader would do with the measurement, in one line.

    Args:
        result: A measurement.
        split: Which split; may be left out where there is only one.

    Returns:
        What averaging the full network costs each host, and the layer that costs most; empty without a rise.
    """
    if "loss_rise" not in result or math.isnan(float(result["rise_alpha"])):
        return ""
    table, averaging = barrier_table(result, "loss_rise", split), _averaging(result)
    full = " and ".join(f"host {cell.host} {cell.estimate.text}" for cell in table.row(FULL_NETWORK))
    everything = f"{averaging.lower()} everything costs {full}"
    most = largest(table.layer_cells)
    if most is None:
        return f"{everything[0].upper()}{everything[1:]} {table.unit}."
    layers, number = f"{len(table.layers)} {table.noun}s", f"host {most.host} {most.estimate.text} {table.unit}"
    if len(table.layers) == 1:
        return f"{averaging} {most.layer} costs {number}, the only {table.noun}; {everything}."
    if most.estimate.value < 0:
        lowers = f"lowers the {kind_of(table.value)}, {most.layer} the least"
        return f"{averaging} any one of {layers} {lowers}: {number}; {everything}."
    return f"{averaging} {most.layer} costs {number}, the most of {layers}; {everything}."


def reading(result: "xr.Dataset", split: str | None = None) -> list[str]:
    """What averaging costs in one split, a paragraph for the loss and one for the error.

    Args:
        result: A measurement.
        split: Which split; may be left out where there is only one.

    Returns:
        What averaging the full network costs each host, beside its barrier; the layer that costs most; how many cuts
        cost something that can be told from zero; on a grid the largest rise on the way, and the exchange. The barriers
        alone, for a result that was made before there were rises.
    """
    said = {True: _rise_sentences, False: barrier_sentences}
    return [" ".join(said[is_rise(value)](result, value, split)) for value in main_values(result)]


def barrier_sentences(result: "xr.Dataset", value: str = "loss_barrier", split: str | None = None) -> list[str]:
    """What the barriers of one split say.

    Args:
        result: A measurement.
        value: `"loss_barrier"` or `"error_barrier"`.
        split: Which split; may be left out where there is only one.

    Returns:
        The full network's barrier, the layer with the largest one, and how many layers' intervals include zero or lie
        below it; then what is NaN.
    """
    table = barrier_table(result, value, split)
    article = "an" if table.name.startswith("e") else "a"
    full = " and ".join(f"{_number_words(cell, table)} into {cell.host}" for cell in table.row(FULL_NETWORK))
    sentences = [f"Averaging the full network gives {article} {table.name} of {full}."]
    if table.layers:
        most = largest(table.layer_cells)
        if most is not None:
            sentences.append(
                f"Of {table.noun}s, {most.layer} into host {most.host} has the largest {table.name}: "
                f"{_number_words(most, table)}, at alpha {_alpha_words(most)}{_end_words(most)}."
            )
        sentences.append(_zero_words(table))
    return [*sentences, *_missing_words(table)]


def _rise_sentences(result: "xr.Dataset", value: str, split: str | None) -> list[str]:
    kind = kind_of(value)
    table, barriers = (barrier_table(result, name, split) for name in (value, barrier_beside(value)))
    sentences = []
    if not math.isnan(float(result["rise_alpha"])):
        full = " and ".join(f"host {cell.host} {_number_words(cell, table)}" for cell in table.row(FULL_NETWORK))
        sentences.append(f"{_averaging(result)} the full network costs {full}{_barrier_words(barriers)}.")
        most = largest(table.layer_cells)
        if most is not None:
            own = barriers.cells[most.layer, most.host]
            where = f" at alpha {_alpha_words(own)}" if own.alpha != most.alpha else ""
            beside = f", a barrier of {own.estimate.text}{where}" if barriers.baseline in OVER else ""
            words = _none_words(most, table) or f"Of {table.noun}s, {most.layer} costs most"
            sentences.append(f"{words}: host {most.host} {_number_words(most, table)}{beside}.")
        if table.layers:
            sentences.append(_cost_words(table))
        sentences += [*_missing_words(table), *_missing_words(barriers)]
    rises = OF[kind].rises
    for rise, said in ((rises["largest_rise"], _way_words), (rises["exchange_rise"], _exchange_words)):
        if rise.name in result:
            sentences += said(barrier_table(result, rise.name, split))
    return sentences


def _none_words(most: CutBarrier, table: BarrierTable) -> str:
    """What is said of the layer that costs most where it costs nothing; empty where it does."""
    if most.estimate.value >= 0:
        return ""
    return f"No {table.noun} raises the {kind_of(table.value)}, and {most.layer} lowers it least"


def _averaging(result: "xr.Dataset") -> str:
    alpha = float(result["rise_alpha"])
    return "Averaging" if alpha == HALF_WAY else f"Going {alpha:g} of the way with"


def _barrier_words(barriers: BarrierTable) -> str:
    if barriers.baseline not in OVER:
        return ""
    cells = barriers.row(FULL_NETWORK)
    found = " and ".join(f"{cell.estimate.text} into {cell.host}" for cell in cells)
    return f"; {OVER[barriers.baseline]} that is a barrier of {found}"


def _cost_words(table: BarrierTable) -> str:
    """How many cuts of layers cost something that can be told from zero."""
    cells = [cell for cell in table.layer_cells if not math.isnan(cell.estimate.low)]
    above, below = sum(cell.estimate.low > 0 for cell in cells), sum(cell.estimate.high < 0 for cell in cells)
    layers = f"{len(table.layers)} {table.noun}{'s' if len(table.layers) > 1 else ''}"
    cuts = f"{len(cells)} cuts ({layers}, both hosts)" if len(table.hosts) > 1 else layers
    if above == len(cells) > 1:
        return f"All {cuts} cost something that can be told from zero."
    parts = [f"{above} {'costs' if above == 1 else 'cost'} something that can be told from zero"]
    if below:
        parts.append(f"{below} {'lowers' if below == 1 else 'lower'} the host's {kind_of(table.value)}")
    left = len(cells) - above - below
    if left:
        parts.append(f"{left} neither")
    return f"Of {cuts}, {', '.join(parts)}."


def _way_words(table: BarrierTable) -> list[str]:
    most = largest(table.layer_cells)
    full = " and ".join(
        f"{cell.estimate.text} into {cell.host} at alpha {_alpha_words(cell)}" for cell in table.row(FULL_NETWORK)
    )
    layers = (
        f"; of {table.noun}s {most.estimate.text}, {most.layer} into {most.host} at {_alpha_words(most)}"
        if most
        else ""
    )
    return [f"At its largest between the networks the rise of the full network is {full}{layers}."]


def _exchange_words(table: BarrierTable) -> list[str]:
    most = largest(table.layer_cells)
    if most is None:
        return []
    words = _none_words(most, table).replace("No", "no", 1) or f"{most.layer} costs most"
    return [f"Exchanged and not averaged (alpha 1), {words}: host {most.host} {_number_words(most, table)}."]


def _missing_words(table: BarrierTable) -> list[str]:
    missing = sum(cell.estimate.is_nan for cell in table.cells.values())
    if not missing:
        return []
    verb = "is NaN and counts" if missing == 1 else "are NaN and count"
    return [f"{missing} of {len(table.cells)} {table.name}s {verb} for nothing here."]


def _zero_words(table: BarrierTable) -> str:
    rows = [table.row(layer) for layer in table.layers]
    clear = sum(any(cell.estimate.low > 0 for cell in row) for row in rows)
    noun = table.noun.removeprefix("single ")
    where = "in at least one host" if len(table.hosts) > 1 else f"in host {table.hosts[0]}"
    return f"{count_words(clear, len(rows), noun)} a clear {table.name} {where}."


def count_words(count: int, total: int, noun: str, nouns: str = "") -> str:
    """How many of several have something.

    Args:
        count: How many.
        total: Of how many.
        noun: Of one.
        nouns: Of several, where that is not the noun with an s.

    Returns:
        Words to which what they have is added.

    Example:
        >>> count_words(7, 7, "layer"), count_words(1, 7, "layer"), count_words(0, 1, "layer")
        ('All 7 layers have', '1 of 7 layers has', 'No layer has')
    """
    if total == 1:
        return f"The only {noun} has" if count else f"No {noun} has"
    nouns = nouns or f"{noun}s"
    if count == total:
        return f"All {total} {nouns} have"
    return f"{count or 'None'} of {total} {nouns} {'has' if count < 2 else 'have'}"


def _number_words(cell: CutBarrier, table: BarrierTable) -> str:
    number = cell.estimate
    doubt = "" if number.trusted else f", carried by fewer than {FEW} examples"
    unit = f"{number.unit} of error" if table.value in {"error_rise", "error_exchange_rise"} else number.unit
    return f"{number.text} {unit} (95 % interval {number.ends_text}{doubt})"


def _alpha_words(cell: CutBarrier) -> str:
    return "∞" if math.isinf(cell.alpha) else f"{cell.alpha:.3g}"


def _end_words(cell: CutBarrier) -> str:
    return ", an end of the cut" if cell.at_end else ""
