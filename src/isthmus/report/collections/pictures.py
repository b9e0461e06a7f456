"""Every picture of a collection, each with its sentence."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from isthmus.report.collections.columns import columns, kept_sweep
from isthmus.report.collections.heatmap import columns_heatmap
from isthmus.report.collections.reading import columns_reading, replicates_reading
from isthmus.report.collections.replicates import are_independent, replicate_bars, replicate_cells
from isthmus.report.drawn.columns import columns_drawing
from isthmus.report.file_names import joined_stem
from isthmus.report.picture import Picture
from isthmus.report.values import barrier_beside, beside_values, is_rise, kind_of, main_values
from isthmus.results.replicates import mean_over_pairs
from isthmus.results.rows import labels, split_names, sweeps_shown

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class _Part:
    """A collection along one dimension, and the words that tell it from other such parts."""

    result: "xr.Dataset"
    dimension: str
    words: str = ""
    notes: tuple[str, ...] = ()


def collection_pictures(result: "xr.Dataset") -> Iterator[Picture]:
    """Every picture that a collection has, one at a time.

    Along `step` a heat map of each pair and, of several pairs, of their mean; along `pair` a heat map and the
    replicates, of trajectories at the last step.

    Args:
        result: A measurement with the dimension `pair`, `step` or both.

    Yields:
        The pictures of each sweep, split and quantity: of rises first, then the heat maps of the paper's barriers.
    """
    splits, sweeps = split_names(result), sweeps_shown(result)
    for part in _parts(result):
        for sweep in sweeps:
            for split in splits:
                for value in [*main_values(result), *beside_values(result)]:
                    is_main = value in main_values(result)
                    words = [part.words, sweep if len(sweeps) > 1 else "", split or ""]
                    name = kind_of(value) if is_main else value
                    shown = columns(part.result, part.dimension, value, split, sweep)
                    title = shown.first.title + (f", {part.words}" if part.words else "")
                    title += f", {sweep}" if len(sweeps) > 1 else ""
                    yield Picture(
                        joined_stem([name, f"{part.dimension}s", *words]),
                        f"{title}: layers by {part.dimension}",
                        partial(
                            columns_heatmap, part.result, part.dimension, value, split, sweep, part.words, part.notes
                        ),
                        columns_reading(shown),
                        partial(columns_drawing, shown, part.notes),
                    )
                    if is_main and part.dimension == "pair" and len(shown.labels) > 1:
                        rows = kept_sweep(part.result, sweep)
                        cells = replicate_cells(rows, value, split)
                        if is_rise(value):
                            cells["barriers"] = replicate_cells(rows, barrier_beside(value), split)["pairs"]
                        yield Picture(
                            joined_stem([name, "replicates", *words]),
                            f"{title}: mean over pairs",
                            partial(replicate_bars, part.result, value, split, sweep, part.words),
                            replicates_reading(shown, cells, independent=are_independent(part.result)),
                        )


def collection_readings(result: "xr.Dataset") -> list[str]:
    """What the loss of a collection says, without pictures.

    Args:
        result: A measurement with the dimension `pair`, `step` or both.

    Returns:
        A paragraph for every part of `collection_pictures` and split.
    """
    value, sweep = main_values(result)[0], sweeps_shown(result)[0]
    found = []
    for part in _parts(result):
        for split in split_names(result):
            words = ", ".join(word for word in (part.words, split) if word)
            said = columns_reading(columns(part.result, part.dimension, value, split, sweep))
            found.append(f"{words}: {said}" if words else said)
    return found


def _parts(result: "xr.Dataset") -> list[_Part]:
    if "step" not in result.dims:
        return [_Part(result, "pair")]
    if "pair" not in result.dims:
        return [_Part(result, "step")]
    pairs = labels(result, "pair")
    parts = [_Part(result.isel(pair=i), "step", pair if len(pairs) > 1 else "") for i, pair in enumerate(pairs)]
    if len(pairs) > 1:
        note = f"Mean of {len(pairs)} pairs; decimals and italics go by the 95 % interval over pairs."
        last = labels(result, "step")[-1]
        parts.insert(0, _Part(mean_over_pairs(result), "step", "mean over pairs", (note,)))
        parts.insert(1, _Part(result.isel(step=-1), "pair", f"at {last}"))
    return parts
