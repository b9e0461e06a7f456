"""The paper's heat maps for pairs of trajectories, and every pair at the end."""

from collections.abc import Iterator, Mapping
from functools import partial

import xarray as xr

from isthmus.report.collections.columns import columns
from isthmus.report.collections.heatmap import columns_heatmap
from isthmus.report.collections.reading import columns_reading, replicates_reading
from isthmus.report.collections.replicates import are_independent, replicate_bars, replicate_cells
from isthmus.report.picture import Picture
from isthmus.report.values import values_shown
from isthmus.results.rows import labels, split_of
from isthmus.sweeps.single import Single


def step_panels(result: xr.Dataset, splits: Mapping[str, str]) -> Iterator[Picture]:
    """The heat maps of the first pair along training.

    Args:
        result: Over pair and step, with single layers.
        splits: Words for each split, such as {"train": "training images"}.

    Yields:
        The pictures, the one of the loss on the first split first.
    """
    yield from heat_maps(result.isel(pair=0), splits, f"pair {labels(result, 'pair')[0]}")


def heat_maps(part: xr.Dataset, splits: Mapping[str, str], words: str, stem: str = "") -> Iterator[Picture]:
    """Layers down, steps across: the loss and, with classes, the error on every split.

    Args:
        part: Of one pair, over step, with single layers.
        splits: Words for each split.
        words: Which pair it is.
        stem: Stands before the names of the files.

    Yields:
        The pictures, those of the loss first.
    """
    for value in values_shown(part):
        for split, data in splits.items():
            kind, name = value.removesuffix("_barrier"), split_of(part, split)
            yield Picture(
                f"{stem}{kind}_{split}",
                f"{kind.capitalize()} barrier on {data}, {words}",
                partial(columns_heatmap, part, "step", value, name, Single.name, words),
                columns_reading(columns(part, "step", value, name, Single.name)),
            )


def pair_panels(result: xr.Dataset, splits: Mapping[str, str]) -> Iterator[Picture]:
    """Every layer's loss barrier in all pairs, with their mean.

    Args:
        result: Over pair alone, two of them or more, with single layers.
        splits: Words for each split.

    Yields:
        One picture a split.
    """
    for split, words in splits.items():
        value, name = "loss_barrier", split_of(result, split)
        shown, cells = columns(result, "pair", value, name, Single.name), replicate_cells(result, value, name)
        yield Picture(
            f"pairs_{split}",
            f"Loss barrier on {words}, all pairs at the end",
            partial(replicate_bars, result, value, name, Single.name),
            replicates_reading(shown, cells, independent=are_independent(result)),
        )
