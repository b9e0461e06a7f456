"""The share of the full network's barrier that a group of layers has halfway, paired on the examples."""

from collections.abc import Sequence

import xarray as xr

from isthmus.experiments.evidence.located import Located
from isthmus.measures.intervals.paired_ratio import paired_ratio
from isthmus.results.rows import by_pair, labels, single_layers, split_of
from isthmus.runs.folder.loading import examples
from isthmus.sweeps.group import FULL_NETWORK

HALF_WAY = 0.5


def shares(result: xr.Dataset, moving: Sequence[str], split: str | None = None) -> list[Located]:
    """The excess of every group over the mean of the two networks, divided by that of the full network, half-way.

    Intervals are Fieller's for a number of examples that was fixed beforehand, also where a precision chose it.

    Args:
        result: Of one step, perhaps of several pairs, with alpha = 0.5.
        moving: Labels of groups.
        split: Which split, where there are several.

    Returns:
        One a pair, group and host, saying which.
    """
    found = []
    for pair, part in by_pair(result):
        losses = examples(part, split_of(result, split))
        baseline = (losses.loss_a + losses.loss_b) / 2
        excess = (losses.loss.sel(alpha=HALF_WAY) - baseline).transpose("host", "moving", "example")
        counts = _counts(losses)
        for label in moving:
            for host in labels(losses, "host"):
                # Of a measurement to a precision: the examples that were drawn for both.
                count = min(int(counts.sel(host=host, moving=group)) for group in (label, FULL_NETWORK))
                rows = (excess.sel(host=host, moving=group).values[:count] for group in (label, FULL_NETWORK))
                words = [f"pair {pair}"] if pair else []
                found.append(Located(paired_ratio(*rows), ", ".join([*words, f"{label} into {host}"])))
    return found


def layer_shares(result: xr.Dataset, split: str | None = None) -> list[Located]:
    """The share of every single layer.

    Args:
        result: Of one step, perhaps of several pairs, with single layers and alpha = 0.5.
        split: Which split, where there are several.

    Returns:
        One a pair, layer and host, saying which.
    """
    return shares(result, single_layers(result), split)


def _counts(losses: xr.Dataset) -> xr.DataArray:
    """How many of the examples every group was evaluated on half-way, for each host."""
    whole = xr.ones_like(losses["loss"], dtype=bool)
    counts: xr.DataArray = losses.get("is_evaluated", whole).sel(alpha=HALF_WAY).sum("example")
    return counts
