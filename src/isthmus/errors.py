"""What isthmus says when it cannot go on: expected, got, where, what to do."""

import difflib
import unicodedata
from collections.abc import Iterable

GUESS = "Did you mean"
MOST_SHOWN = 2000
"""Characters of a message's part. Names in files may be any length."""
SPACES = frozenset({"Zs"})  # wide and thin ones do no harm, though Python prints none but the usual one as it is
MOST_COMPARED, LONGEST_COMPARED = 2000, 200
"""Names that are compared with a mistyped one, and their characters: the comparison takes the product of lengths."""


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
        expected, got, where, remedy = (
            printable(part if len(part) <= MOST_SHOWN else f"{part[:MOST_SHOWN]} ...")
            for part in (self.expected, self.got, self.where, self.remedy)
        )
        return f"expected {expected}\n     got {got}\n   where {where}\n{do} {remedy}"


class UnwritableError(InputError):
    """A file can't be written: the disk is full, the folder read-only, or gone. What is finished is kept."""


class DamagedError(InputError):
    """A file holds something else than was written into it."""


class MisfitError(InputError):
    """Weights lack keys of the model, have others, or some of another shape."""


class UnknownNameError(InputError, LookupError):
    """A name that is not in a list; the message proposes the nearest that is."""

    def __init__(self, kind: str, name: str, known: Iterable[str], where: str, remedy: str = "") -> None:
        choices = list(known)
        comparable = [choice for choice in choices[:MOST_COMPARED] if len(choice) <= LONGEST_COMPARED]
        near = difflib.get_close_matches(name[:LONGEST_COMPARED], comparable, n=1)
        guess = f"{GUESS} {near[0]!r}? " if near else ""
        super().__init__(
            f"{kind}: one of {short_list(choices)}",
            repr(name),
            where,
            f"{guess}{remedy}".strip() or f"choose one of the {len(choices)} names",
        )


class IsthmusWarning(UserWarning):
    """Something measured is not what it may seem to be."""


def printable(text: str) -> str:
    r"""The text with what steers a terminal written out: names and messages may come from a stranger's file.

    Args:
        text: Of any origin.

    Returns:
        The same, with escapes such as `\x1b` for control characters but line ends and tabs, for marks that turn the
        direction of writing, and for halves of characters, which no stream can write.

    Example:
        >>> printable("conv1\x1b[31m")
        'conv1\\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(
        letter
        if letter.isprintable() or letter in "\n\t" or unicodedata.category(letter) in SPACES
        else letter.encode("unicode_escape").decode()
        for letter in text
    )


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
