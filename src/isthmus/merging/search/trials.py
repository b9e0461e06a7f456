"""Networks between two, evaluated when they are asked for, each once and all through one engine."""

import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from isthmus.data.examples import Examples
from isthmus.evaluation.unit import Engine
from isthmus.measures.barrier import Quantity
from isthmus.measures.estimate import Estimate
from isthmus.measures.examples import ExampleTable
from isthmus.measures.intervals.paired_mean import paired_mean
from isthmus.paths.linear import Segment
from isthmus.paths.point import Point
from isthmus.runs.folder.store import ExampleStore, MemoryStore
from isthmus.runs.progress import show_progress

Layers = frozenset[str]
REACH: dict[Quantity, float | None] = {"loss": None, "error": 1.0}
"""The largest difference of one example: losses have none, errors lie in [0, 1]."""


@dataclass(frozen=True)
class Trials:
    """The networks that have been evaluated on one set of examples.

    Attributes:
        segment: The two networks; the host is a.
        engine: Evaluates points.
        examples: What they are evaluated on.
        alpha: Where the moving layers are taken.
        progress: Whether to show on a terminal how far a round is.
        store: Where the results of the next round go, with those that are there already.
        known: Per-example losses and errors by point.
    """

    segment: Segment
    engine: Engine
    examples: Examples
    alpha: float
    progress: bool = False
    store: Callable[[], ExampleStore] = lambda: MemoryStore(None)
    known: dict[Point, ExampleTable] = field(default_factory=dict)

    def point(self, layers: Collection[str]) -> Point:
        """The host with some layers averaged.

        Args:
            layers: Their labels.

        Returns:
            The point.
        """
        return self.segment.point("a", layers, self.alpha)

    def values(self, points: Sequence[Point], quantity: Quantity) -> Float[np.ndarray, "points n"]:
        """Losses or errors of some networks on every example; those not known yet are evaluated together.

        Args:
            points: The networks.
            quantity: Which of the two.

        Returns:
            One row a point, in float64.
        """
        fresh = [point for point in dict.fromkeys(points) if point not in self.known]
        if fresh:
            store = self.store()
            num_values, shows = len(fresh) * len(self.examples), self.progress and sys.stderr.isatty()
            with show_progress(len(fresh), num_values, enabled=shows) as advance:
                for block in self.engine.blocks(fresh, self.examples, store.done()):
                    store.add(block)
                    advance(self.examples.name, block.loss.size)
            table = store.table(len(fresh), len(self.examples))
            for number, point in enumerate(fresh):
                error = None if table.error is None else table.error[number : number + 1]
                self.known[point] = ExampleTable(table.loss[number : number + 1], error, None)
        return np.concatenate([self.known[point].values(quantity) for point in points]).astype(np.float64)

    def differences(self, points: Sequence[Point], quantity: Quantity) -> Float[np.ndarray, "points n"]:
        """By how much each example's loss or error rises over the host's.

        Args:
            points: The networks.
            quantity: Loss or error.

        Returns:
            One row a point.
        """
        values = self.values([self.point(()), *points], quantity)
        with np.errstate(invalid="ignore"):
            return np.asarray(values[1:] - values[0])

    def rises(self, sets: Sequence[Layers], quantity: Quantity) -> list[Estimate]:
        """What it costs the host to have sets of layers averaged, paired on the examples.

        Args:
            sets: Labels of layers.
            quantity: Loss or error.

        Returns:
            The mean rise of each set with its own 95 % interval.
        """
        differences = self.differences([self.point(layers) for layers in sets], quantity)
        return [paired_mean(row, REACH[quantity]) for row in differences]
