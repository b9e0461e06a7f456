"""Lists of numbers on the command line."""

import re

from isthmus.errors import InputError


def number_list(text: str, option: str, remedy: str) -> tuple[float, ...]:
    """The numbers of a list such as "0,0.25,0.5": positions between two networks, or parts of their distance.

    A decimal comma would be taken for the comma of the list: "0,5" for 0 and 5. So a number beyond [0, 1] has to be
    written with its decimal point, and so does one that begins with a needless zero ("0,05").

    Args:
        text: Numbers apart by commas; "0,5.0" holds 0 and 5.
        option: What to name in a message, such as "--alphas".
        remedy: How to write it, for what is no number at all.

    Returns:
        The numbers in their order.

    Raises:
        InputError: It is no list of numbers, or may have been written with decimal commas.

    Example:
        >>> number_list("0,0.5,1", "--alphas", "")
        (0.0, 0.5, 1.0)
    """
    parts = [part.strip() for part in text.split(",")]
    try:
        numbers = tuple(float(part) for part in parts)
    except ValueError as error:
        raise InputError("numbers", repr(text), option, remedy) from error
    if len(parts) > 1 and any(_may_be_decimals(part) for part in parts):  # one number alone has no comma
        pointed = ",".join(f"{part}.0" if _may_be_decimals(part) else part for part in parts)
        guess = f"write {'.'.join(parts)} for a decimal, " if len(parts) == 2 else "write decimals as 0.5, "
        raise InputError(
            "numbers with a decimal point, also those outside 0 to 1",
            f"{text!r}, which may be meant as decimals",
            option,
            f"{guess}{pointed} for the list",
        )
    return numbers


def _may_be_decimals(part: str) -> bool:
    return re.fullmatch(r"[-+]?\d+", part) is not None and (int(part) not in {0, 1} or len(part.lstrip("-+")) > 1)
