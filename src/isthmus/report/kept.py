"""What a page makes of a result once, however many of its pictures and sentences need it."""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
_kept: ContextVar[dict[Any, Any] | None] = ContextVar("kept", default=None)


@contextmanager
def one_page() -> Iterator[None]:
    """Make what is asked of a result by a `kept` function once while the block runs; no result may change in it."""
    token = _kept.set({} if _kept.get() is None else _kept.get())
    try:
        yield
    finally:
        _kept.reset(token)


def kept(make: Callable[P, R]) -> Callable[P, R]:
    """The function, whose outcomes are kept within `one_page`.

    Args:
        make: Takes a result first, which is told by its identity, then values that are told by their equality.

    Returns:
        A function of the same arguments. Outside of a page it makes everything anew.
    """
    signature = inspect.signature(make)

    @functools.wraps(make)
    def kept_or_made(*args: P.args, **kwargs: P.kwargs) -> R:
        known = _kept.get()
        if known is None:
            return make(*args, **kwargs)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        result, *rest = bound.arguments.values()
        key = make, id(result), *rest
        if key not in known:
            known[key] = result, make(*args, **kwargs)  # with the result, so that no other gets its id
        found: R = known[key][1]
        return found

    return kept_or_made
