"""The heat maps and the replicates of a collection in words, from the numbers."""

import math
from collections.abc import Sequence

from isthmus.measures.estimate import median_width_ratio, number_text
from isthmus.report.barriers.reading import count_words
from isthmus.report.collections.columns import Columns, cell_text
from isthmus.report.collections.replicates import DEPENDENT
from isthmus.report.shown import CutEstimate, chosen
from isthmus.sweeps.group import FULL_NETWORK

CutEstimates = dict[tuple[str, str], CutEstimate]
AT = {"step": "at", "pair": "in"}


def columns_reading(shown: Columns) -> str:
    """What rises or barriers along training, or over pairs, say.

    Args:
        shown: The barriers.

    Returns:
        How the full network's number moves and from where on it is above zero; the layer and column with the
        largest; how many layers have a clear one anywhere.
    """
    name, hosts = shown.first.name, shown.first.hosts
    words = _along_steps if shown.dimension == "step" else _over_pairs
    full = "; ".join(f"into {host} {words(shown, shown.row('all', host))}" for host in hosts)
    sentences = [f"The {name} of the full network {full} ({shown.first.unit})."]
    if shown.first.layers:
        sentences += [_largest(shown), _clear(shown)]
    return " ".join(sentence for sentence in sentences if sentence)


def _along_steps(shown: Columns, cells: Sequence[CutEstimate]) -> str:
    first, last = cells[0], cells[-1]
    if len(cells) == 1:
        return f"is {_with_interval(first)} at {shown.labels[0]}"
    known = [(label, cell) for label, cell in zip(shown.labels, cells, strict=True) if not cell.estimate.is_nan]
    text = f"goes from {cell_text(first.estimate)} at {shown.labels[0]} to {_with_interval(last)} at {shown.labels[-1]}"
    if known:
        label, most = max(known, key=lambda pair: pair[1].estimate.value)
        text += ", its largest" if most is last else f", largest at {label} ({cell_text(most.estimate)})"
    above = [label for label, cell in zip(shown.labels, cells, strict=True) if cell.estimate.low > 0]
    return (
        text
        + (f", with an interval above zero at {len(above)} of {len(cells)} steps" if above else "")
        + (f", first at {above[0]}" if above else ", with no interval above zero")
    )


def _over_pairs(shown: Columns, cells: Sequence[CutEstimate]) -> str:
    known = sorted(
        ((label, cell) for label, cell in zip(shown.labels, cells, strict=True) if not cell.estimate.is_nan),
        key=lambda pair: pair[1].estimate.value,
    )
    if not known:
        return "is NaN in every pair"
    if len(known) == 1:
        return f"is {_with_interval(known[0][1])} in {known[0][0]}"
    (low, least), (high, most) = known[0], known[-1]
    above = sum(cell.estimate.low > 0 for cell in cells)
    return (
        f"lies between {cell_text(least.estimate)} ({low}) and {cell_text(most.estimate)} ({high}), "
        f"with an interval above zero in {above} of {len(cells)} pairs"
    )


def _largest(shown: Columns) -> str:
    known = [(label, cell) for label, cell in shown.cells if not cell.estimate.is_nan]
    if not known:
        return f"Every layer's {shown.first.name} is NaN."
    label, most = max(known, key=lambda pair: pair[1].estimate.value)
    most = chosen(most, len(known))
    return (
        f"Of the {len(shown.first.layers)} {shown.noun}, {most.layer} into {most.host} {AT[shown.dimension]} {label} "
        f"has the largest: {_with_interval(most)}."
    )


def _clear(shown: Columns) -> str:
    layers = shown.first.layers
    rows = {layer: [cell for host in shown.first.hosts for cell in shown.row(layer, host)] for layer in layers}
    clear = sum(any(cell.estimate.low > 0 for cell in cells) for cells in rows.values())
    some = "at some step" if shown.dimension == "step" else "in some pair"
    missing = sum(cell.estimate.is_nan for cells in rows.values() for cell in cells)
    noun = "layer" if shown.noun == "layers" else "group of layers"
    have = count_words(clear, len(layers), noun, shown.noun)
    text = f"{have} a clear {shown.first.name} {some}"
    text += " in at least one host." if len(shown.first.hosts) > 1 else "."
    return text + (f" {missing} {'cell is' if missing == 1 else 'cells are'} NaN." if missing else "")


def replicates_reading(shown: Columns, cells: dict[str, CutEstimates], *, independent: bool) -> str:
    """What the mean over pairs, and its two intervals, say.

    Args:
        shown: The barriers of the pairs.
        cells: From `replicate_cells`; under "barriers" those beside rises.
        independent: Whether no network is in two pairs.

    Returns:
        The full network's mean; which layers' intervals over pairs lie above zero; how the scatter over pairs compares
        with what the examples leave open.
    """
    table, over, data = shown.first, cells["pairs"], cells["data"]
    name = table.name
    left = {host: data[FULL_NETWORK, host].estimate.interval_text for host in table.hosts}
    full = " and ".join(
        f"{_with_interval(over['all', host])} into {host} (the examples alone leave {left[host]})"
        for host in table.hosts
    )
    sentences = [
        f"Over {len(shown.labels)} pairs the mean {name} of the full network is {full}, {table.unit}, "
        "95 % intervals over pairs."
    ]
    if "barriers" in cells:
        beside = " and ".join(
            f"{cell_text(cells['barriers']['all', host].estimate)} into {host}" for host in table.hosts
        )
        sentences.append(f"The mean barrier is {beside}.")
    if table.layers:
        above = [layer for layer in table.layers if any(over[layer, host].estimate.low > 0 for host in table.hosts)]
        named = f": {', '.join(above[:5])}{', ...' if len(above) > 5 else ''}" if above else ""
        hosts = "some host" if len(table.hosts) > 1 else f"host {table.hosts[0]}"
        sentences.append(
            f"{len(above)} of {len(table.layers)} {shown.noun} have an interval above zero into {hosts}{named}."
        )
        keys = [(layer, host) for layer in table.layers for host in table.hosts]
        ratio = median_width_ratio((over[key].estimate, data[key].estimate) for key in keys)
        if not math.isnan(ratio):
            sentences.append(
                f"The interval over pairs is {number_text(ratio, 1)} times as wide as what the "
                f"examples leave open (median of the {shown.noun})."
            )
    return " ".join(sentences) + ("" if independent else f" {DEPENDENT}")


def _with_interval(cell: CutEstimate) -> str:
    text, has_width = cell_text(cell.estimate), cell.estimate.low < cell.estimate.high
    return f"{text} ({cell.estimate.ends_text})" if has_width else text
