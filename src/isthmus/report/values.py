"""The numbers of a result that a report can show, with their words."""

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


def kind_of(value: str) -> str:
    """What a variable is of.

    Args:
        value: Such as `"loss_largest_rise"`.

    Returns:
        `"loss"` or `"error"`.
    """
    return value.partition("_")[0]


def is_rise(value: str) -> bool:
    """Whether a variable counts from the host's own loss or error.

    Args:
        value: Such as `"loss_largest_rise"`.

    Returns:
        False for a barrier.
    """
    return value.endswith("_rise")


def barrier_beside(value: str) -> str:
    """The barrier that stands beside a rise.

    Args:
        value: Such as `"loss_largest_rise"`.

    Returns:
        Such as `"loss_barrier"`.
    """
    return f"{kind_of(value)}_barrier"


def main_values(result: "xr.Dataset") -> list[str]:
    """What the report shows first, of the loss and of the error: what averaging costs each host.

    Args:
        result: A measurement.

    Returns:
        The rise; what an exchange costs if no alpha lies between the networks; the barrier of a result without either.
    """
    between = "rise_alpha" in result.coords and not math.isnan(float(result["rise_alpha"]))
    forms = ["rise"] * between + ["exchange_rise", "barrier"]
    kinds = [kind_of(value) for value in values_shown(result)]
    return [next(f"{kind}_{form}" for form in forms if f"{kind}_{form}" in result) for kind in kinds]


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
        found.append(Column(f"{kind}_exchange_rise", "exchange", has_interval=not found))
    on_grid = result.sizes["alpha"] > 1
    title = "barrier,\nalpha" if on_grid else "barrier"
    return [*found, Column(f"{kind}_barrier", title, has_interval=not found, has_alpha=on_grid)]
