"""The numbers of a result that a report can show, and their words."""

from typing import TYPE_CHECKING

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
