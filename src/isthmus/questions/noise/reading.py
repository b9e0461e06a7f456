"""The study of noise in words and as a table, read off the numbers at half the way to the other network."""

import math
from typing import TYPE_CHECKING

import numpy as np

from isthmus.measures.estimate import Estimate, number_text
from isthmus.measures.intervals.effective_examples import FEW
from isthmus.report.cells import Cell, Table
from isthmus.report.shown import trust_mark
from isthmus.report.style import row_name
from isthmus.results.estimates import estimate_at
from isthmus.results.rows import labels, moving_groups
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr

KIND_WORDS = {
    "averaging": "towards the other network",
    "training": "noise in the training subspace",
    "null": "noise in its null space",
    "random": "isotropic noise",
}

NOISE_NOTES = (
    "The training subspace is the span of the snapshots of both trainings, for a layer that of its own parameters; "
    "its rank counts directions that rounding of the stored numbers cannot have made. The null space is orthogonal to "
    "every snapshot; where it is empty, or the snapshots are all zero, there is no such noise and the row is NaN.",
    "Every kind of direction has the same length, sigma, and moves the parameters of the moving layers alone; towards "
    "the other network their buffers go along, so that both hosts meet half way in the same network.",
    "The rise is the mean over draws of the loss minus the host's, example by example. Its interval (95 %) is over "
    "examples, for the directions that were drawn; ± is the standard deviation over draws; ‡ marks a number that "
    f"fewer than {FEW} examples carry. The table has the sigma nearest to half the way, |d| / 2.",
)


def half_way_sigma(study: "xr.Dataset", moving: str) -> int | None:
    """Where the grid comes nearest to half the way to the other network.

    Args:
        study: From `isthmus.questions.noise.study.subspace_noise`.
        moving: A moving group.

    Returns:
        The place in `sigma`; None where the two networks do not differ in these layers.
    """
    fraction = study["fraction"].sel(moving=moving).values
    if float(study["distance"].sel(moving=moving)) == 0 or np.isnan(fraction).all():
        return None
    return int(np.nanargmin(abs(fraction - 0.5)))


def rise_at(study: "xr.Dataset", host: str, moving: str, kind: str, sigma: int) -> Estimate:
    """One rise of the loss.

    Args:
        study: The study.
        host: The host.
        moving: The moving group.
        kind: The kind of direction.
        sigma: Place in `sigma`.

    Returns:
        Value and interval; NaN where there is no such network.
    """
    return estimate_at(study.sel(host=host, moving=moving, kind=kind).isel(sigma=sigma), "loss_rise")


def noise_sentence(study: "xr.Dataset") -> str:
    """What half the way to the other network costs beside noise of equal length.

    Args:
        study: The study.

    Returns:
        A sentence on the full network and, where there are any, one on the single layers.
    """
    sentences = [_full_sentence(study)]
    layers = moving_groups(study)
    compared = [_compared(study, host, layer) for layer in layers for host in labels(study, "host")]
    if compared:
        more, less = compared.count("more"), compared.count("less")
        empty = compared.count("empty")
        words = f"{more} of {len(compared)} times more than null-space noise of equal length, {less} times less"
        rest = len(compared) - more - less - empty
        words += f", {rest} times with intervals that meet" if rest else ""
        words += f", {empty} times without a null space or a distance to compare" if empty else ""
        sentences.append(f"For single layers, counted for each host, averaging raises the loss {words}.")
    return " ".join(sentences)


def _full_sentence(study: "xr.Dataset") -> str:
    sigma = half_way_sigma(study, FULL_NETWORK)
    if sigma is None:
        return "The two networks hold the same parameters, so there is no way between them."
    fraction = float(study["fraction"].sel(moving=FULL_NETWORK).values[sigma])
    where = "Half way" if fraction == 0.5 else f"At {fraction:.3g} of the way"
    parts = []
    for host in labels(study, "host"):
        rises = {kind: rise_at(study, host, FULL_NETWORK, kind, sigma) for kind in KIND_WORDS}
        averaging = f"averaging the full network raises the loss of {host} by {_words(rises['averaging'])}"
        others = [f"{KIND_WORDS[kind]} by {_words(rises[kind])}" for kind in ("null", "training")]
        parts.append(f"{averaging}, {' and '.join(others)}, {_factor_words(rises['averaging'], rises['null'])}")
    return f"{where} to the other network, {'; '.join(parts)}."


def _words(rise: Estimate) -> str:
    if rise.is_nan:
        return "NaN (there is none)" if math.isnan(rise.low) else "NaN"
    return f"{rise.text} ({rise.ends_text})"


def _factor_words(averaging: Estimate, null: Estimate) -> str:
    """How many times the one is the other, where both are told from zero."""
    if not (averaging.low > 0 and null.low > 0 and math.isfinite(averaging.value)):
        return "so that no factor between averaging and null-space noise can be told"
    factor = averaging.value / null.value
    times = f"{factor:.2g} times as much as" if factor >= 1 else f"{1 / factor:.2g} times less than"
    return f"so that averaging costs {times} null-space noise"


def _compared(study: "xr.Dataset", host: str, layer: str) -> str:
    sigma = half_way_sigma(study, layer)
    if sigma is None:
        return "empty"
    averaging, null = (rise_at(study, host, layer, kind, sigma) for kind in ("averaging", "null"))
    if averaging.is_nan or null.is_nan:
        return "empty"
    return "more" if averaging.low > null.high else "less" if averaging.high < null.low else "undecided"


def noise_rows(study: "xr.Dataset") -> Table:
    """Every moving group and host at the sigma nearest to half way, with the sizes of its spaces.

    Args:
        study: The study.

    Returns:
        The table.
    """
    kinds = labels(study, "kind")
    rows = []
    for moving in labels(study, "moving"):
        sizes = study.sel(moving=moving)
        distance, sigma = float(sizes["distance"]), half_way_sigma(study, moving)
        fraction = math.nan if sigma is None else float(sizes["fraction"][sigma])
        for host in labels(study, "host"):
            cells = [Cell(row_name(moving)), Cell(host), Cell(number_text(distance, 2), stored=repr(distance))]
            for name in ("rank", "null_dimension"):
                number = int(sizes[name])
                cells.append(Cell(str(number), stored=str(number)))
            cells.append(Cell(f"{fraction:.3g}", stored=repr(fraction)))
            cells += [_rise_cell(study, host, moving, kind, sigma) for kind in kinds]
            rows.append(tuple(cells))
    sizes_words = ("|d|", "Rank", "Null dimension", "sigma / |d|")
    return Table(("Layer", "Host", *sizes_words, *(f"Rise, {kind}" for kind in kinds)), tuple(rows))


def _rise_cell(study: "xr.Dataset", host: str, moving: str, kind: str, sigma: int | None) -> Cell:
    if sigma is None:
        return Cell("none", stored="nan")
    rise = rise_at(study, host, moving, kind, sigma)
    if rise.is_nan:
        return Cell("NaN", stored="nan")
    spread = float(study["loss_rise_spread"].sel(host=host, moving=moving, kind=kind)[sigma])
    faint = rise.interval_text
    faint += "" if math.isnan(spread) else f" ±{number_text(spread, rise.decimals)}"
    return Cell(rise.text + trust_mark(rise), faint, repr(rise.value))
