"""The tree of the points' common prefixes, and the order in which it is walked."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from isthmus.evaluation.stages.wiring import INPUTS, Wiring
from isthmus.paths.point import Point

Keys = Int[np.ndarray, " points"]
"""For each point a number from 0, equal for points that are alike in some way."""


def version_numbers(points: Sequence[Point]) -> tuple[Int[np.ndarray, "points layers"], list[int]]:
    """The versions of each layer as numbers from 0.

    Args:
        points: At least one.

    Returns:
        A column a layer, and how many versions each has.
    """
    columns, counts = [], []
    for versions in zip(*(point.versions for point in points), strict=True):
        number: dict[object, int] = {}
        columns.append([number.setdefault(version, len(number)) for version in versions])
        counts.append(len(number))
    return np.array(columns, dtype=np.int64).reshape(len(counts), len(points)).T, counts


def prefixes(
    versions: Int[np.ndarray, "points layers"], counts: Sequence[int], columns: Sequence[Sequence[int]]
) -> list[Keys]:
    """For each stage the combination of versions of the layers that it and all stages before it read.

    Args:
        versions: From `version_numbers`.
        counts: How many each layer has.
        columns: The layers that each stage reads.

    Returns:
        Numbers of the combinations.
    """
    keys = [np.zeros(len(versions), dtype=np.int64)]
    for layers in columns:
        keys.append(_combined(keys[-1], versions, counts, layers))
    return keys[1:]


def combinations(
    versions: Int[np.ndarray, "points layers"],
    counts: Sequence[int],
    columns: Sequence[Sequence[int]],
    wiring: Wiring,
) -> list[Keys]:
    """For each stage the combination of versions of the layers that it and what it reads depend on.

    Args:
        versions: From `version_numbers`.
        counts: How many each layer has.
        columns: The layers that each stage reads.
        wiring: Of the stages.

    Returns:
        Numbers of the combinations.
    """
    keys: list[Keys] = []
    for layers, sources in zip(columns, wiring.sources, strict=True):
        key = np.zeros(len(versions), dtype=np.int64)
        for source in sources:
            if source != INPUTS:
                key = _numbered(key * (keys[source].max() + 1) + keys[source])
        keys.append(_combined(key, versions, counts, layers))
    return keys


def _combined(
    key: Keys, versions: Int[np.ndarray, "points layers"], counts: Sequence[int], layers: Sequence[int]
) -> Keys:
    for layer in layers:
        # Two numbers as one, then numbered anew: equal exactly if all versions so far are equal.
        key = _numbered(key * counts[layer] + versions[:, layer])
    return key


def _numbered(key: Keys) -> Keys:
    return np.unique(key, return_inverse=True)[1]


def order_of(of_chain: Sequence[Keys], wiring: Wiring, sizes: Sequence[int], *, is_neediest_last: bool) -> Keys:
    """The order in which a walk comes to the points: depth first over the tree of their common prefixes.

    Of the branches that leave one node the one that needs most memory comes last, when the node's own values are no
    longer kept; so a sweep of single layers keeps the values of two nodes, however many layers it has. Or it comes
    first, when nothing is kept for others yet.

    Args:
        of_chain: From `prefixes`.
        wiring: Of the stages.
        sizes: Memory of the batch's tensors, and of what each stage hands on.
        is_neediest_last: Which of the two.

    Returns:
        Numbers of the points.
    """
    nodes = [np.zeros_like(of_chain[0]), *of_chain]
    needs = _needs(nodes, _live_sizes(wiring, sizes))
    rank = nodes[0]
    for node, need in zip(nodes[1:], needs[1:], strict=True):
        first = np.unique(node, return_index=True)[1]
        by_rank = np.lexsort((first, need if is_neediest_last else -need, rank[first]))
        position = np.empty(len(by_rank), dtype=np.int64)
        position[by_rank] = np.arange(len(by_rank))
        rank = position[node]
    # Stable, so that equal ranks leave one order, and one plan.
    return np.argsort(rank, kind="stable")


def _live_sizes(wiring: Wiring, sizes: Sequence[int]) -> list[int]:
    """Memory of the values that are live before each stage, and after the last."""
    last = wiring.last_readers() | {len(wiring.layers) - 1: len(wiring.layers)}
    return [
        sum(sizes[source + 1] for source in range(INPUTS, depth) if last.get(source, INPUTS) >= depth)
        for depth in range(len(wiring.layers) + 1)
    ]


def _needs(nodes: Sequence[Keys], sizes: Sequence[int]) -> list[Int[np.ndarray, "..."]]:
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
