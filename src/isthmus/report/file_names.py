"""Names of pictures."""

import re
from collections.abc import Sequence


def file_names(names: Sequence[str]) -> list[str]:
    """Names that are safe in a file's name and stay different from one another.

    Args:
        names: Any text.

    Returns:
        One name for each, of letters, digits, dot, dash and underscore.

    Example:
        >>> file_names(["test", "../test", "test"])
        ['test', 'test-2', 'test-3']
    """
    taken: list[str] = []
    for name in names:
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:60] or "run"
        candidate, count = stem, 2
        while candidate.lower() in (other.lower() for other in taken):
            candidate, count = f"{stem}-{count}", count + 1
        taken.append(candidate)
    return taken
