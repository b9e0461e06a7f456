"""Networks between two, evaluated when they are asked for, each once and all through one engine."""

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float

from isthmus.data.examples import Examples
from isthmus.evaluation.unit import Engine
from isthmus.measures.barrier import Quantity
from isthmus.measures.estimate import Estimate
from isthmus.measures.examples import ExampleTable
from isthmus.measures.intervals.paired_mean import paired_mean
from isthmus.paths.linear import Segment
from isthmus.paths.point import Point, Version
from isthmus.runs.folder.store import ExampleStore, MemoryStore
from isthmus.runs.progress import show_progress

Layers = frozenset[str]
REACH: dict[Quantity, float | None] = {"loss": None, "error": 1.0}
"""The largest difference of one example: losses have none, errors lie in [0, 1]."""


@dataclass(frozen=True)
class Trials:
    """The networks that have been evaluated on one set of examples.

    Attributes:
        segment: The two networks; layers leave a.
        engine: Evaluates points.
        examples: What they are evaluated on.
        alphas: Where each layer is taken if it moves.
        progress: Whether to show on a terminal how far a round is.
        store: Where the results of the next round go, with those that are there already.
        own_engine: Evaluates a and b themselves, where others have statistics measured anew; None for `engine`.
        host_results: Of the network that costs are over, where it is another than a; None for a.
        known: Per-example losses and errors by point.
    """

    segment: Segment
    engine: Engine
    examples: Examples
    alphas: Mapping[str, float]
    progress: bool = False
    store: Callable[[], ExampleStore] = lambda: MemoryStore(None)
    own_engine: Engine | None = None
    host_results: ExampleTable | None = None
    known: dict[Point, ExampleTable] = field(default_factory=dict)

    @cached_property
    def _ends(self) -> tuple[Point, Point]:
        return self.segment.point("a", (), 0.0), self.segment.point("b", (), 0.0)

    @cached_property
    def host(self) -> Point:
        """The network that costs are over; one of no layers stands for a network that is not of this segment."""
        if self.host_results is None:
            return self._ends[0]
        elsewhere = Point(())
        self.known[elsewhere] = self.host_results
        return elsewhere

    @cached_property
    def donor(self) -> Point:
        """Network b."""
        return self._ends[1]

    @cached_property
    def _versions(self) -> dict[str, Version]:
        places = enumerate(self.segment.layers)
        return {label: self.segment.point("a", (label,), self.alphas[label]).versions[n] for n, label in places}

    def point(self, layers: Collection[str]) -> Point:
        """The host with some layers averaged.

        Args:
            layers: Their labels.

        Returns:
            The point.
        """
        home = zip(self.segment.layers, self._ends[0].versions, strict=True)
        return Point(tuple(self._versions[label] if label in layers else own for label, own in home))

    def values(self, points: Sequence[Point], quantity: Quantity) -> Float[np.ndarray, "points n"]:
        """Losses or errors of some networks on every example; those not known yet are evaluated together.

        Args:
            points: The networks.
            quantity: Which of the two.

        Returns:
            One row a point, in float64.
        """
        fresh = [point for point in dict.fromkeys(points) if point not in self.known]
        if self.own_engine is not None:
            for point in (point for point in fresh if point in self._ends):
                self._evaluate(self.own_engine, [point])
            fresh = [point for point in fresh if point not in self.known]
        if fresh:
            self._evaluate(self.engine, fresh)
        return np.concatenate([self.known[point].values(quantity) for point in points]).astype(np.float64)

    def _evaluate(self, engine: Engine, points: Sequence[Point]) -> None:
        store, shows = self.store(), self.progress and sys.stderr.isatty()
        with show_progress(len(points), len(points) * len(self.examples), enabled=shows) as advance:
            for block in engine.blocks(points, self.examples, store.done()):
                store.add(block)
                advance(self.examples.name, block.loss.size)
        table = store.table(len(points), len(self.examples))
        for number, point in enumerate(points):
            error = None if table.error is None else table.error[number : number + 1]
            self.known[point] = ExampleTable(table.loss[number : number + 1], error, None)

    def differences(self, points: Sequence[Point], quantity: Quantity) -> Float[np.ndarray, "points n"]:
        """By how much each example's loss or error rises over the host's.

        Args:
            points: The networks.
            quantity: Loss or error.

        Returns:
            One row a point.
        """
        values = self.values([self.host, *points], quantity)
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
