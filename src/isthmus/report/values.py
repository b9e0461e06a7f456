"""The numbers of a result that a report can show, and their words."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.measures.averaging import HALF_WAY

if TYPE_CHECKING:
    import xarray as xr

VALUES = ("loss_barrier", "error_barrier")
RISES = ("loss_rise", "error_rise")
WORDS = {
    "barrier": "{} barrier",
    "rise": "{} rise",
    "largest_rise": "largest {} rise",
    "exchange_rise": "{} rise of an exchange",
}


def value_words(value: str) -> str:
    """The words for a variable.

    Args:
        value: Such as `"loss_largest_rise"`.

    Returns:
        Such as `"largest loss rise"`.
    """
    kind, _, form = value.partition("_")
    return WORDS[form].format(kind)


def values_shown(result: "xr.Dataset") -> list[str]:
    """The kinds of barrier that a result holds.

    Args:
        result: A measurement.

    Returns:
        `loss_barrier`, and `error_barrier` if the loss has classes.
    """
    return [value for value in VALUES if value in result]


def main_values(result: "xr.Dataset") -> list[str]:
    """What the report shows first: what averaging costs each host.

    Args:
        result: A measurement.

    Returns:
        The rises; the barriers of a result that was made before there were any.
    """
    return [value for value in RISES if value in result] or values_shown(result)


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


def columns_of(result: "xr.Dataset", kind: str) -> list[Column]:
    """The columns of loss or error.

    Args:
        result: A measurement.
        kind: "loss" or "error".

    Returns:
        The rises that the grid can tell apart and the barrier; the barrier alone of a result without rises.
    """
    if f"{kind}_rise" not in result:
        return [Column(f"{kind}_barrier", f"{kind} barrier", has_interval=True)]
    alpha, found = float(result["rise_alpha"]), []
    if not math.isnan(alpha):
        where = "" if alpha == HALF_WAY else f" at {alpha:g}"
        found.append(Column(f"{kind}_rise", f"{kind} rise{where}", has_interval=True))
    if f"{kind}_largest_rise" in result:
        found.append(Column(f"{kind}_largest_rise", "largest,\nalpha", has_alpha=True))
    if f"{kind}_exchange_rise" in result:
        found.append(Column(f"{kind}_exchange_rise", "exchange"))
    on_grid = result.sizes["alpha"] > 1
    return [*found, Column(f"{kind}_barrier", "barrier,\nalpha" if on_grid else "barrier", has_alpha=on_grid)]
