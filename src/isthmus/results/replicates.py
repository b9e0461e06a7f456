"""Pairs of networks as replicates of one experiment: mean rise and barrier, and their scatter."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from isthmus.errors import InputError, IsthmusWarning
from isthmus.measures.intervals.interval import LEVEL
from isthmus.results.labelled import labelled
from isthmus.results.variables import ERROR, LOSS, Number

PAIR = "pair"


@dataclass(frozen=True)
class Replicated:
    """A number of every pair, and the names of what is said of its mean beside the interval over pairs.

    Attributes:
        number: The variable; its mean and its interval over pairs have the same names.
        std: Standard deviation over pairs.
        data_low: Lower end of what the examples leave open for these pairs.
        data_high: Upper end.
    """

    number: Number
    std: str
    data_low: str
    data_high: str


REPLICATED: Mapping[str, Replicated] = {
    found.number.name: found
    for found in (
        Replicated(LOSS.rises["rise"], "loss_rise_std", "loss_rise_data_low", "loss_rise_data_high"),
        Replicated(LOSS.barrier, "loss_barrier_std", "loss_barrier_data_low", "loss_barrier_data_high"),
        Replicated(ERROR.rises["rise"], "error_rise_std", "error_rise_data_low", "error_rise_data_high"),
        Replicated(ERROR.barrier, "error_barrier_std", "error_barrier_data_low", "error_barrier_data_high"),
    )
}


def replicates(result: xr.Dataset) -> xr.Dataset:
    """Mean, spread and interval of the rises and barriers over pairs of networks.

    For rises or barriers B_1, ..., B_n of n pairs: mean m = (1/n) sum_k B_k, standard deviation s with n - 1 in the
    denominator, and the 95 % interval m ± t s / sqrt(n), t being Student's quantile with n - 1 degrees of freedom. It
    speaks of further pairs trained alike, on these examples. Beside it stands what the examples leave open for the mean
    of *these* pairs: from the mean of the lower to the mean of the upper ends of the pairs' own intervals. All pairs
    are measured on the same examples, and the error of a mean is at most the mean of the errors however they are
    correlated, so this interval is never too narrow. The interval over pairs is widened to hold it: few pairs can agree
    by chance, and of two that agree to the digit, as error barriers do, Student's interval would be the mean alone.

    Pairs must be independent for the interval over pairs: each network in one pair only, as in
    `isthmus.measure(model, [a_1, a_2], [b_1, b_2], data)`. Of all pairs of a few networks the mean and the spread still
    describe what was measured; a warning says that the interval does not hold.

    Args:
        result: From `isthmus.measure` or `isthmus.load_run`, with dimension `pair`.

    Returns:
        Over the dimensions of `loss_barrier` but `pair`, for loss (nats) and error (fraction): `loss_barrier` (m),
        `loss_barrier_std` (s), `loss_barrier_low`, `loss_barrier_high`, `loss_barrier_data_low`,
        `loss_barrier_data_high`, the same of `loss_rise`, and `num_pairs`. NaN in one pair makes NaN. The attribute
        `independent_pairs` is 1 or 0.

    Raises:
        InputError: There are no two pairs.

    Example:
        >>> values = xr.DataArray([1.0, 3.0], dims="pair", coords={"pair": ["w-x", "y-z"]})
        >>> names = {"name_a": ("pair", ["w", "y"]), "name_b": ("pair", ["x", "z"])}
        >>> ends = {"loss_barrier_low": values - 0.5, "loss_barrier_high": values + 0.5}
        >>> found = replicates(xr.Dataset({"loss_barrier": values, **ends}).assign_coords(names))
        >>> float(found.loss_barrier), round(float(found.loss_barrier_std), 4), float(found.loss_barrier_data_low)
        (2.0, 1.4142, 1.5)
    """
    if PAIR not in result.dims or result.sizes[PAIR] < 2:
        raise InputError(
            "a result with two pairs of networks or more",
            f"{result.sizes.get(PAIR, 1)}",
            "replicates(result)",
            "measure several pairs: isthmus.measure(model, [a_1, a_2], [b_1, b_2], data)",
        )
    n = result.sizes[PAIR]
    quantile = float(stdtrit(n - 1, 0.5 + LEVEL / 2))
    independent = _share_no_network(result)
    if not independent:
        warnings.warn(
            "some pairs share a network and so are not independent: the interval over pairs is too narrow",
            IsthmusWarning,
            stacklevel=2,
        )
    found = {"num_pairs": xr.DataArray(n)}
    for name, of in ((name, of) for name, of in REPLICATED.items() if name in result):
        # NaN is not skipped: a mean over some of the pairs would pass for that of all.
        mean = result[name].mean(PAIR, skipna=False)
        spread = result[name].std(PAIR, ddof=1, skipna=False)
        half = quantile * spread / np.sqrt(n)
        low, high = (result[end].mean(PAIR, skipna=False) for end in (of.number.low, of.number.high))
        found |= {name: mean, of.std: spread, of.data_low: low, of.data_high: high}
        found |= {of.number.low: np.minimum(mean - half, low), of.number.high: np.maximum(mean + half, high)}
    kept = {key: result.attrs[key] for key in ("loss", "baseline", "model", "data_name") if key in result.attrs}
    return labelled(xr.Dataset(found).assign_attrs(kept, independent_pairs=int(independent)))


def mean_over_pairs(result: xr.Dataset) -> xr.Dataset:
    """The mean over pairs in the shape of one pair: its intervals are those over pairs.

    Args:
        result: A collection of two pairs or more.

    Returns:
        A result without the dimension `pair`; where along alpha the maximum is has no meaning any more and is NaN.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what shows the mean says it
        means = replicates(result)
    mean = result.isel(pair=0, drop=True)
    for number in (of.number for name, of in REPLICATED.items() if name in result):
        for name in (number.name, number.low, number.high):
            mean[name] = means[name]
        # Pairs have their largest value at different alphas, so their mean has it at none.
        if number.alpha:
            mean[number.alpha] = mean[number.name] * np.nan
            mean[number.at_end] = mean[number.at_end] & False
        # The interval is over pairs now, and not carried by examples.
        mean = mean.drop_vars(number.effective_examples, errors="ignore")
    return mean


def _share_no_network(result: xr.Dataset) -> bool:
    names = [*map(str, result["name_a"].values), *map(str, result["name_b"].values)]
    return len(set(names)) == len(names)
