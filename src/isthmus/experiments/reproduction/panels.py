"""The paper's heat maps for pairs of trajectories, and every pair at the end."""

from collections.abc import Iterator, Mapping

import xarray as xr

from isthmus.experiments.reproduction.barriers import at_the_end, split_of
from isthmus.report.barrier_table import labels, values_shown
from isthmus.report.columns import columns
from isthmus.report.columns_heatmap import columns_heatmap
from isthmus.report.columns_reading import columns_reading, replicates_reading
from isthmus.report.picture import Picture
from isthmus.report.replicate_bars import are_independent, replicate_bars, replicate_cells

SINGLE = "single"


def step_panels(result: xr.Dataset, splits: Mapping[str, str]) -> Iterator[Picture]:
    """Layers down, steps across, of the first pair: loss and error on every split; then all pairs at the last step.

    Args:
        result: Over pair and step, with single layers.
        splits: Words for each split, such as {"train": "training images"}.

    Yields:
        The pictures, the one of the loss on the first split first.
    """
    pair, part = labels(result, "pair")[0], result.isel(pair=0)
    for value in values_shown(result):
        for split, words in splits.items():
            kind, name = value.removesuffix("_barrier"), split_of(result, split)
            figure = columns_heatmap(part, "step", value, name, SINGLE, f"pair {pair}")
            sentence = columns_reading(columns(part, "step", value, name, SINGLE))
            yield Picture(f"{kind}_{split}", f"{kind.capitalize()} barrier on {words}, pair {pair}", figure, sentence)
    if result.sizes["pair"] > 1:
        yield from pair_panels(at_the_end(result), splits)


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
        shown, cells = columns(result, "pair", value, name, SINGLE), replicate_cells(result, value, name)
        yield Picture(
            f"pairs_{split}",
            f"Loss barrier on {words}, all pairs at the end",
            replicate_bars(result, value, name, SINGLE),
            replicates_reading(shown, cells, independent=are_independent(result)),
        )
