"""What a function takes as `**others`, written out for people: in its signature and in its help."""

import inspect
from collections.abc import Callable, Iterable
from inspect import Parameter
from typing import Any, TypeVar

from isthmus.runs.request.request import ASKED

F = TypeVar("F", bound=Callable[..., Any])


def with_parameters(function: F, parameters: Iterable[Parameter]) -> F:
    """The function with parameters in its signature in place of `**others`.

    Args:
        function: Takes any keywords.
        parameters: Keywords that it is to show.

    Returns:
        The function itself.
    """
    own = inspect.signature(function)
    kept = [parameter for parameter in own.parameters.values() if parameter.kind is not Parameter.VAR_KEYWORD]
    first = [parameter for parameter in kept if parameter.kind is not Parameter.KEYWORD_ONLY]
    function.__signature__ = own.replace(parameters=[*first, *parameters, *kept[len(first) :]])  # type: ignore[attr-defined]
    return function


def with_settings_shown(*names: str) -> Callable[[F], F]:
    """A function that takes settings as `**others`, with these in its signature and their words in its docstring.

    Args:
        names: Of `ASKED`; none for all. What the function names itself is left to it.

    Returns:
        A decorator for a function whose docstring has a line `others:` that ends with a colon.
    """

    def decorated(function: F) -> F:
        shown = names_left_out(function, names)
        head, others, rest = (function.__doc__ or "").partition(" others: ")
        line, end, below = rest.partition(":\n")
        words = "".join(f"            {name}: {ASKED[name].description}\n" for name in shown)
        function.__doc__ = head + others + line + end + words + below
        fields = [(name, ASKED[name].default, ASKED[name].annotation) for name in shown]
        return with_parameters(
            function, (Parameter(n, Parameter.KEYWORD_ONLY, default=d, annotation=t) for n, d, t in fields)
        )

    return decorated


def names_left_out(function: Callable[..., Any], names: Iterable[str]) -> list[str]:
    """The settings that a function does not name itself.

    Args:
        function: Any.
        names: Of `ASKED`; none for all.

    Returns:
        Names in their order.
    """
    own = inspect.signature(function).parameters
    return [name for name in (names or ASKED) if name not in own]
