"""The rows of a measurement, as `run.json` holds them."""

from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from isthmus.paths.host import Host
from isthmus.sweeps.grid import DirectionRows, Grid, Refinement
from isthmus.sweeps.group import MovingGroup

Position = Annotated[float, Field(allow_inf_nan=False)]
"""A finite number."""


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

    alphas: list[list[list[Position]]]
    rows: list[list[list[int]]]


class DirectionRecord(Part):
    """Point numbers by (host, moving, draw, fraction) and (host, moving, fraction)."""

    fractions: tuple[Position, ...]
    random: list[list[list[list[int]]]]
    averaging: list[list[list[int]]]


class GridRecord(Part):
    """The rows, as point numbers by (host, moving, alpha); `examples/` holds results by point number."""

    hosts: tuple[Host, ...]
    groups: tuple[GroupRecord, ...]
    alphas: tuple[Position, ...]
    num_points: int
    rows: list[list[list[int]]]
    far_ends: list[list[int]] | None
    refined: RefinementRecord | None = None
    directions: DirectionRecord | None = None

    @model_validator(mode="after")
    def _points_are_there(self) -> Self:
        grid = self.grid()
        numbers = [grid.rows] if grid.far_ends is None else [grid.rows, grid.far_ends]
        numbers += [grid.refined.rows] if grid.refined else []
        numbers += [grid.directions.random, grid.directions.averaging] if grid.directions else []
        for part in numbers:
            if part.size and not 0 <= part.min() <= part.max() < self.num_points:
                raise ValueError(f"points {part.min()} to {part.max()} of {self.num_points}")
        return self

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
            hosts=self.hosts,
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
