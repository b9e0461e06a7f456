"""The numbers of a result that a report can show, with their words."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.errors import UnknownNameError
from isthmus.measures.averaging import HALF_WAY
from isthmus.results.variables import ERROR, LOSS, NUMBERS, OF

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from isthmus.measures.barrier import Quantity

VALUES = (LOSS.barrier.name, ERROR.barrier.name)
RISES = (LOSS.rises["rise"].name, ERROR.rises["rise"].name)
QUANTITIES: "Mapping[str, Quantity]" = {
    number.name: quantity for quantity, of in OF.items() for number in (of.barrier, *of.rises.values())
}
"""What each rise and barrier is of."""


def value_words(value: str) -> str:
    """The words for a variable.

    Args:
        value: Such as `"loss_largest_rise"`.

    Returns:
        Such as `"largest loss rise"`.
    """
    return NUMBERS[value].words


def values_shown(result: "xr.Dataset") -> list[str]:
    """The kinds of barrier that a result holds.

    Args:
        result: A measurement.

    Returns:
        `loss_barrier`, and `error_barrier` if the loss has classes.
    """
    return [value for value in VALUES if value in result]


def kind_of(value: str) -> "Quantity":
    """What a variable is of.

    Args:
        value: Such as `"loss_largest_rise"`.

    Returns:
        `"loss"` or `"error"`.

    Raises:
        UnknownNameError: It is no rise and no barrier.
    """
    if value not in QUANTITIES:
        raise UnknownNameError("value", value, [*VALUES, *RISES], "report")
    return QUANTITIES[value]


def is_rise(value: str) -> bool:
    """Whether a variable counts from the host's own loss or error.

    Args:
        value: Such as `"loss_largest_rise"`.

    Returns:
        False for a barrier.
    """
    return barrier_beside(value) != value


def barrier_beside(value: str) -> str:
    """The barrier that stands beside a rise.

    Args:
        value: Such as `"loss_largest_rise"`.

    Returns:
        Such as `"loss_barrier"`.
    """
    return OF[kind_of(value)].barrier.name


def main_values(result: "xr.Dataset") -> list[str]:
    """What the report shows first, of the loss and of the error: what averaging costs each host.

    Args:
        result: A measurement.

    Returns:
        The rise; what an exchange costs if no alpha lies between the networks; the barrier of a result without either.
    """
    between = "rise_alpha" in result.coords and not math.isnan(float(result["rise_alpha"]))
    found = []
    for of in (OF[kind_of(value)] for value in values_shown(result)):
        numbers = [of.rises["rise"]] * between + [of.rises["exchange_rise"], of.barrier]
        found.append(next(number.name for number in numbers if number.name in result))
    return found


def beside_values(result: "xr.Dataset") -> list[str]:
    """The barriers that stand beside what the report shows first.

    Args:
        result: A measurement.

    Returns:
        Nothing where the barriers come first.
    """
    return [barrier_beside(value) for value in main_values(result) if is_rise(value)]


def both_values(result: "xr.Dataset") -> list[str]:
    """Rises and barriers side by side, the loss's first.

    Args:
        result: A measurement.

    Returns:
        Those that the result holds.
    """
    return [value for pair in zip(RISES, VALUES, strict=True) for value in pair if value in result]


@dataclass(frozen=True)
class Column:
    """A column of numbers.

    Attributes:
        value: The variable shown.
        title: Its words, without the unit.
        has_interval: Whether each number's interval follows it.
        has_alpha: Whether the alpha follows at which it was found.
    """

    value: str
    title: str
    has_interval: bool = False
    has_alpha: bool = False


def columns_of(result: "xr.Dataset", kind: "Quantity") -> list[Column]:
    """The columns of loss or error.

    Args:
        result: A measurement.
        kind: "loss" or "error".

    Returns:
        The rises that the grid can tell apart and the barrier; the barrier alone of a result without rises.
    """
    of = OF[kind]
    rise, largest, exchange = (of.rises[form].name for form in ("rise", "largest_rise", "exchange_rise"))
    if rise not in result:
        return [Column(of.barrier.name, of.barrier.words, has_interval=True)]
    alpha, found = float(result["rise_alpha"]), []
    if not math.isnan(alpha):
        where = "" if alpha == HALF_WAY else f" at {alpha:g}"
        found.append(Column(rise, f"{of.rises['rise'].words}{where}", has_interval=True))
    if largest in result:
        found.append(Column(largest, "largest,\nalpha", has_alpha=True))
    if exchange in result:
        found.append(Column(exchange, "exchange", has_interval=not found))
    on_grid = result.sizes["alpha"] > 1
    title = "barrier,\nalpha" if on_grid else "barrier"
    return [*found, Column(of.barrier.name, title, has_interval=not found, has_alpha=on_grid)]
