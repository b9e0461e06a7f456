"""Sweeps by name, as the command line and `measure(sweep=...)` write them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from isthmus.errors import InputError, UnknownNameError
from isthmus.sweeps import cumulative, subsets, window
from isthmus.sweeps.full import Full
from isthmus.sweeps.group import Sweep
from isthmus.sweeps.pairs import Pairs
from isthmus.sweeps.single import Single


@dataclass(frozen=True)
class SweepSpec:
    """How a sweep is written.

    Attributes:
        forms: Every way to write it, for help and errors.
        sweep: Makes it of the text after the first colon; "" where there is none.
    """

    forms: tuple[str, ...]
    sweep: Callable[[str], Sweep]


def _plain(sweep: Sweep) -> SweepSpec:
    """A sweep that takes no argument."""

    def alone(argument: str) -> Sweep:
        if argument:
            raise InputError(f"{sweep.name!r} alone", repr(f"{sweep.name}:{argument}"), "--sweep", "drop the argument")
        return sweep

    return SweepSpec((sweep.name,), alone)


SWEEPS: Mapping[str, SweepSpec] = {
    "full": _plain(Full()),
    "single": _plain(Single()),
    "cumulative": SweepSpec(cumulative.FORMS, cumulative.cumulative_of),
    "window": SweepSpec(window.FORMS, window.window_of),
    "pairs": _plain(Pairs()),
    "subsets": SweepSpec(subsets.FORMS, subsets.subsets_of),
}
FORMS = tuple(form for spec in SWEEPS.values() for form in spec.forms)
"""Every way to write a sweep."""


def sweeps_of(sweep: "str | Sweep | Iterable[str | Sweep]") -> list[Sweep]:
    """The sweeps that a specification, a sweep, or a list of them names.

    The full sweep stands first in every measurement, asked for or not: the row "all".

    Args:
        sweep: Such as "single", or `["single", "window:4", MySweep()]`.

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
    name, _, argument = text.partition(":")
    if name not in SWEEPS:
        raise UnknownNameError("a sweep", text, SWEEPS, "--sweep", f"write {', '.join(FORMS)}")
    return SWEEPS[name].sweep(argument)
