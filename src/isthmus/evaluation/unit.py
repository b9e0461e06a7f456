"""Per-example results of some points on a run of examples: what engines return."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.paths.point import Point

Unit = tuple[int, int]
"""A work unit by its first point and its first example."""


@dataclass(frozen=True)
class ExampleBlock:
    """A work unit that is done: losses and errors of some points on consecutive examples.

    Attributes:
        points: Their numbers among the points of the measurement.
        start: The first example; the block spans `loss.shape[1]` examples.
        loss: Loss of each point on each example.
        error: Whether each is wrong, or which fraction of its tokens; None where there are no classes.
    """

    points: tuple[int, ...]
    start: int
    loss: Float[np.ndarray, "points examples"]
    error: Bool[np.ndarray, "points examples"] | Float[np.ndarray, "points examples"] | None


@runtime_checkable
class Engine(Protocol):
    """A way to evaluate points. Every engine gives the numbers of `direct`."""

    def units(self, points: "Sequence[Point]", examples: "Examples") -> Iterator[Unit]:
        """The units that points and examples make.

        Args:
            points: Distinct networks.
            examples: Any.
        """

    def evaluated(self, points: "Sequence[Point]", examples: "Examples") -> Callable[[Unit], ExampleBlock]:
        """What evaluates one unit after the other, whichever they are.

        Args:
            points: Distinct networks.
            examples: On the engine's device.
        """

    def blocks(
        self, points: "Sequence[Point]", examples: "Examples", done: set[tuple[int, int]]
    ) -> Iterator[ExampleBlock]:
        """Evaluate points on examples, unit by unit, in an order that depends on the arguments alone.

        Args:
            points: Distinct networks.
            examples: On the engine's device.
            done: Units that need not be computed again: (first point, first example) of their blocks.
        """


def blocks_of(
    engine: Engine, points: "Sequence[Point]", examples: "Examples", done: set[Unit]
) -> Iterator[ExampleBlock]:
    """The units of an engine one after the other.

    Args:
        engine: Evaluates them.
        points: Distinct networks.
        examples: On the engine's device.
        done: Units to leave out.

    Yields:
        One block a unit.
    """
    evaluated = engine.evaluated(points, examples)
    for unit in engine.units(points, examples):
        if unit not in done:
            yield evaluated(unit)
