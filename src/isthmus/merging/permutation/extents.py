"""What an axis of a tensor is made of, and what follows where two axes are one.

An axis is a set of units, or several such sets one after another (a concatenation, a padding, the gates of an LSTM), or
nested in one another (channels times places after a flatten, heads times their dimensions). Units that no operator
holds in their places may be permuted, everywhere alike. To `unify` two axes means that they must be permuted alike:
this is unification of first-order terms, so what stays free is the most that these rules allow.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias

Extent: TypeAlias = "Units | Joined | Nested | Stacked"


@dataclass(eq=False)
class Units:
    """Units that change places together wherever this object stands.

    Attributes:
        size: How many.
        reason: Why they must stay in their places; empty where they need not.
        bound: What they turned out to be; None as long as they are plain units.
    """

    size: int
    reason: str = ""
    bound: "Extent | None" = field(default=None, repr=False)


@dataclass(frozen=True)
class Joined:
    """Extents one after another."""

    parts: tuple[Extent, ...]

    @property
    def size(self) -> int:
        """The sum of their sizes."""
        return sum(part.size for part in self.parts)


@dataclass(frozen=True)
class Nested:
    """Extents of which each runs through once for every place of those before it."""

    factors: tuple[Extent, ...]

    @property
    def size(self) -> int:
        """The product of their sizes."""
        return prod(factor.size for factor in self.factors)


@dataclass(frozen=True)
class Stacked:
    """An axis that is another one at each place of a second axis, as queries, keys and values stacked in one tensor.

    Attributes:
        index: The second axis.
        options: What this axis is at each of its places.
    """

    index: Units
    options: tuple[Extent, ...]

    @property
    def size(self) -> int:
        """Their common size."""
        return self.options[0].size


def simplified(extent: Extent) -> Extent:
    """The same extent by what its units turned out to be, without extents of one kind in one another.

    Args:
        extent: Any.

    Returns:
        Units that are free or fixed, or a composition of such.
    """
    while isinstance(extent, Units) and extent.bound is not None:
        extent = extent.bound
    if isinstance(extent, Joined):
        return joined([simplified(part) for part in extent.parts])
    if isinstance(extent, Nested):
        return nested([simplified(factor) for factor in extent.factors])
    if isinstance(extent, Stacked):
        return Stacked(extent.index, tuple(simplified(option) for option in extent.options))
    return extent


def joined(parts: Sequence[Extent]) -> Extent:
    """Extents one after another.

    Args:
        parts: At least one; those without a unit are left out.

    Returns:
        One extent.
    """
    flat = [one for part in parts for one in (part.parts if isinstance(part, Joined) else (part,)) if one.size]
    if len(flat) == 1:
        return flat[0]
    stacked = next((one for one in flat if isinstance(one, Stacked)), None)
    if stacked is not None:
        return Stacked(stacked.index, tuple(joined(row) for row in _by_option(stacked.index, flat)))
    fixed = [one for one in flat if isinstance(one, Units) and one.reason]
    return Units(sum(one.size for one in flat), fixed[0].reason) if len(fixed) == len(flat) else Joined(tuple(flat))


def nested(factors: Sequence[Extent]) -> Extent:
    """Extents in one another, the last running fastest.

    Args:
        factors: Any; those of one unit are left out.

    Returns:
        One extent.
    """
    flat = [
        one for factor in factors for one in (factor.factors if isinstance(factor, Nested) else (factor,))
        if one.size != 1
    ]  # fmt: skip
    if not flat:
        return Units(1, "there is one alone")
    if len(flat) == 1:
        return flat[0]
    stacked = next((one for one in flat if isinstance(one, Stacked)), None)
    if stacked is not None:
        return Stacked(stacked.index, tuple(nested(row) for row in _by_option(stacked.index, flat)))
    fixed = [one for one in flat if isinstance(one, Units) and one.reason]
    return Units(prod(one.size for one in flat), fixed[0].reason) if len(fixed) == len(flat) else Nested(tuple(flat))


def _by_option(index: Units, extents: Sequence[Extent]) -> Iterator[list[Extent]]:
    if any(isinstance(one, Stacked) and one.index is not index for one in extents):
        raise ValueError("an axis that two others choose")
    for place in range(index.size):
        yield [one.options[place] if isinstance(one, Stacked) else one for one in extents]


def units_of(extent: Extent) -> Iterator[Units]:
    """The units that an extent is made of.

    Args:
        extent: Any.

    Yields:
        Free and fixed ones, from left to right, some maybe twice.
    """
    extent = simplified(extent)
    if isinstance(extent, Units):
        yield extent
        return
    parts = {Joined: "parts", Nested: "factors", Stacked: "options"}[type(extent)]
    for part in getattr(extent, parts):
        yield from units_of(part)
