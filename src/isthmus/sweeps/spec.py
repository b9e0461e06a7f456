"""Sweeps by name, as the command line and `measure(sweep=...)` write them."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from isthmus.errors import InputError, UnknownNameError
from isthmus.sweeps.cumulative import Cumulative
from isthmus.sweeps.full import Full
from isthmus.sweeps.group import Sweep
from isthmus.sweeps.pairs import Pairs
from isthmus.sweeps.single import Single

SWEEPS: Mapping[str, Callable[[], Sweep]] = {
    "full": Full,
    "single": Single,
    "cumulative:shallow_first": partial(Cumulative, "shallow_first"),
    "cumulative:deep_first": partial(Cumulative, "deep_first"),
    "pairs": Pairs,
}


def parsed_sweeps(sweep: "str | Sweep | Iterable[str | Sweep]") -> list[Sweep]:
    """The sweeps that a specification, a sweep, or a list of them names.

    The full sweep stands first in every measurement, asked for or not: the row "all".

    Args:
        sweep: Such as "single", or `["single", MySweep()]`.

    Returns:
        `Full()` and then the others in the order given.

    Raises:
        UnknownNameError: A name is not in `SWEEPS`.
        InputError: Nothing is given, or the same sweep twice.
    """
    given = [sweep] if isinstance(sweep, str | Sweep) else list(sweep)
    sweeps: list[Sweep] = [_parsed(item) if isinstance(item, str) else item for item in given]
    names = [item.name for item in sweeps]
    if not names or len(set(names)) < len(names):
        raise InputError("one sweep or several different ones", repr(names), "--sweep", "name each sweep once")
    return [Full(), *(item for item in sweeps if item.name != "full")]


def _parsed(text: str) -> Sweep:
    if text not in SWEEPS:
        raise UnknownNameError("a sweep", text, SWEEPS, "--sweep")
    return SWEEPS[text]()
