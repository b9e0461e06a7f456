"""Weight matching: the permutation under which one network's weights lie nearest to another's."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Protocol

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from isthmus.merging.permutation.extents import Units
from isthmus.merging.permutation.groups import Symmetry
from isthmus.merging.permutation.permuted import Permutation, home, random_permutation
from isthmus.merging.permutation.pieces import Piece
from isthmus.weights.state import StateDict

MOST_ROUNDS = 100
ROUNDING = 1e-12  # a rise must be more than sums in another order make


class Likeness(Protocol):
    """A number that tells how alike network a and a permuted network b are."""

    def objective(self, permutation: Permutation, units: Units | None = None) -> float:
        """The number, or that part of it that a group has to do with."""

    def gains(self, units: Sequence[Units], permutation: Permutation, without: Collection[Units] = ()) -> Tensor:
        """What each unit of b would add to it at each place, shape (places, units).

        Of several units all combinations, the last running fastest; where one of `without` stands too it doesn't count.
        """


@dataclass(frozen=True)
class Matched:
    """What a search for a permutation found.

    Attributes:
        permutation: Of network b.
        objectives: The objective at the start and after every step that was taken; it never falls.
    """

    permutation: Permutation
    objectives: tuple[float, ...]


@dataclass(frozen=True)
class WeightLikeness:
    """How alike network a and a permuted network b are: the sum of products of their weights, number by number.

    ||a - P b||² = ||a||² + ||b||² - 2 <a, P b>, so the largest sum of products is the least distance.

    Attributes:
        symmetry: The groups.
        a: Network a's permutable entries, in float64 on the processor.
        b: Network b's.
    """

    symmetry: Symmetry
    a: StateDict
    b: StateDict

    @classmethod
    def between(cls, symmetry: Symmetry, a: StateDict, b: StateDict, keys: set[str]) -> "WeightLikeness":
        """Prepare two networks.

        Args:
            symmetry: The groups.
            a: Network a.
            b: Network b.
            keys: What is compared: parameters; running statistics follow.

        Returns:
            Their likeness.
        """
        used = {member.rpartition("[")[0] for group in symmetry.groups for member in group.members} & keys
        return cls(symmetry, *({key: w[key].detach().cpu().double() for key in sorted(used)} for w in (a, b)))

    def objective(self, permutation: Permutation, units: Units | None = None) -> float:
        """The sum of products.

        Args:
            permutation: Of network b.
            units: Of a group, to sum over the entries that hold it alone; None for all.

        Returns:
            Larger where they are more alike.
        """
        keys = self.a if units is None else self.holding[units]
        return float(sum((self.a[key] * permutation.tensor(key, self.b[key])).sum() for key in keys))

    @cached_property
    def holding(self) -> dict[Units, tuple[str, ...]]:
        """The entries that hold each group."""
        found: dict[Units, dict[str, None]] = {group.units: {} for group in self.symmetry.groups}
        for key in self.a:
            for axis in self.symmetry.pieces[key]:
                for units in (one for piece in axis for one in piece.factors if one in found):
                    found[units][key] = None
        return {units: tuple(keys) for units, keys in found.items()}

    def gains(self, units: Sequence[Units], permutation: Permutation, without: Collection[Units] = ()) -> Tensor:
        """What each unit of b would add to the objective at each place, everything else being as it is.

        Args:
            units: Of a group; or of blocks and of what has an order of its own in each: then all combinations.
            permutation: Where the other groups, and these in their other axes, are.
            without: What stands beside these doesn't count.

        Returns:
            Shape (places, units of b).
        """
        size = prod(one.size for one in units)
        total = torch.zeros(size, size, dtype=torch.float64)
        at_home = permutation
        for one in units:
            at_home = at_home.with_order(one, home(self.symmetry, one))
        for key in self.holding[units[-1]]:
            a, axes = self.a[key], self.symmetry.pieces[key]
            for dim, piece in ((dim, piece) for dim, axis in enumerate(axes) for piece in axis):
                if set(units) <= set(piece.factors) and not set(without) & set(piece.factors):
                    # Of an entry that holds a group several times, one is opened and the others stay where they are.
                    others = self.b[key]
                    for other, axis in enumerate(axes):
                        sources = (at_home if other == dim else permutation).sources(axis)
                        others = others.index_select(other, sources)
                    total += _unfolded(a, dim, piece, units) @ _unfolded(others, dim, piece, units).T
        return total


def _unfolded(tensor: Tensor, dim: int, piece: Piece, units: Sequence[Units]) -> Tensor:
    """A row for each unit, of all that it has in a piece of an axis."""
    factors = [piece.factors.index(one) for one in units]
    rows = tensor.movedim(dim, 0)[piece.places.movedim(factors, list(range(len(factors)))).reshape(-1)]
    return rows.reshape(prod(one.size for one in units), -1)


def matched(
    symmetry: Symmetry,
    likeness: Likeness,
    *,
    seed: int = 0,
    starts: int = 1,
) -> Matched:
    """Improve one group after another until none improves.

    Each step gives a group the best order for all others as they are (an assignment problem), and is taken if the
    objective rises. The groups' order is drawn anew for each round. The end is a local optimum.

    Args:
        symmetry: The groups.
        likeness: What is to be as large as it can be.
        seed: Of the orders.
        starts: How often to begin: first where b is, then at random permutations. The best end counts.

    Returns:
        The best permutation found.
    """
    random = np.random.default_rng(seed)
    ends = []
    for number in range(starts):
        start = random_permutation(symmetry, int(random.integers(2**31))) if number else Permutation(symmetry, {})
        ends.append(climbed(start, likeness, random))
    return max(ends, key=lambda end: end.objectives[-1])


def climbed(permutation: Permutation, likeness: Likeness, random: np.random.Generator) -> Matched:
    """Improve one group after another until none improves, from one start.

    Args:
        permutation: Where to begin.
        likeness: What is to be as large as it can be.
        random: Draws the order of groups for each round.

    Returns:
        The local optimum that was reached.
    """
    groups = permutation.symmetry.groups
    objectives = [likeness.objective(permutation)]
    for _ in range(MOST_ROUNDS):
        before = objectives[-1]
        for number in random.permutation(len(groups)):
            units = groups[number].units
            step = _step(units, permutation, likeness)
            now, then = (likeness.objective(one, units) for one in (permutation, step))
            if then > now + ROUNDING * abs(now):
                permutation = step
                objectives.append(objectives[-1] + then - now)
        if objectives[-1] == before:
            break
    return Matched(permutation, tuple(objectives))


def _step(units: Units, permutation: Permutation, likeness: Likeness) -> Permutation:
    """The best order of a group, and of what stands in its blocks, for all others as they are."""
    inside = permutation.symmetry.inside
    if units in inside:
        blocks = permutation.order(inside[units])
        pairs = _by_block(likeness.gains((inside[units], units), permutation), len(blocks))
        return permutation.with_order(units, torch.stack([_assigned(pairs[g, h]) for g, h in enumerate(blocks)]))
    within = [one for one, base in inside.items() if base is units]
    gains = likeness.gains((units,), permutation, without=within)
    # Two blocks are as alike as the best orders of their units make them.
    best: dict[Units, list[list[Tensor]]] = {}
    for one in within:
        pairs = _by_block(likeness.gains((units, one), permutation), units.size)
        best[one] = [[_assigned(pair) for pair in row] for row in pairs]
        places = torch.arange(one.size)
        for g, row in enumerate(best[one]):
            gains[g] += torch.stack([pairs[g, h, places, order].sum() for h, order in enumerate(row)])
    blocks = _assigned(gains)
    step = permutation.with_order(units, blocks)
    for one, orders in best.items():
        step = step.with_order(one, torch.stack([orders[g][h] for g, h in enumerate(blocks)]))
    return step


def _by_block(gains: Tensor, num_blocks: int) -> Tensor:
    """Shape (blocks, blocks of b, places, units of b)."""
    size = len(gains) // num_blocks
    return gains.reshape(num_blocks, size, num_blocks, size).permute(0, 2, 1, 3)


def _assigned(gains: Tensor) -> Tensor:
    return torch.from_numpy(linear_sum_assignment(gains.numpy(), maximize=True)[1])
