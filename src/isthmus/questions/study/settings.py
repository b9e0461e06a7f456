"""The settings of a study, checked before anything is loaded."""

from isthmus.errors import InputError


def refuse_recalibration(batch_norm: str) -> None:
    """Refuse BatchNorm policy `recalibrate`, under which a network's statistics depend on all of its weights.

    Args:
        batch_norm: What was asked.

    Raises:
        InputError: It is `recalibrate`.
    """
    if batch_norm == "recalibrate":
        raise InputError(
            "interpolate or host",
            "'recalibrate'",
            "--batch-norm (batch_norm= in Python)",
            "choose one of these for this study; isthmus measure recalibrates",
        )


def valid_count(name: str, number: int, least: int) -> int:
    """A count that is large enough.

    Args:
        name: Of the argument, such as "num_probes".
        number: What was given.
        least: The smallest that is allowed.

    Returns:
        The number.

    Raises:
        InputError: It is smaller, or no whole number.
    """
    if isinstance(number, bool) or not isinstance(number, int) or number < least:
        option = f"--{name.replace('_', '-')} ({name}= in Python)"
        raise InputError(f"a whole number of at least {least}", repr(number), option, f"write {max(least, 8)}")
    return number
