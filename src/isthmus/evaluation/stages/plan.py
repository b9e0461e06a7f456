"""Which stages to run for a set of points, in which order, and what to keep: the tree of their common prefixes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from isthmus.paths.point import Point


@dataclass(frozen=True)
class Stretch:
    """The part of a point's forward pass that the points before it have not run.

    Attributes:
        point: Number of the point.
        start: The first stage to run; as many as there are stages if the point before it gives the same numbers.
        kept: Stages, in increasing order, whose incoming values a later stretch starts from.
    """

    point: int
    start: int
    kept: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """A depth-first walk over the tree of common prefixes.

    Two points share the values before a stage when every earlier stage reads the same versions of its layers. Among the
    branches that leave one node the walk takes the one that needs most memory last, when the node's own values are no
    longer kept; so a sweep of single layers keeps the values of two nodes, however many layers it has.

    Attributes:
        order: Numbers of the points in the order of the walk.
        starts: For each point of the walk, the first stage that runs.
        runs: How often each stage runs.
        held: The most that is held at once, in the unit of the sizes that the plan was made with.
    """

    order: Int[np.ndarray, " points"]
    starts: Int[np.ndarray, " points"]
    runs: Int[np.ndarray, " stages"]
    held: int

    def walk(self) -> Iterator[Stretch]:
        """The walk.

        Yields:
            One stretch a point.
        """
        kept: list[tuple[int, ...]] = []
        later: tuple[int, ...] = ()
        # From the end: what a stretch must keep is where later ones start, up to the next that starts before it.
        for start in self.starts[::-1].tolist():
            kept.append(later)
            later = (*(stage for stage in later if stage < start), start)
        for point, start, stages in zip(self.order.tolist(), self.starts.tolist(), reversed(kept), strict=True):
            yield Stretch(point, start, tuple(stage for stage in stages if stage < len(self.runs)))


def plan_of(
    points: Sequence[Point],
    layers: Sequence[str],
    reads: Sequence[Sequence[str]],
    sizes: Sequence[int] | None = None,
) -> Plan:
    """Plan the evaluation of points, from whatever sweeps, hosts and alphas they come.

    Args:
        points: At least one.
        layers: Labels of the layers, in the order of the points' versions.
        reads: For each stage, the labels of the layers whose weights it reads.
        sizes: What the values hold that are live before each stage and after the last (bytes, say); one each if left
            out.

    Returns:
        The walk that runs every (stage, incoming values, version) once.
    """
    versions, counts = _numbered(points)
    place = {label: number for number, label in enumerate(layers)}
    nodes = [np.zeros(len(points), dtype=np.int64)]
    for labels in reads:
        node = nodes[-1]
        for column in (place[label] for label in labels):
            # Two numbers as one, then numbered anew: equal exactly if all versions read so far are equal.
            node = np.unique(node * counts[column] + versions[:, column], return_inverse=True)[1]
        nodes.append(node)
    needs = _needs(nodes, sizes or [1] * len(nodes))
    order = np.argsort(_ranks(nodes, needs), kind="stable")
    # Neighbours in the walk share the stages before the first depth at which their nodes differ.
    walked = np.stack(nodes[1:])[:, order]
    starts = np.concatenate([[0], (walked[:, 1:] == walked[:, :-1]).sum(axis=0)])
    return Plan(order, starts, walked.max(axis=1) + 1, int(needs[0][0]))


def _numbered(points: Sequence[Point]) -> tuple[Int[np.ndarray, "points layers"], list[int]]:
    """The versions of each layer as numbers from 0, and how many there are."""
    columns, counts = [], []
    for versions in zip(*(point.versions for point in points), strict=True):
        number: dict[object, int] = {}
        columns.append([number.setdefault(version, len(number)) for version in versions])
        counts.append(len(number))
    return np.array(columns, dtype=np.int64).reshape(len(counts), len(points)).T, counts


def _needs(nodes: Sequence[Int[np.ndarray, " points"]], sizes: Sequence[int]) -> list[Int[np.ndarray, "..."]]:
    """For every node at every depth, the most that is held at once from there on, the neediest child coming last."""
    # While a child other than the last is walked, the node's own values are held beside what that child needs.
    needs = [np.full(nodes[-1].max() + 1, sizes[-1], dtype=np.int64)]
    for depth in reversed(range(len(nodes) - 1)):
        of_child = needs[-1]
        parent = np.empty(len(of_child), dtype=np.int64)
        parent[nodes[depth + 1]] = nodes[depth]
        by_need = np.lexsort((of_child, parent))
        parent, of_child = parent[by_need], of_child[by_need]
        # Sorted by parent and need, the last child of each parent is the neediest.
        is_last = np.append(parent[1:] != parent[:-1], True)
        need = np.full(nodes[depth].max() + 1, sizes[depth] + sizes[depth + 1], dtype=np.int64)
        np.maximum.at(need, parent, of_child + np.where(is_last, 0, sizes[depth]))
        needs.append(need)
    return needs[::-1]


def _ranks(
    nodes: Sequence[Int[np.ndarray, " points"]], needs: Sequence[Int[np.ndarray, "..."]]
) -> Int[np.ndarray, " points"]:
    """The place of each point in the walk: siblings by what they need, then by their first point."""
    rank = nodes[0]
    for node, need in zip(nodes[1:], needs[1:], strict=True):
        first = np.unique(node, return_index=True)[1]
        by_rank = np.lexsort((first, need, rank[first]))
        position = np.empty(len(by_rank), dtype=np.int64)
        position[by_rank] = np.arange(len(by_rank))
        rank = position[node]
    return rank
