"""The rows of a measurement, and the distinct networks behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from isthmus.errors import InputError
from isthmus.paths.host import Host
from isthmus.sweeps.group import MovingGroup, Sweep

if TYPE_CHECKING:
    from isthmus.paths.linear import Segment
    from isthmus.paths.point import Point


@dataclass(frozen=True)
class Refinement:
    """Points that were added to every cut about the maximum of its curve.

    Attributes:
        alphas: Where; a cut may hold one position several times.
        rows: The numbers of the points there.
    """

    alphas: Float[np.ndarray, "host moving refined"]
    rows: Int[np.ndarray, "host moving refined"]


@dataclass(frozen=True)
class DirectionRows:
    """Points along random directions, and beside them those along the averaging direction.

    Attributes:
        fractions: Parts of a step that is as long as that of averaging; 0 is the host.
        random: The number of the point at each (host, moving, draw, fraction).
        averaging: The same for the averaging direction.
    """

    fractions: tuple[float, ...]
    random: Int[np.ndarray, "host moving draw fraction"]
    averaging: Int[np.ndarray, "host moving fraction"]


@dataclass(frozen=True)
class Grid:
    """Every (host, moving, alpha) of a measurement, pointing at the network that it is.

    Rows that are one network share one point: the full midpoint from both hosts, say. Points are numbered; networks a
    and b are numbers 0 and 1.

    Attributes:
        hosts: Hosts, in order.
        groups: Moving groups, "all" first.
        alphas: The grid as given.
        num_points: How many distinct networks there are.
        rows: The number of the point at each (host, moving, alpha).
        far_ends: The same for (host, moving) at alpha 1, where baseline `cut` needs it; else None.
        refined: Further points of each cut, where the maximum of its curve was looked for.
        directions: Points along random directions, where these were asked for.
    """

    hosts: tuple[Host, ...]
    groups: tuple[MovingGroup, ...]
    alphas: tuple[float, ...]
    num_points: int
    rows: Int[np.ndarray, "host moving alpha"]
    far_ends: Int[np.ndarray, "host moving"] | None
    refined: Refinement | None = None
    directions: DirectionRows | None = None

    def cut(self, h: int, m: int) -> tuple[tuple[float, ...], Int[np.ndarray, " alphas"]]:
        """Every position of a cut that is evaluated, each once: first the grid's, then the refined ones.

        Args:
            h: Number of the host.
            m: Number of the moving group.

        Returns:
            The alphas, and the numbers of the points there.
        """
        places = dict(zip(self.alphas, self.rows[h, m].tolist(), strict=True))
        if self.refined is not None:
            places |= dict(zip(self.refined.alphas[h, m].tolist(), self.refined.rows[h, m].tolist(), strict=True))
        return tuple(places), np.array(list(places.values()), dtype=np.int64)

    def end(self, host: Host) -> int:
        """The number of a complete network among the points."""
        return 0 if host == "a" else 1


def grid_of(
    segment: "Segment", sweeps: Sequence[Sweep], hosts: Sequence[Host], alphas: Sequence[float], *, far_ends: bool
) -> "tuple[Grid, tuple[Point, ...]]":
    """Lay out a measurement.

    Args:
        segment: The two networks.
        sweeps: What is asked.
        hosts: Which networks play host.
        alphas: Positions between host and donor.
        far_ends: Whether the point at alpha = 1 of every cut is needed besides.

    Returns:
        The grid, and the distinct points that its numbers stand for.

    Raises:
        InputError: Two groups have the same label.
    """
    labels = tuple(segment.layers)
    groups = tuple(group for sweep in sweeps for group in sweep.groups(labels))
    names = [group.label for group in groups]
    # Counting is quadratic and all pairs of a large network are thousands, so only after a clash.
    twice = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    if twice:
        raise InputError(
            "unique labels of moving groups", f"{sorted(twice)} twice", "--sweep", "drop one of the sweeps"
        )
    index: dict[Point, int] = {}

    def place(host: Host, group: MovingGroup, alpha: float) -> int:
        return index.setdefault(segment.point(host, group.layers, alpha), len(index))

    index[segment.point("a", (), 0.0)] = 0
    index[segment.point("b", (), 0.0)] = 1
    rows = [[[place(host, group, alpha) for alpha in alphas] for group in groups] for host in hosts]
    ends = [[place(host, group, 1.0) for group in groups] for host in hosts] if far_ends else None
    grid = Grid(
        tuple(hosts),
        groups,
        tuple(alphas),
        len(index),
        np.array(rows, dtype=np.int64),
        None if ends is None else np.array(ends, dtype=np.int64),
    )
    return grid, tuple(index)
