"""Hints: what may make the numbers of a measurement misleading, and what to do about it."""

from typing import TYPE_CHECKING

from isthmus.report.barriers.table import barrier_table
from isthmus.report.significant import significant_text
from isthmus.results.rows import in_split, labels, layer_labels
from isthmus.results.unequal import half_difference, outweighed_by_ends
from isthmus.results.units import loss_unit
from isthmus.results.variables import LOSS
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr


def hints(result: "xr.Dataset", split: str | None = None) -> list[str]:
    """The hints that are due.

    Args:
        result: A measurement.
        split: Which split; may be left out where there is only one.

    Returns:
        One sentence each: the same weights twice; BatchNorm's statistics blended where averaging costs something;
        networks so unequal that half of their difference outweighs what averaging the median layer costs.
    """
    found = [_same_weights(result), _blended_statistics(result, split), _unequal_networks(result, split)]
    return [hint for hint in found if hint]


def _same_weights(result: "xr.Dataset") -> str:
    if "distance" not in result or float(result["distance"].sel(moving=FULL_NETWORK)) > 0:
        return ""
    return "a and b hold the same weights, so nothing moves and every number is zero: was one file given twice?"


def _blended_statistics(result: "xr.Dataset", split: str | None) -> str:
    attrs = result.attrs
    if attrs.get("batch_norm") != "interpolate" or not attrs.get("num_normalizations") or "loss_rise" not in result:
        return ""
    if not any(cell.estimate.low > 0 for cell in barrier_table(result, "loss_rise", split).row(FULL_NETWORK)):
        return ""
    return (
        f"The running statistics of {attrs['num_normalizations']} normalisation layers were blended, which "
        "alone can cost much: --batch-norm recalibrate --recalibrate-on TRAINING_DATA shows what the weights cost."
    )


def _unequal_networks(result: "xr.Dataset", split: str | None) -> str:
    if result.attrs.get("baseline", "models") != "models" or "loss_rise" not in result:
        return ""
    part = in_split(result, split)
    loss = {host: float(part[end.name]) for host, end in LOSS.ends.items()}
    if not outweighed_by_ends(part, layer_labels(result) or (FULL_NETWORK,)):
        return ""
    effects = {
        host: "added to" if loss[host] == max(loss.values()) else "taken from" for host in labels(result, "host")
    }
    into = " and ".join(f"{effect} every barrier into {host}" for host, effect in effects.items())
    half = significant_text(half_difference(part), 2)
    return (
        f"The two networks' losses differ: half of that, {half} {loss_unit(result)}, is {into}, "
        "which outweighs what averaging the median layer costs. Rises are free of it."
    )
