"""How beartype checks each function and class of ours while tests run; jaxtyping's import hook calls it.

Every room: the shapes of arguments and results. Other types as well in the rooms within; elsewhere our own messages
refuse what is no network or no such baseline, and tests hand such things over.
Names in quotes that a module imports for mypy alone (`if TYPE_CHECKING`: xarray and matplotlib under `report/`) are not
known at run time, and jaxtyping lets everything pass for them.
"""

from collections.abc import Callable
from dataclasses import is_dataclass
from inspect import isfunction
from typing import Any, TypeVar

import jaxtyping
from beartype import BeartypeConf, beartype

Checked = TypeVar("Checked", bound=Callable[..., Any])
ROOMS_WITHIN = tuple(
    f"isthmus.{room}." for room in ("weights", "layers", "paths", "sweeps", "evaluation", "measures", "questions")
)
DOORS = (".answer", ".study", ".settings")  # of questions: people call them, as they call `isthmus.measure`
jaxtyped = jaxtyping.jaxtyped
CONF = BeartypeConf(is_pep484_tower=True)  # as for mypy, an int is a float


def is_within(thing: Callable[..., Any]) -> bool:
    """Whether more than its shapes is checked."""
    return f"{thing.__module__}.".startswith(ROOMS_WITHIN) and not thing.__module__.endswith(DOORS)


def annotations_checked(thing: Checked) -> Checked:
    """The function or class that checks its arguments and results at every call."""
    if "<locals>" in thing.__qualname__:  # made anew at each call of the function about it; checks take long to make
        return thing
    if not isinstance(thing, type) and not is_within(thing):
        thing.__annotations__.update({
            name: Any for name, hint in thing.__annotations__.items() if "jaxtyping" not in repr(hint)
        })
    return beartype(thing, conf=CONF)


def shapes_checked(*, typechecker: Callable[[Checked], Checked]) -> Callable[[Checked], Checked]:
    """As `jaxtyping.jaxtyped`, which makes any call slow, where there are shapes; elsewhere types alone are checked."""

    def decorator(thing: Checked) -> Checked:
        if isinstance(thing, type):
            if is_dataclass(thing) and isfunction(thing.__init__):
                thing.__init__ = decorator(thing.__init__)
            return thing
        hints = thing.__annotations__.values() if isfunction(thing) else [""]
        if any(isinstance(hint, str) or "jaxtyping" in repr(hint) for hint in hints):
            return jaxtyped(thing, typechecker=typechecker)
        return typechecker(thing) if is_within(thing) else thing

    return decorator
