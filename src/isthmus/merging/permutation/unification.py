"""What follows where two axes are one, where an axis is cut, and where it becomes several."""

from isthmus.merging.permutation.extents import (
    Extent,
    Joined,
    Nested,
    Stacked,
    Units,
    joined,
    nested,
    simplified,
    units_of,
)


def settled(extent: Extent) -> Extent:
    """An extent that is the same at all places of other axes.

    Args:
        extent: Any; where it is stacked, its options become one.

    Returns:
        No `Stacked`.
    """
    if not isinstance(extent, Stacked):
        return extent
    for option in extent.options[1:]:
        unify(extent.options[0], option)
    return settled(simplified(extent.options[0]))


def fix(extent: Extent, reason: str) -> None:
    """Hold units in their places.

    Args:
        extent: Any.
        reason: Why; the first reason is kept.
    """
    for units in units_of(extent):
        units.reason = units.reason or reason


def unify(first: Extent, second: Extent) -> None:
    """Let two extents be permuted alike from now on.

    Args:
        first: Any.
        second: Of equal size; where no permutation fits both, the units of both are fixed.

    Raises:
        ValueError: The sizes differ.
    """
    first, second = simplified(first), simplified(second)
    if first.size != second.size:
        raise ValueError(f"axes of {first.size} and {second.size} units")
    if first == second or first.size == 1:
        return
    pairs = ((first, second), (second, first))
    for one, other in pairs:
        if isinstance(one, Stacked):
            is_alike = isinstance(other, Stacked) and other.index is one.index
            for place, option in enumerate(one.options):
                unify(option, other.options[place] if is_alike else other)  # type: ignore[union-attr]
            return
    for one, other in pairs:
        if isinstance(one, Units) and not one.reason:
            _bind(one, other)
            return
    for one, other in pairs:
        if isinstance(one, Units):
            fix(other, one.reason)
            return
    if isinstance(first, Nested) and isinstance(second, Nested):
        _unify_nested(first, second)
    else:
        _unify_joined(first, second)


def _bind(units: Units, extent: Extent) -> None:
    if units in set(units_of(extent)):
        fix(extent, "its units would be parts of themselves")
    else:
        units.bound = extent


def _unify_nested(first: Nested, second: Nested) -> None:
    size, whole = sorted((first.factors[0].size, second.factors[0].size))
    if whole % size:
        fix(first, f"blocks of {first.size // whole} and of {first.size // size} units overlap")
        fix(second, f"blocks of {first.size // whole} and of {first.size // size} units overlap")
        return
    outer, inner = factored(first, size, first.size // size)
    other_outer, other_inner = factored(second, size, second.size // size)
    unify(outer, other_outer)
    unify(inner, other_inner)


def _unify_joined(first: Extent, second: Extent) -> None:
    left, right = (list(one.parts if isinstance(one, Joined) else (one,)) for one in (first, second))
    while left:
        p, q = left.pop(0), right.pop(0)
        if p.size > q.size:
            p, rest = divided(p, q.size)
            left.insert(0, rest)
        elif q.size > p.size:
            q, rest = divided(q, p.size)
            right.insert(0, rest)
        unify(p, q)


def divided(extent: Extent, size: int) -> tuple[Extent, Extent]:
    """The first units of an extent and the rest of them; from now on these don't mix.

    Args:
        extent: Any.
        size: How many come first: at least one, not all.

    Returns:
        Both parts.
    """
    extent = simplified(extent)
    rest = extent.size - size
    if isinstance(extent, Units):
        parts = Units(size, extent.reason), Units(rest, extent.reason)
        if not extent.reason:
            extent.bound = Joined(parts)
        return parts
    if isinstance(extent, Stacked):
        pairs = [divided(option, size) for option in extent.options]
        first, second = (Stacked(extent.index, tuple(pair[side] for pair in pairs)) for side in (0, 1))
        return first, second
    if isinstance(extent, Joined):
        head, *tail = extent.parts
        if head.size > size:
            head, between = divided(head, size)
            return head, joined([between, *tail])
        if head.size == size:
            return head, joined(tail)
        more, last = divided(joined(tail), size - head.size)
        return joined([head, more]), last
    outer, inner = extent.factors[0], nested(extent.factors[1:])
    if size % inner.size:
        fix(extent, f"a cut goes through blocks of {inner.size} units")
        return divided(extent, size)
    before, after = divided(outer, size // inner.size)
    return nested([before, inner]), nested([after, inner])


def factored(extent: Extent, outer: int, inner: int) -> tuple[Extent, Extent]:
    """An extent as blocks; from now on blocks change places as wholes, and units alike in all blocks.

    Args:
        extent: Any, of outer x inner units.
        outer: How many blocks.
        inner: Units of a block.

    Returns:
        The blocks, and the units of each.
    """
    extent = simplified(extent)
    if outer == 1 or inner == 1:
        one = Units(1, "there is one alone")
        return (one, extent) if outer == 1 else (extent, one)
    if isinstance(extent, Units):
        pair = Units(outer, extent.reason), Units(inner, extent.reason)
        if not extent.reason:
            extent.bound = Nested(pair)
        return pair
    if isinstance(extent, Stacked):
        pairs = [factored(option, outer, inner) for option in extent.options]
        left, right = (Stacked(extent.index, tuple(pair[side] for pair in pairs)) for side in (0, 1))
        return left, right
    if isinstance(extent, Joined) and all(part.size % inner == 0 for part in extent.parts):
        pairs = [factored(part, part.size // inner, inner) for part in extent.parts]
        for _, units in pairs[1:]:
            unify(pairs[0][1], units)
        return joined([blocks for blocks, _ in pairs]), simplified(pairs[0][1])
    if isinstance(extent, Nested):
        head, rest = extent.factors[0], nested(extent.factors[1:])
        if head.size == outer:
            return head, rest
        if head.size % outer == 0:
            first, second = factored(head, outer, head.size // outer)
            return first, nested([second, rest])
        if outer % head.size == 0:
            first, second = factored(rest, outer // head.size, inner)
            return nested([head, first]), second
    fix(extent, f"{outer} blocks of {inner} units go across its parts")
    return factored(extent, outer, inner)


def stacked(extent: Extent, outer: int, inner: int) -> tuple[Units, Stacked]:
    """An extent as blocks that go different ways, each with units of its own.

    Args:
        extent: Any, of outer x inner units.
        outer: How many blocks.
        inner: Units of a block.

    Returns:
        The axis of the blocks, and that of the units.
    """
    index, rest, options = Units(outer, "its places are read one by one"), extent, []
    for _ in range(outer - 1):
        first, rest = divided(rest, inner)
        options.append(first)
    return index, Stacked(index, (*options, rest))
