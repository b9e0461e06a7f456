"""The networks around a host, in its training subspace, the null space, at random, and towards the other network."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int

from isthmus.paths.direction import RandomDirection, RandomStep
from isthmus.paths.host import Host
from isthmus.paths.linear import Segment
from isthmus.paths.point import Direction, Point
from isthmus.questions.noise.subspace import TrainingSubspace
from isthmus.sweeps.group import MovingGroup
from isthmus.weights.made_when_read import layout_of
from isthmus.weights.state import StateDict

NoiseKind = Literal["averaging", "training", "null", "random"]
KINDS: tuple[NoiseKind, ...] = ("averaging", "training", "null", "random")
ABSENT = -1  # no point has this number, and integers have no NaN

Ways = dict[NoiseKind, list[tuple[Direction, float] | None]]


@dataclass(frozen=True)
class NoiseGrid:
    """Every (host, moving, kind, sigma, draw) of a study of noise, pointing at the network that it is.

    Attributes:
        points: The distinct networks; a and b are numbers 0 and 1.
        rows: The number of the point, -1 where there is none: an empty space, or no other network to go to.
        rank: Dimension of the training subspace of each moving group.
        null_dimension: Dimension of its null space.
    """

    points: tuple[Point, ...]
    rows: Int[np.ndarray, "host moving kind sigma draw"]
    rank: Int[np.ndarray, " moving"]
    null_dimension: Int[np.ndarray, " moving"]


def noise_grid(
    segment: Segment,
    groups: Sequence[MovingGroup],
    hosts: Sequence[Host],
    snapshots: Collection[StateDict],
    lengths: Float[np.ndarray, "moving sigma"],
    alphas: Float[np.ndarray, "moving sigma"],
    draws: Sequence[RandomDirection],
) -> NoiseGrid:
    """Lay out the networks at some distances from the hosts.

    A network is the host W plus sigma times a unit vector of the moving layers' parameters, of one of four kinds:
    Gaussian noise in the span of those layers' own snapshots (`training`) or orthogonal to it (`null`), isotropic
    Gaussian noise (`random`), all three from one Gaussian a draw; or the direction of the donor (`averaging`), which is
    the segment itself at alpha = sigma / |d|, so that both hosts meet half way in the same point, buffers included.
    Noise leaves buffers alone. A line is the same at every sigma and for both hosts.

    Args:
        segment: The two networks.
        groups: Layers that move together.
        hosts: Which networks are left.
        snapshots: Of both trainings, under the model's keys.
        lengths: sigma as a length in weight space.
        alphas: sigma / |d|; NaN where the networks do not differ.
        draws: One Gaussian each.

    Returns:
        The grid.
    """
    index: dict[Point, int] = {segment.point("a", (), 0.0): 0}
    # Two equal networks are one point.
    index.setdefault(segment.point("b", (), 0.0), 1)
    rows = np.full((len(hosts), len(groups), len(KINDS), lengths.shape[1], len(draws)), ABSENT, dtype=np.int64)
    rank, null_dimension = (np.zeros(len(groups), dtype=np.int64) for _ in range(2))
    for m, group in enumerate(groups):
        subspace = TrainingSubspace.of(snapshots, segment.parameters(group.layers))
        rank[m], null_dimension[m] = subspace.rank, subspace.null_dimension
        ways = _ways(segment, group, subspace, draws)
        for h, host in enumerate(hosts):
            for s, (length, alpha) in enumerate(zip(lengths[m], alphas[m], strict=True)):
                if not np.isnan(alpha):
                    point = segment.point(host, group.layers, float(alpha))
                    rows[h, m, KINDS.index("averaging"), s] = index.setdefault(point, len(index))
                for kind, of_draws in ways.items():
                    for k, way in enumerate(of_draws):
                        if way is not None:
                            point = segment.displaced(host, group.layers, way[0], float(length) * way[1])
                            rows[h, m, KINDS.index(kind), s, k] = index.setdefault(point, len(index))
    return NoiseGrid(tuple(index), rows, rank, null_dimension)


def _ways(segment: Segment, group: MovingGroup, subspace: TrainingSubspace, draws: Iterable[RandomDirection]) -> Ways:
    """For every kind of noise and every draw the direction, and the scale that makes it one unit long."""
    ways: Ways = {"training": [], "null": [], "random": []}
    dtype = torch.float64 if any(t.dtype == torch.float64 for t in layout_of(segment.first).values()) else torch.float32
    for draw in draws:
        for space in ("training", "null"):
            noise = subspace.noise(space, draw, dtype)
            ways[space].append(None if noise is None else (noise, 1.0))
        scale = RandomStep.of_length(1.0, draw, segment, group.layers).scale
        ways["random"].append((draw, scale) if scale else None)
    return ways
