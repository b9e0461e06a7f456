"""Which rows of a result: its layers, its sweeps, its splits and pairs."""

from typing import TYPE_CHECKING

import numpy as np

from isthmus.errors import InputError, UnknownNameError
from isthmus.sweeps.full import Full
from isthmus.sweeps.group import FULL_NETWORK
from isthmus.sweeps.single import Single

if TYPE_CHECKING:
    import xarray as xr

FEW_ROWS = 100  # what a reader scrolls through


def labels(result: "xr.Dataset", coordinate: str) -> tuple[str, ...]:
    """The labels along a coordinate as text.

    Args:
        result: A measurement.
        coordinate: Such as `"moving"`.

    Returns:
        The labels in their order.
    """
    return tuple(str(label) for label in result[coordinate].values)


def sweep_labels(result: "xr.Dataset", sweep: str) -> tuple[str, ...]:
    """The rows that one sweep asked for.

    Args:
        result: A measurement or a collection.
        sweep: The name of the sweep.

    Returns:
        Labels of `moving` in their order.
    """
    rows = zip(labels(result, "moving"), labels(result, "sweep"), strict=True)
    return tuple(label for label, of in rows if of == sweep)


def single_layers(result: "xr.Dataset") -> tuple[str, ...]:
    """The rows in which one layer moves alone.

    Args:
        result: A measurement or a collection.

    Returns:
        Labels of `moving` in their order; none where the sweep `single` was not asked for.
    """
    return sweep_labels(result, Single.name)


def moving_groups(result: "xr.Dataset") -> tuple[str, ...]:
    """Every row but the full network's, whatever moves in it.

    Args:
        result: A measurement, a collection or a study.

    Returns:
        Labels of `moving` in their order.
    """
    return tuple(label for label in labels(result, "moving") if label != FULL_NETWORK)


def layers_moved(result: "xr.Dataset") -> dict[str, tuple[str, ...]]:
    """The layers that move in every row.

    Args:
        result: A measurement, a collection or a study.

    Returns:
        Label of `moving` -> layers.
    """
    rows = zip(labels(result, "moving"), labels(result, "layers_moved"), strict=True)
    return {row: tuple(layers.split("+")) for row, layers in rows}


def layer_labels(result: "xr.Dataset") -> tuple[str, ...]:
    """The rows that pictures of layers show: single layers; where none was measured alone, every moving group.

    Groups of several layers have pictures of their own (`isthmus.pages.questions`).

    Args:
        result: A measurement.

    Returns:
        Labels of `moving` in their order, without the full network.
    """
    return single_layers(result) or moving_groups(result)


def of_sweep(result: "xr.Dataset", sweep: str) -> "xr.Dataset":
    """The full network and the rows of one sweep.

    Args:
        result: A measurement or a collection.
        sweep: The name of the sweep.

    Returns:
        The result with fewer rows.
    """
    wanted = (result["sweep"].values == sweep) | (result["moving"].values == FULL_NETWORK)
    return result.isel(moving=np.flatnonzero(wanted))


def sweeps_shown(result: "xr.Dataset") -> list[str]:
    """The sweeps that a picture of columns can show.

    Args:
        result: A measurement or a collection.

    Returns:
        Those of at most a hundred rows; `["full"]` if there is none.
    """
    names = [str(name) for name in result["sweep"].values]
    others = [name for name in dict.fromkeys(names) if name != Full.name]
    return [name for name in others if names.count(name) <= FEW_ROWS] or [Full.name]


def in_split(result: "xr.Dataset", split: str | None) -> "xr.Dataset":
    """The part of a result that belongs to one split.

    Args:
        result: A measurement, with or without the dimension `split`.
        split: The split's name, or None where there is only one.

    Returns:
        The result without the dimension `split`.

    Raises:
        InputError: if several splits are there and none is named.
        UnknownNameError: if the split is not there.
    """
    names = [name for name in split_names(result) if name is not None]
    if split is None and len(names) > 1:
        raise InputError(f"one split of {', '.join(names)}", "none", "split", f"write split={names[0]!r}")
    if split is not None and split not in names:
        raise UnknownNameError(
            "split", split, names, "split", "" if names else "leave it out: the result has no splits"
        )
    return result.isel(split=names.index(split or names[0])) if "split" in result.dims else result


def split_names(result: "xr.Dataset") -> list[str | None]:
    """The splits of a result, to be looped over.

    Args:
        result: A measurement.

    Returns:
        The names, or `[None]` for a result without splits.
    """
    if "split" not in result.coords:
        return [None]
    return [str(name) for name in result["split"].values.reshape(-1)]


def split_label(part: "xr.Dataset") -> str | None:
    """The name of the one split that is left.

    Args:
        part: What `in_split` returned.

    Returns:
        The name, or None for a result without splits.
    """
    return split_names(part)[0]


def split_of(result: "xr.Dataset", split: str | None) -> str | None:
    """The split as `in_split` takes it, where the data was given under a name.

    Args:
        result: A measurement.
        split: The name.

    Returns:
        None where the result has one split only.
    """
    return split if "split" in result.dims else None


def by_pair(result: "xr.Dataset") -> "list[tuple[str, xr.Dataset]]":
    """The pairs of a result, one by one.

    Args:
        result: A measurement or a collection.

    Returns:
        The label and the part of each; "" and the result itself where there is a single pair without a label.
    """
    return (
        [(pair, result.sel(pair=pair)) for pair in labels(result, "pair")] if "pair" in result.dims else [("", result)]
    )
