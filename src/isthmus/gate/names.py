"""Names that come from files: of tensors, columns and classes."""

from collections.abc import Iterable

from isthmus.errors import InputError, printable
from isthmus.gate.limits import limit, refuse_more


def refuse_odd_names(names: Iterable[object], what: str, where: str) -> None:
    """Refuse names that no program gives: too long, or with characters that steer a terminal or break a line.

    Markup such as `<script>` is no such character: whatever shows a name escapes it.

    Args:
        names: Of things in one file.
        what: The things, such as "tensors".
        where: The file.

    Raises:
        InputError: A name is too long, empty of visible characters, or has a control character.
    """
    most = limit("name")
    for name in names:
        text = str(name)
        if len(text) > most:
            refuse_more("name", len(text), f"{what} of {where}")
        if printable(text) != text or "\n" in text or "\t" in text:
            got = f"{text[:60]!r}"
            raise InputError(f"names of {what} without control characters", got, where, "check the file's origin")
