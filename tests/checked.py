"""How beartype checks each function and class of ours while tests run; jaxtyping's import hook calls it.

Names in quotes that a module imports for mypy alone (`if TYPE_CHECKING`: xarray and matplotlib under `report/`) are not
known at run time, and jaxtyping lets everything pass for them.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from beartype import BeartypeConf, beartype
from pydantic import ValidationInfo

Checked = TypeVar("Checked", bound=Callable[..., Any])
NOT_ASKED = {ValidationInfo: Any}  # a protocol that `isinstance` refuses; pydantic itself makes what it hands over
CONF = BeartypeConf(is_pep484_tower=True)  # as for mypy, an int is a float


def annotations_checked(thing: Checked) -> Checked:
    """The function or class with its arguments and results checked at every call."""
    if (
        "<locals>" in thing.__qualname__
    ):  # made anew at every call of the function about it, and a check takes long to make
        return thing
    if not isinstance(thing, type):
        hints = thing.__annotations__
        hints.update({name: NOT_ASKED[hint] for name, hint in hints.items() if hint is ValidationInfo})
    return beartype(thing, conf=CONF)
