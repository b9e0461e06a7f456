"""Numbers and layers as specifications write them."""

from collections.abc import Iterable, Sequence

from isthmus.errors import InputError, UnknownNameError


def whole_number(text: str, least: int, form: str) -> int:
    """A number of a specification.

    Args:
        text: Such as "4".
        least: The smallest that is allowed.
        form: How the specification is written, such as "window:L".

    Returns:
        The number.

    Raises:
        InputError: It is no whole number, or too small.
    """
    # int() alone takes "+1" and "1_0" as well.
    number = int(text) if text.strip().isdecimal() else None
    if number is None or number < least:
        raise InputError(f"a whole number of at least {least}", repr(text), f"--sweep {form}", f"write {form}")
    return number


def moving_layers(chosen: Iterable[str], layers: Sequence[str], where: str) -> tuple[str, ...]:
    """Layers that a user chose, in layer order, each once.

    Args:
        chosen: Their labels in any order.
        layers: Labels in the order of first use.
        where: What to name in the error.

    Returns:
        Those of `layers` that are chosen.

    Raises:
        UnknownNameError: One is no layer of this network.

    Example:
        >>> moving_layers(["fc", "conv1"], ["conv1", "conv2", "fc"], "--sweep")
        ('conv1', 'fc')
    """
    wanted, known = list(chosen), set(layers)
    for label in wanted:
        if label not in known:
            raise UnknownNameError("a layer", label, layers, where, "isthmus inspect A --model NAME lists the layers")
    kept = set(wanted)
    return tuple(label for label in layers if label in kept)
