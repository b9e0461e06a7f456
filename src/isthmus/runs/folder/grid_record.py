"""The rows of a measurement, as `run.json` holds them."""

import numpy as np
from pydantic import BaseModel, ConfigDict

from isthmus.sweeps.grid import DirectionRows, Grid, Refinement
from isthmus.sweeps.group import MovingGroup


class Part(BaseModel):
    """A part of a record."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GroupRecord(Part):
    """A moving group."""

    label: str
    layers: tuple[str, ...]
    sweep: str


class RefinementRecord(Part):
    """Positions and point numbers by (host, moving, refined)."""

    alphas: list[list[list[float]]]
    rows: list[list[list[int]]]


class DirectionRecord(Part):
    """Point numbers by (host, moving, draw, fraction) and (host, moving, fraction)."""

    fractions: tuple[float, ...]
    random: list[list[list[list[int]]]]
    averaging: list[list[list[int]]]


class GridRecord(Part):
    """The rows, as point numbers by (host, moving, alpha); `examples/` holds results by point number."""

    hosts: tuple[str, ...]
    groups: tuple[GroupRecord, ...]
    alphas: tuple[float, ...]
    num_points: int
    rows: list[list[list[int]]]
    far_ends: list[list[int]] | None
    refined: RefinementRecord | None = None
    directions: DirectionRecord | None = None

    @classmethod
    def of(cls, grid: Grid) -> "GridRecord":
        """The record of a grid.

        Args:
            grid: What to record.

        Returns:
            Its record.
        """
        refined, directions = grid.refined, grid.directions
        return cls(
            hosts=grid.hosts,
            groups=tuple(GroupRecord(label=g.label, layers=g.layers, sweep=g.sweep) for g in grid.groups),
            alphas=grid.alphas,
            num_points=grid.num_points,
            rows=grid.rows.tolist(),
            far_ends=None if grid.far_ends is None else grid.far_ends.tolist(),
            refined=None
            if refined is None
            else RefinementRecord(alphas=refined.alphas.tolist(), rows=refined.rows.tolist()),
            directions=None
            if directions is None
            else DirectionRecord(
                fractions=directions.fractions,
                random=directions.random.tolist(),
                averaging=directions.averaging.tolist(),
            ),
        )

    def grid(self) -> Grid:
        """The grid that was recorded.

        Returns:
            An equal grid.
        """
        refined, directions = self.refined, self.directions
        return Grid(
            hosts=self.hosts,  # type: ignore[arg-type]
            groups=tuple(MovingGroup(g.label, g.layers, g.sweep) for g in self.groups),
            alphas=self.alphas,
            num_points=self.num_points,
            rows=np.array(self.rows, dtype=np.int64),
            far_ends=None if self.far_ends is None else np.array(self.far_ends, dtype=np.int64),
            refined=None
            if refined is None
            else Refinement(np.array(refined.alphas, dtype=np.float64), np.array(refined.rows, dtype=np.int64)),
            directions=None
            if directions is None
            else DirectionRows(
                directions.fractions,
                np.array(directions.random, dtype=np.int64),
                np.array(directions.averaging, dtype=np.int64),
            ),
        )
