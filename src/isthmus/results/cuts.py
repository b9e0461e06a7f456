"""What every cut of a split costs: from all examples, or from those drawn for a precision."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from jaxtyping import Float

from isthmus.measures.barrier import Barrier, Quantity, barrier_of
from isthmus.measures.baseline import Baseline
from isthmus.measures.examples import ExampleTable, cut_differences, mean_values
from isthmus.measures.intervals.sampled_barrier import Cut, SampledCuts, sampled_barrier, sampled_error_barrier
from isthmus.measures.intervals.sampled_mean import sampled_mean, spread
from isthmus.measures.intervals.sequential import AskedPrecision, Precision
from isthmus.sweeps.grid import Grid

Rises = Float[np.ndarray, "alphas n"]


class Cuts(Protocol):
    """The estimates of one split."""

    @property
    def num_population(self) -> int | None:
        """How many examples there are to know, where intervals speak of these very examples."""

    def means(self, quantity: Quantity) -> Float[np.ndarray, "host moving alpha"]:
        """The mean at every row."""

    def barriers(self, quantity: Quantity) -> list[Barrier]:
        """The barriers, host by host."""

    def largest(self, quantity: Quantity, h: int, m: int, rises: Rises, rows: list[int]) -> Barrier:
        """The largest of the mean rises of a cut at some of its alphas."""


@dataclass(frozen=True)
class CutsOfAll:
    """Estimates from all examples.

    Attributes:
        grid: The rows.
        table: Per-example results.
        baseline: What the excess is counted from.
    """

    grid: Grid
    table: ExampleTable
    baseline: Baseline
    num_population: None = None

    def means(self, quantity: Quantity) -> Float[np.ndarray, "host moving alpha"]:
        """See `Cuts`."""
        return mean_values(self.grid, self.table, quantity)

    def barriers(self, quantity: Quantity) -> list[Barrier]:
        """See `Cuts`."""
        cuts = cut_differences(self.grid, self.table, quantity, self.baseline)
        return [barrier_of(differences, self.grid.cut(h, m)[0], quantity) for h, m, differences in cuts]

    def largest(self, quantity: Quantity, h: int, m: int, rises: Rises, rows: list[int]) -> Barrier:
        """See `Cuts`."""
        return barrier_of(rises[rows], [self.grid.cut(h, m)[0][row] for row in rows], quantity)


@dataclass(frozen=True)
class CutsOfDrawn:
    """Estimates from the examples drawn for a precision, for the mean over the whole data set.

    Losses, rises, excesses and the losses of the complete networks fit together, though these may be known on more
    examples. Error rates are those of the examples used for the cut.

    Attributes:
        grid: The rows.
        table: Per-example results in the order in which the examples were drawn.
        baseline: What the excess is counted from.
        asked: The precision.
    """

    grid: Grid
    table: ExampleTable
    baseline: Baseline
    asked: AskedPrecision

    @property
    def num_population(self) -> int:
        """N, the examples of the split."""
        assert self.table.order is not None
        return len(self.table.order)

    @cached_property
    def _precision(self) -> Precision:
        return self.asked.of_split(self.num_population, len(self.grid.hosts) * len(self.grid.groups))

    @cached_property
    def _sampled(self) -> SampledCuts:
        return SampledCuts(self.grid, self.table, self.baseline, self.num_population)

    @cached_property
    def _losses(self) -> list[Cut]:
        return [self._sampled.cut(h, m) for h, m in np.ndindex(*self.grid.rows.shape[:2])]

    def means(self, quantity: Quantity) -> Float[np.ndarray, "host moving alpha"]:
        """See `Cuts`."""
        if quantity == "error":
            return mean_values(self.grid, self.table, quantity)
        return np.array([cut.loss for cut in self._losses]).reshape(self.grid.rows.shape)

    def barriers(self, quantity: Quantity) -> list[Barrier]:
        """See `Cuts`."""
        alphas, precision = self.grid.alphas, self._precision
        if quantity == "loss":
            return [sampled_barrier(cut.excess, cut.excesses, alphas, precision) for cut in self._losses]
        cuts = cut_differences(self.grid, self.table, quantity, self.baseline)
        return [sampled_error_barrier(differences, alphas, precision) for _, _, differences in cuts]

    def largest(self, quantity: Quantity, h: int, m: int, rises: Rises, rows: list[int]) -> Barrier:
        """See `Cuts`."""
        (positions, points), chosen = self.grid.cut(h, m), rises[rows]
        alphas = [positions[row] for row in rows]
        if quantity == "error":
            return sampled_error_barrier(chosen, alphas, self._precision)
        is_host = points[rows] == self.grid.end(self.grid.hosts[h])
        of_rise = spread(chosen, self._sampled.usual_rise, is_host)
        return sampled_barrier(sampled_mean(chosen, of_rise, self.num_population), chosen, alphas, self._precision)
