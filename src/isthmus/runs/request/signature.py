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


def with_settings_shown(function: F) -> F:
    """The function with every setting that it takes as `**others` in its signature, and its words in the docstring.

    Args:
        function: Its docstring has a line `others:` that ends with a colon.

    Returns:
        The function itself.
    """
    names = [name for name in ASKED if name not in inspect.signature(function).parameters]
    shown = [
        Parameter(n, Parameter.KEYWORD_ONLY, default=ASKED[n].default, annotation=ASKED[n].annotation) for n in names
    ]
    head, others, rest = (function.__doc__ or "").partition(" others: ")
    line, end, below = rest.partition(":\n")
    words = "".join(f"            {name}: {ASKED[name].description}\n" for name in names)
    function.__doc__ = head + others + line + end + words + below
    return with_parameters(function, shown)
