"""Words and units on the variables of a result, so that `result.loss_barrier.plot()` labels its axes."""

from collections.abc import Mapping

import xarray as xr

from isthmus.results.studies import STUDIES
from isthmus.results.units import loss_unit
from isthmus.results.variables import NATS, NUMBER, TEXT, VARIABLES, Variable


def labelled_study(study: xr.Dataset) -> xr.Dataset:
    """A study whose variables say what they are, as `labelled` does for a result.

    Args:
        study: Its attributes name it, and the loss.

    Returns:
        The same values.
    """
    return labelled(study, of=STUDIES.get(str(study.attrs.get("study")), {}))


def labelled(
    result: xr.Dataset, measured: xr.Dataset | None = None, of: Mapping[str, Variable] = VARIABLES
) -> xr.Dataset:
    """A result whose variables say what they are, as xarray and the CF conventions read it.

    Args:
        result: A measurement, or any Dataset that has variables of one.
        measured: The measurement that it was computed from, whose attributes name the loss; None where it names it.
        of: What is declared.

    Returns:
        The same values. Every declared variable and coordinate has the attributes `long_name` and, where it has a unit,
        `units`; by the conventions a variable without units is a plain number or a text.
    """
    nats = loss_unit(result if measured is None else measured)
    # xarray draws along texts, but not along objects that are texts, as a table gives them.
    texts = {dim: result[dim].astype(str) for dim in result.dims if dim in of and result[dim].dtype == object}
    found = result.assign_coords(texts)
    for name in (name for name in found.variables if name in of):
        variable = of[str(name)]
        unit = nats if variable.unit == NATS else variable.unit
        units = {} if unit in {NUMBER, TEXT} else {"units": unit}
        found[name].attrs = {"long_name": variable.words, **units}
    return found
