"""Pairs of networks as replicates of one experiment: mean rise and barrier, and their scatter."""

import warnings

import numpy as np
import xarray as xr
from scipy import stats

from isthmus.errors import InputError, IsthmusWarning
from isthmus.measures.intervals.interval import LEVEL

PAIR = "pair"
NUMBERS = ("loss_rise", "loss_barrier", "error_rise", "error_barrier")


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
    quantile = float(stats.t.ppf(0.5 + LEVEL / 2, n - 1))
    independent = _share_no_network(result)
    if not independent:
        warnings.warn(
            "some pairs share a network and so are not independent: the interval over pairs is too narrow",
            IsthmusWarning,
            stacklevel=2,
        )
    found = {"num_pairs": xr.DataArray(n)}
    for name in (name for name in NUMBERS if name in result):
        mean = result[name].mean(PAIR, skipna=False)
        spread = result[name].std(PAIR, ddof=1, skipna=False)
        half = quantile * spread / np.sqrt(n)
        low, high = (result[f"{name}_{end}"].mean(PAIR, skipna=False) for end in ("low", "high"))
        found |= {name: mean, f"{name}_std": spread, f"{name}_data_low": low, f"{name}_data_high": high}
        found |= {f"{name}_low": np.minimum(mean - half, low), f"{name}_high": np.maximum(mean + half, high)}
    kept = {key: result.attrs[key] for key in ("loss", "baseline", "model", "data_name") if key in result.attrs}
    return xr.Dataset(found).assign_attrs(kept, independent_pairs=int(independent))


def _share_no_network(result: xr.Dataset) -> bool:
    names = [*map(str, result["name_a"].values), *map(str, result["name_b"].values)]
    return len(set(names)) == len(names)
