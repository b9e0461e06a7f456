"""The numbers of the options `mean` and `std`."""

import math

from isthmus.errors import InputError

CHANNEL_OPTIONS = ("mean", "std")


def channel_numbers(name: str, text: str, where: str) -> tuple[float, ...]:
    """The numbers that `mean=` or `std=` gives, one a channel or a single one for all.

    Args:
        name: "mean" or "std".
        text: Such as "0.5" or "0.485/0.456/0.406".
        where: What to name in a message.

    Returns:
        Finite numbers; of a std all above 0.

    Raises:
        InputError: They are no finite numbers, or a std is not above 0.

    Example:
        >>> channel_numbers("mean", "0.5/0.25", "data")
        (0.5, 0.25)
    """
    try:
        numbers = tuple(float(part) for part in text.split("/"))
    except ValueError:
        numbers = (math.nan,)
    if not all(map(math.isfinite, numbers)):
        remedy = f"write {name}=0.5 or {name}=0.5/0.5/0.5"
        raise InputError("numbers separated by '/'", repr(text), f"{name} of {where}", remedy)
    if name == "std" and min(numbers) <= 0:
        raise InputError("a std above 0", repr(text), f"std of {where}", "give the standard deviation")
    return numbers
