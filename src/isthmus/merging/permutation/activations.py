"""Activation matching: units are alike that answer alike to the same examples."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import torch
from torch import Tensor, fx

from isthmus.data.examples import Examples
from isthmus.evaluation.batches import batch_bounds
from isthmus.evaluation.stages.export import OperatorGraph
from isthmus.merging.permutation.axes import GraphAxes
from isthmus.merging.permutation.extents import Units
from isthmus.merging.permutation.groups import Symmetry
from isthmus.merging.permutation.permuted import Permutation, home
from isthmus.merging.permutation.pieces import Piece
from isthmus.merging.permutation.running import values_inside
from isthmus.weights.state import StateDict

READERS = ("linear", "addmm", "conv", "matmul", "mm", "lstm", "gru")
REDUCING = ("mean", "sum", "amax", "adaptive_avg_pool", "adaptive_max_pool")
PASSING = ("flatten", "view", "reshape", "squeeze", "dropout")


@dataclass(frozen=True)
class Place:
    """Where units are seen: a part of an axis of a tensor inside the network.

    Attributes:
        node: What makes the tensor.
        dim: The axis.
        piece: The part of it.
    """

    node: fx.Node
    dim: int
    piece: Piece

    @property
    def free(self) -> Piece:
        """The units by themselves, in order."""
        units = tuple(one for one in self.piece.factors if not one.reason)
        return Piece(units, torch.arange(_product(units)).reshape([one.size for one in units]))

    def rows(self, value: Tensor) -> Tensor:
        """A row for each combination of units, of all that it has in a batch.

        Args:
            value: What the node made.

        Returns:
            Shape (units, numbers), in float64.
        """
        places = self.piece.places
        is_free = [not one.reason for one in self.piece.factors]
        order = sorted(range(places.ndim), key=lambda factor: not is_free[factor])
        rows = value.movedim(self.dim, 0)[places.permute(order).reshape(-1).to(value.device)]
        return rows.reshape(_product(self.free.factors), -1).double()


def _product(units: Sequence[Units]) -> int:
    return prod(one.size for one in units)


@dataclass(frozen=True)
class ActivationLikeness:
    """How alike network a and a permuted network b are: the sum of correlations of units that stand in one place.

    Attributes:
        symmetry: The groups.
        correlations: For each place where units are seen its free units, and the correlation of each of a's with
            each of b's.
    """

    symmetry: Symmetry
    correlations: tuple[tuple[Piece, Tensor], ...]

    def objective(self, permutation: Permutation, units: Units | None = None) -> float:
        """The sum of correlations.

        Args:
            permutation: Of network b.
            units: Of a group, to sum over the places that show it alone; None for all.

        Returns:
            Larger where they are more alike.
        """
        shown = self.correlations if units is None else self.showing.get(units, ())
        return float(sum(matrix[:, permutation.sources((piece,))].trace() for piece, matrix in shown))

    @cached_property
    def showing(self) -> dict[Units, list[tuple[Piece, Tensor]]]:
        """The places that show each group."""
        found: dict[Units, list[tuple[Piece, Tensor]]] = {}
        for piece, matrix in self.correlations:
            for units in dict.fromkeys(piece.factors):
                found.setdefault(units, []).append((piece, matrix))
        return found

    def gains(self, units: Sequence[Units], permutation: Permutation, without: Collection[Units] = ()) -> Tensor:
        """What each unit of b would add to the objective at each place, other groups being as they are.

        Args:
            units: Of a group; or of blocks and of what has an order of its own in each: then all combinations.
            permutation: Where the other groups are.
            without: What stands beside these doesn't count.

        Returns:
            Shape (places, units of b).
        """
        at_home = permutation
        for one in units:
            at_home = at_home.with_order(one, home(self.symmetry, one))
        size = prod(one.size for one in units)
        total = torch.zeros(size, size, dtype=torch.float64)
        for piece, matrix in self.showing.get(units[-1], ()):
            if set(units) <= set(piece.factors) and not set(without) & set(piece.factors):
                first = [piece.factors.index(one) for one in units]
                rows = piece.places.movedim(first, list(range(len(first)))).reshape(size, -1)
                moved = at_home.sources((piece,))[rows]
                total += sum(matrix[rows[:, rest]][:, moved[:, rest]] for rest in range(rows.shape[1]))
        return total


def seen_places(graph: OperatorGraph, axes: GraphAxes, symmetry: Symmetry) -> list[Place]:
    """Where to look at units: in what weights are applied to, and for units that none of it shows where they are made.

    Args:
        graph: The network.
        axes: Of its tensors.
        symmetry: Its groups.

    Returns:
        Places, in the order in which they are computed.
    """
    read = {_unreduced(one) for node in graph.calls if _is_one_of(node, READERS) for one in node.all_input_nodes}
    found: list[Place] = []
    late: list[Place] = []
    for node in graph.calls:
        places = list(_places(node, axes, symmetry))
        (found if node in read else late).extend(places)
    shown = {units for place in found for units in place.free.factors}
    for place in late:
        if not shown.issuperset(place.free.factors):
            found.append(place)
            shown.update(place.free.factors)
    return found


def _is_one_of(node: fx.Node, names: Sequence[str]) -> bool:
    return getattr(node.target, "_opname", "").startswith(tuple(names))


def _unreduced(node: fx.Node) -> fx.Node:
    """What was averaged over places, before that: one number an image tells little of a unit."""
    source = node
    while _is_one_of(source, PASSING):
        source = source.all_input_nodes[0]
    return source.all_input_nodes[0] if _is_one_of(source, REDUCING) else node


def _places(node: fx.Node, axes: GraphAxes, symmetry: Symmetry) -> Iterator[Place]:
    own = axes.values.get(node)
    value = node.meta.get("val")
    if not isinstance(own, tuple) or not isinstance(value, Tensor) or not value.is_floating_point():
        return
    try:
        pieces = [symmetry.pieces_of(extent) for extent in own]
    except TypeError:  # an axis that is another one at each place of a second one
        return
    free = [dim for dim, axis in enumerate(pieces) if any(one in symmetry.by_units for p in axis for one in p.factors)]
    if len(free) == 1:
        for piece in pieces[free[0]]:
            if any(one in symmetry.by_units for one in piece.factors):
                yield Place(node, free[0], piece)


def activation_likeness(
    graph: OperatorGraph,
    axes: GraphAxes,
    symmetry: Symmetry,
    networks: Sequence[StateDict],
    examples: Examples,
    batch_size: int,
) -> ActivationLikeness:
    """Run both networks on examples and correlate their units.

    Args:
        graph: Of both.
        axes: Of its tensors.
        symmetry: The groups.
        networks: Network a and network b, on the device, in the type to compute in.
        examples: What they answer to.
        batch_size: At most so many examples at once.

    Returns:
        Their likeness.
    """
    places = seen_places(graph, axes, symmetry)
    nodes = {place.node for place in places}
    sums = [_Sums() for _ in places]
    device = next(iter(networks[0].values())).device
    dtype = next(tensor.dtype for tensor in networks[0].values() if tensor.is_floating_point())
    for start, stop in batch_bounds(len(examples), batch_size):
        inputs, _ = examples.batch(start, stop, device, dtype)
        pair = zip(*(values_inside(graph, weights, inputs, nodes) for weights in networks), strict=True)
        for (node, value), (_, other) in pair:
            for place, total in zip(places, sums, strict=True):
                if place.node is node:
                    total.add(place.rows(value), place.rows(other))
    pairs = ((place.free, total.correlation().cpu()) for place, total in zip(places, sums, strict=True))
    return ActivationLikeness(symmetry, tuple(pairs))


class _Sums:
    """First and second moments of the units of both networks."""

    def __init__(self) -> None:
        self.count = 0
        self.parts: list[Tensor] = []

    def add(self, a: Tensor, b: Tensor) -> None:
        new = [a.sum(1), b.sum(1), a.square().sum(1), b.square().sum(1), a @ b.T]
        self.parts = [old + one for old, one in zip(self.parts, new, strict=True)] if self.parts else new
        self.count += a.shape[1]

    def correlation(self) -> Tensor:
        mean_a, mean_b, square_a, square_b, product = (part / self.count for part in self.parts)
        spread_a, spread_b = ((square - mean**2).clamp(min=0).sqrt()
                              for square, mean in ((square_a, mean_a), (square_b, mean_b)))  # fmt: skip
        scale = torch.outer(spread_a, spread_b)
        # A unit that never changes is like none.
        return torch.where(scale > 0, (product - torch.outer(mean_a, mean_b)) / scale.clamp(min=1e-300), 0.0)
