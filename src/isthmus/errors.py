"""What isthmus says when it cannot go on: expected, got, where, what to do."""

import difflib
from collections.abc import Iterable

GUESS = "Did you mean"


class IsthmusError(Exception):
    """Base of every error that isthmus raises on purpose."""


class InputError(IsthmusError, ValueError):
    """The user's input is wrong; the command line answers it with exit status 2.

    Args:
        expected: What would have been right.
        got: What came instead.
        where: The file, option or argument at fault.
        remedy: What to do about it.

    Example:
        >>> print(InputError("a fraction of [0, 1]", "1.5", "--threshold", "write 0.02 for two percent"))
        expected a fraction of [0, 1]
             got 1.5
           where --threshold
              do write 0.02 for two percent
    """

    def __init__(self, expected: str, got: str, where: str, remedy: str) -> None:
        super().__init__(expected, got, where, remedy)
        self.expected = expected
        self.got = got
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        do = "        " if self.remedy.startswith(GUESS) else "      do"  # a question is no order
        return f"expected {self.expected}\n     got {self.got}\n   where {self.where}\n{do} {self.remedy}"


class UnwritableError(InputError):
    """A file can't be written: the disk is full, the folder read-only, or gone. What is finished is kept."""


class DamagedError(InputError):
    """A file holds something else than was written into it."""


class UnknownNameError(InputError, LookupError):
    """A name that is not in a list; the message proposes the nearest that is."""

    def __init__(self, kind: str, name: str, known: Iterable[str], where: str, remedy: str = "") -> None:
        choices = list(known)
        near = difflib.get_close_matches(name, choices, n=1)
        guess = f"{GUESS} {near[0]!r}? " if near else ""
        super().__init__(
            f"{kind}: one of {short_list(choices)}",
            repr(name),
            where,
            f"{guess}{remedy}".strip() or f"choose one of the {len(choices)} names",
        )


class IsthmusWarning(UserWarning):
    """Something measured is not what it may seem to be."""


def short_list(items: Iterable[object], limit: int = 8) -> str:
    """The items as text, the first `limit` of them and how many more there are.

    Args:
        items: What to list.
        limit: How many to name before counting the rest.

    Returns:
        Text such as `"conv1, bn1 and 3 more"`; `"nothing"` for no items.
    """
    names = [str(item) for item in items]
    if not names:
        return "nothing"
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
