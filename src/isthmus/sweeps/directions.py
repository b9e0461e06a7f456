"""The points along random directions, next to every barrier: is the averaging direction special?"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from isthmus.paths.direction import RandomDirection, RandomStep
from isthmus.paths.linear import Segment
from isthmus.paths.point import Point
from isthmus.sweeps.grid import DirectionRows, Grid

FRACTIONS = (0.0, 0.5, 1.0)  # half the step, where a barrier's midpoint lies, and all of it


def with_directions(
    grid: Grid, points: Sequence[Point], segment: Segment, lengths: Sequence[float], num_draws: int, seed: int
) -> tuple[Grid, tuple[Point, ...]]:
    """Add to a measurement the points along random directions.

    Every moving group takes a step along each direction, as long as its own step of averaging (`RandomStep`), by half
    and in full, from every host. Beside it stands the averaging direction: the host at alpha = fraction.

    Args:
        grid: The rows.
        points: The distinct networks behind them.
        segment: The two networks.
        lengths: Distance of the two networks in the parameters of each moving group.
        num_draws: Random directions for each group.
        seed: Of the directions.

    Returns:
        The grid with its `directions`, and all points; those that were there keep their numbers.
    """
    # Many of these points stand in the grid already, such as alpha 0.5, and are evaluated once.
    index = {point: number for number, point in enumerate(points)}
    draws = [RandomDirection(seed, draw) for draw in range(num_draws)]
    steps = [
        [RandomStep.of_length(length, direction, segment, group.layers) for direction in draws]
        for group, length in zip(grid.groups, lengths, strict=True)
    ]

    def number(point: Point) -> int:
        return index.setdefault(point, len(index))

    random = [
        [[[number(step.point(segment, host, part)) for part in FRACTIONS] for step in of_group] for of_group in steps]
        for host in grid.hosts
    ]
    averaging = [
        [[number(segment.point(host, group.layers, part)) for part in FRACTIONS] for group in grid.groups]
        for host in grid.hosts
    ]
    rows = DirectionRows(FRACTIONS, np.array(random, dtype=np.int64), np.array(averaging, dtype=np.int64))
    return replace(grid, num_points=len(index), directions=rows), tuple(index)
