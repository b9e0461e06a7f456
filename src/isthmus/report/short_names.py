"""Long names where there is little room: shortened in the middle, and still told apart."""

from collections.abc import Sequence
from itertools import takewhile

ELLIPSIS = "…"


def shortened(names: Sequence[str], most: int) -> list[str]:
    """Names of at most so many characters.

    The end of a name says more than its beginning (`transformer.h.0.attn`), so as much is taken from the beginning as
    is needed for the names to stay different. Those that would still be alike keep what they differ in.

    Args:
        names: The names, all different.
        most: How many characters each may have, 3 or more.

    Returns:
        The names in their order; those that fit unchanged.

    Example:
        >>> shortened(["encoder.block.0.attention.query", "encoder.block.1.attention.query", "head"], 21)
        ['enc…0.attention.query', 'enc…1.attention.query', 'head']
    """
    found = [_shortened(name, most, 1) for name in names]
    for head in range(most // 2, 0, -1):
        tried = [_shortened(name, most, head) for name in names]
        if len(set(tried)) == len(set(names)):
            return tried
        if len(set(tried)) > len(set(found)):
            found = tried
    alike = {short: [name for name, other in zip(names, found, strict=True) if other == short] for short in found}
    told = [_told_apart(name, alike[short], most) or short for name, short in zip(names, found, strict=True)]
    # What tells names of one kind apart may be alike in another kind: block 1's attention and block 1's projection.
    every = [name for name, short in zip(names, found, strict=True) if len(set(alike[short])) > 1]
    wider = [
        (_told_apart(name, every, most) if name in every else "") or short
        for name, short in zip(names, told, strict=True)
    ]
    return wider if len(set(wider)) > len(set(told)) else told


def _told_apart(name: str, alike: Sequence[str], most: int) -> str:
    """A name by what it differs in, with some of what is around that; nothing if that is too long."""
    if len(set(alike)) < 2:
        return ""
    start = _num_common(alike)
    end = len(name) - _num_common([other[start:][::-1] for other in alike])
    before, core, after = name[:start], name[start:end], name[end:]
    room = most - len(core) - 2
    if room < 2:
        return ""
    left, right = before[len(before) - room // 3 :], after[len(after) - (room - room // 3) :]
    return f"{ELLIPSIS}{left}{core}{ELLIPSIS}{right}"


def _num_common(words: Sequence[str]) -> int:
    """How many letters all begin with."""
    return sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, zip(*words, strict=False)))


def _shortened(name: str, most: int, head: int) -> str:
    return name if len(name) <= most else name[:head] + ELLIPSIS + name[len(name) - (most - head - 1) :]
