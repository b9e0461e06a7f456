"""The barriers of several pairs of networks as estimates that criteria can be stated on."""

from collections.abc import Mapping, Sequence

import xarray as xr

from isthmus.experiments.evidence.criterion import Answer
from isthmus.experiments.evidence.located import Located, largest, smallest
from isthmus.measures.connectivity import Connectivity
from isthmus.measures.estimate import percentage_points
from isthmus.results.estimates import estimate_at
from isthmus.results.rows import by_pair, in_split, labels, split_of, sweep_labels
from isthmus.results.variables import ERROR, LOSS
from isthmus.runs.folder.loading import is_layerwise_connected
from isthmus.sweeps.group import FULL_NETWORK

UNITS = {"loss_barrier": "nats", "error_barrier": ""}
CONNECTED = 0.02
"""Error barrier that still counts as none: Frankle et al. (2020); the paper's own threshold is not known."""


def full_barriers(result: xr.Dataset, split: str | None = None, value: str = "loss_barrier") -> list[Located]:
    """The full network's barrier in every pair.

    Args:
        result: Of one step, perhaps of several pairs.
        split: Which split, where there are several.
        value: `"loss_barrier"`, or `"error_barrier"` as a fraction.

    Returns:
        One a pair: the larger of the two hosts, which half-way are one network.
    """
    return [largest(_cells(rows, value, pair)) for pair, rows in _of_pairs(result, split, [FULL_NETWORK])]


def layer_barriers(
    result: xr.Dataset, split: str | None = None, value: str = "loss_barrier", sweep: str = "single"
) -> list[Located]:
    """The barrier of every layer alone, into every host, in every pair.

    Args:
        result: Of one step, perhaps of several pairs.
        split: Which split, where there are several.
        value: `"loss_barrier"`, or `"error_barrier"` as a fraction.
        sweep: Whose rows to take.

    Returns:
        One a pair, layer and host, saying which.
    """
    pairs = _of_pairs(result, split, sweep_labels(result, sweep))
    return [cell for pair, rows in pairs for cell in _cells(rows, value, pair)]


def connectivities(result: xr.Dataset, split: str | None = None, threshold: float = CONNECTED) -> list[Connectivity]:
    """Definition 3 of the paper, pair by pair.

    Args:
        result: Of one step, perhaps of several pairs, with single layers and classes.
        split: Which split, where there are several.
        threshold: The largest error barrier that still counts as none.

    Returns:
        One answer a pair.
    """
    return [is_layerwise_connected(part, threshold, split_of(result, split)) for _, part in by_pair(result)]


def connectivity_answer(found: list[Connectivity]) -> Answer:
    """Whether every pair is layer-wise connected.

    Args:
        found: From `connectivities`.

    Returns:
        Met if every pair is connected, not met if one is not, else undecided.
    """
    counts = {answer: found.count(answer) for answer in Connectivity if answer in found}
    met = False if Connectivity.NOT in counts else None if Connectivity.UNDECIDED in counts else True
    return Answer(", ".join(f"{answer} in {count} of {len(found)} pairs" for answer, count in counts.items()), met)


def pair_rows(result: xr.Dataset, splits: Mapping[str, str]) -> list[list[str]]:
    """The full network and the largest single layer of every pair, as a table.

    Args:
        result: Of one step, perhaps of several pairs, with single layers.
        splits: Words for each split, such as {"train": "training images"}.

    Returns:
        Rows of cells, the titles first.
    """
    titles = [
        "pair",
        "on",
        "loss of a, b",
        "full: loss",
        "full: error (points)",
        "largest layer: loss",
        "of",
        "smallest",
    ]
    rows = [titles]
    for pair, part in by_pair(result):
        for split, words in splits.items():
            (loss,), (error,) = (full_barriers(part, split, value) for value in UNITS)
            layers = layer_barriers(part, split)
            most, least = largest(layers), smallest(layers)
            rows.append([
                pair or "–", words, _ends(part, split), loss.estimate.whole_text,
                percentage_points(error.estimate).whole_text, most.estimate.whole_text,
                most.where, least.estimate.whole_text,
            ])  # fmt: skip
    return rows


def ends_wrong(part: xr.Dataset) -> str:
    """How often both networks are wrong.

    Args:
        part: Of one pair of classifiers, step and split.

    Returns:
        Per cent, such as "11.9 and 12.1".
    """
    return " and ".join(f"{100 * float(part[end.name]):.1f}" for end in ERROR.ends.values())


def _ends(part: xr.Dataset, split: str) -> str:
    rows = in_split(part, split_of(part, split))
    return ", ".join(f"{rows[end.name].item():.4f}" for end in LOSS.ends.values())


def _of_pairs(result: xr.Dataset, split: str | None, moving: Sequence[str]) -> list[tuple[str, xr.Dataset]]:
    """Some rows of every pair."""
    return by_pair(in_split(result, split_of(result, split)).sel(moving=list(moving)))


def _cells(rows: xr.Dataset, value: str, pair: str) -> list[Located]:
    """Every (moving, host) of a part of a result."""
    found = []
    for moving in labels(rows, "moving"):
        for host in labels(rows, "host"):
            row = rows.sel(host=host, moving=moving)
            words = [f"pair {pair}"] if pair else []
            words += [] if moving == FULL_NETWORK else [f"{moving} into {host}"]
            found.append(Located(estimate_at(row, value), ", ".join(words)))
    return found
