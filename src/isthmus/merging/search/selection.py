"""Which layers to average together: the search for the set of most worth that a tolerance admits."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from isthmus.measures.estimate import Estimate
from isthmus.merging.search.trials import Layers

Rises = Callable[[Sequence[Layers]], Sequence[Estimate]]
"""What it costs the host to have each of some sets averaged."""
MOST_EXCHANGES = 10  # rounds; each must gain worth, so the search ends anyway
MOST_JOINING = 4  # layers of a round; beside each of them all others are left out one by one
NO_RISE = Estimate.exact(0.0)
AMPLE = 3.0  # arms of the interval: as many other examples certify such a set in 997 of 1000 cases


@dataclass(frozen=True)
class Selection:
    """What the search found. Every number of it comes from the examples of the search.

    Attributes:
        single: What each layer costs alone.
        order: All layers, those that cost least for their worth first.
        chosen: The set of most worth whose upper end is within the tolerance.
        chain: Nested sets from the smallest to the largest, of which every larger one has less room below the
            tolerance: what a certificate tests.
        rises: What every set that was tried costs.
    """

    single: dict[str, Estimate]
    order: tuple[str, ...]
    chosen: Layers
    chain: tuple[Layers, ...]
    rises: dict[Layers, Estimate]

    @property
    def num_tried(self) -> int:
        """How many sets of layers were measured."""
        return len(self.rises)


class _Search:
    """A search in progress: what is known, and what is worth how much."""

    def __init__(self, worth: Mapping[str, float], tolerance: float, rises: Rises, start: Estimate) -> None:
        self.worth, self.tolerance, self._rises, self._start = worth, tolerance, rises, start
        self.known: dict[Layers, Estimate] = {}

    def rises(self, sets: Sequence[Layers]) -> list[Estimate]:
        """Rises of sets; what is not known is measured at once."""
        fresh = [layers for layers in dict.fromkeys(sets) if layers not in self.known and layers]
        if fresh:
            self.known |= dict(zip(fresh, self._rises(fresh), strict=True))
        return [self.known[layers] if layers else self._start for layers in sets]

    def fits(self, rise: Estimate, *, surely: bool) -> bool:
        """Whether a rise is within the tolerance; NaN never is."""
        return (rise.high if surely else rise.value) < self.tolerance

    def ranked(self, costs: Mapping[str, float]) -> list[str]:
        """Layers, the least cost for their worth first; of those that cost nothing the ones of most worth."""

        def key(label: str) -> tuple[float, float]:
            cost, worth = costs[label], self.worth[label]
            if math.isnan(cost):
                return math.inf, 0.0
            return (0.0 if cost <= 0 else cost / worth if worth > 0 else math.inf), -worth

        return sorted(costs, key=key)

    def grown(self, start: Layers, ranked: Sequence[str], *, surely: bool, fewest: int = 0) -> int:
        """How many of the ranked layers can join, by bisection on growing groups; `fewest` are known to fit."""
        low, high = fewest, len(ranked) + 1
        while high - low > 1:
            # The full group first: where everything can be averaged one measurement says so.
            middle = len(ranked) if high > len(ranked) else (low + high) // 2
            (rise,) = self.rises([start | set(ranked[:middle])])
            low, high = (middle, high) if self.fits(rise, surely=surely) else (low, middle)
        return low

    def filled(self, start: Layers, candidates: Sequence[str], *, surely: bool) -> list[Layers]:
        """Nested sets from `start` to one that none of the candidates can join, each of one layer more."""
        sets = [start]
        while candidates:
            here = sets[-1]
            base = self.rises([here])[0].value
            found = dict(zip(candidates, self.rises([here | {label} for label in candidates]), strict=True))
            costs = {label: rise.value - base for label, rise in found.items() if self.fits(rise, surely=surely)}
            ranked = self.ranked(costs)
            count = self.grown(here, ranked, surely=surely, fewest=min(1, len(ranked)))
            sets += [here | set(ranked[:number]) for number in range(1, count + 1)]
            candidates = ranked[count:]
        return sets

    def exchanged(self, chosen: Layers, outside: Sequence[str]) -> Layers:
        """A set of no less worth in which one layer joined; those left that free most for their worth beside it."""
        base = self.rises([chosen])[0].value
        joined = self.rises([chosen | {label} for label in outside])
        joining = self.ranked({label: rise.value - base for label, rise in zip(outside, joined, strict=True)})
        self.rises([chosen - {other} | {label} for label in joining[:MOST_JOINING] for other in chosen])
        candidates = [self._exchange(chosen, label) for label in joining[:MOST_JOINING]]
        found = [layers for layers in candidates if layers is not None]
        fitting = [s for s, rise in zip(found, self.rises(found), strict=True) if self.fits(rise, surely=True)]
        return max(fitting, key=lambda s: (self.total(s), -self.known[s].value), default=chosen)

    def _exchange(self, chosen: Layers, label: str) -> Layers | None:
        """The layer in place of those that, by what is known of leaving one of them, cost too much beside it."""
        together = chosen | {label}
        cost = self.known[together].value
        freed = {other: cost - self.known[together - {other}].value for other in sorted(chosen)}
        left = set[str]()
        for other in reversed(self.ranked(freed)):
            if cost < self.tolerance or freed[other] <= 0:
                break
            cost -= freed[other]
            left.add(other)
        layers = together - left
        return layers if cost < self.tolerance and self.total(layers) >= self.total(chosen) else None

    def total(self, layers: Layers) -> float:
        """The worth of a set."""
        return sum(self.worth[label] for label in sorted(layers))


def select(
    worth: Mapping[str, float], tolerance: float, rises: Rises, *, start: Estimate = NO_RISE, grows_on: bool = True
) -> Selection:
    """The set of layers of most worth whose joint average costs the host less than the tolerance.

    Layers are ordered by what each costs alone for its worth. Growing groups of this order are bisected, and every
    other layer that still fits joins, judged by what it costs in this company. Then layers are exchanged: one joins and
    those leave that free most for their worth beside it, which is where interactions count. A set fits where
    the upper end of its 95 % interval is below the tolerance. Last the set grows on while the mean itself fits: a
    certificate on other examples may reach farther. Costs need not grow with the set, so nothing larger is ruled out.

    Args:
        worth: Of each layer, in layer order; at least 0.
        tolerance: In the unit of the rises.
        rises: Measures sets of layers.
        start: What no layer costs: nothing, or what others cost that were averaged before.
        grows_on: Whether sets are sought of which the mean alone fits.

    Returns:
        The set, and the nested sets about it.

    Example:
        >>> cost = {"conv": 0.001, "head": 0.5, "norm": 0.004}
        >>> found = select(dict.fromkeys(cost, 1), 0.02, lambda sets: [
        ...     Estimate.exact(sum(cost[label] for label in layers)) for layers in sets])
        >>> sorted(found.chosen)
        ['conv', 'norm']
    """
    search = _Search(worth, tolerance, rises, start)
    single = dict(zip(worth, search.rises([frozenset([label]) for label in worth]), strict=True))
    order = search.ranked({label: rise.value - start.value for label, rise in single.items()})
    group = frozenset(order[: search.grown(frozenset(), order, surely=True)])
    chosen = search.filled(group, _others(order, group), surely=True)[-1]
    for _ in range(MOST_EXCHANGES):
        outside = _others(order, chosen)
        better = search.exchanged(chosen, outside) if outside and chosen else chosen
        better = search.filled(better, _others(order, better), surely=True)[-1]
        if not search.total(better) > search.total(chosen):
            break
        chosen = better
    above = search.filled(chosen, _others(order, chosen), surely=False) if grows_on else [chosen]
    below = _stripped(chosen, [label for label in order if label in chosen])
    nested = [*below, *(s for s in above if s)]
    chain = tuple(nested[number] for number in with_falling_room(search.rises(nested), tolerance))
    return Selection(single, tuple(order), chosen, chain, search.known)


def _others(order: Sequence[str], chosen: Layers) -> list[str]:
    return [label for label in order if label not in chosen]


def _stripped(chosen: Layers, order: Sequence[str]) -> list[Layers]:
    """Smaller sets within one, the smallest first: without its costliest layer, its 3, 7, 15, ... costliest; halves."""
    sizes = []
    left = 1  # dense near the set, where little is lost; far from it a few sets serve
    while len(chosen) - left > 0:
        sizes.append(len(chosen) - left)
        left = 2 * left + 1
    while sizes and sizes[-1] > 1:
        sizes.append(sizes[-1] // 2)
    return [frozenset(order[:size]) for size in reversed(sizes)]


def with_falling_room(rises: Sequence[Estimate], tolerance: float) -> list[int]:
    """Those of nested sets that leave more room than every larger one: a smaller set that costs more serves nobody.

    Args:
        rises: What they cost, the smallest set first.
        tolerance: In the unit of the rises.

    Returns:
        Numbers of sets, from the smallest to the largest.

    Example:
        >>> with_falling_room([Estimate(cost, cost - 0.01, cost + 0.01) for cost in (0.005, 0.006, 0.002, 0.015)], 0.02)
        [2, 3]
    """
    kept: list[int] = []
    most = -math.inf
    for number, rise in reversed(list(enumerate(rises))):
        room = min(room_below(rise, tolerance), AMPLE)  # so the sets begin with the largest that has as much
        if room > most:
            kept.append(number)
            most = room
    return kept[::-1]


def room_below(rise: Estimate, tolerance: float) -> float:
    """How far a rise lies below a tolerance, in lengths of its interval's upper arm.

    Args:
        rise: With its interval.
        tolerance: In its unit.

    Returns:
        Above 1 where the upper end is below; infinite for an exact number below; negative above the tolerance.

    Example:
        >>> round(room_below(Estimate(0.01, 0.0, 0.015), 0.02), 3)
        2.0
    """
    arm, distance = rise.high - rise.value, tolerance - rise.value
    if math.isnan(distance) or math.isinf(arm):
        return -math.inf
    return distance / arm if arm > 0 else math.copysign(math.inf, distance)


def single_order_set(selection: Selection, tolerance: float) -> Layers:
    """What a table of single layers alone suggests: layers in their order while the sum of their costs fits.

    Args:
        selection: With the costs of single layers.
        tolerance: What the sum must stay below.

    Returns:
        The first layers of the order.
    """
    total, taken = 0.0, set[str]()
    for label in selection.order:
        total += selection.single[label].value
        if not total < tolerance:
            break
        taken.add(label)
    return frozenset(taken)


def greedy_set(selection: Selection, tolerance: float, rises: Rises) -> Layers:
    """One pass over the layers in their order: each stays in the set if the set still fits.

    Args:
        selection: With the order.
        tolerance: What the upper end of the set's rise must stay below.
        rises: Measures sets of layers.

    Returns:
        The set.
    """
    taken: Layers = frozenset()
    for label in selection.order:
        joined = taken | {label}
        rise = selection.rises[joined] if joined in selection.rises else rises([joined])[0]
        if rise.high < tolerance:
            taken = joined
    return taken
