"""Several networks side by side, stage by stage and batch by batch, observed at the end of every stage."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.evaluation.batches import BatchSize, batch_bounds
from isthmus.evaluation.network import Network
from isthmus.evaluation.stages.blends import LayerBlends
from isthmus.evaluation.stages.stages import Stage, StagedNetwork
from isthmus.paths.linear import Segment
from isthmus.paths.point import Point
from isthmus.weights.state import StateDict


@runtime_checkable
class StageObserver(Protocol):
    """Sees what the networks hand on at the end of a stage, all of them at once.

    A batch that ran out of memory comes again in smaller pieces, so what is kept of an example is overwritten.
    """

    def stage_end(self, number: int, start: int, stop: int, values: Sequence[Mapping[str, Any]]) -> None:
        """Look at the end of a stage.

        Args:
            number: Of the stage, from 0.
            start: The first example of the batch.
            stop: One past its last example.
            values: For each network the values that the stage has newly made and hands on (its `writes`), by name; not
                to be changed.
        """


@dataclass(frozen=True)
class Lockstep:
    """Networks between a and b that run side by side.

    Attributes:
        network: The model and arithmetic.
        segment: Where the weights of a point come from, on the network's device.
        staged: The model cut into stages; a network that cannot be cut is a single one.
        batch_size: Examples at once, of each network.
    """

    network: Network
    segment: Segment
    staged: StagedNetwork
    batch_size: BatchSize

    def outputs(
        self, points: Sequence[Point], examples: Examples, observer: StageObserver, done: AbstractSet[int] = frozenset()
    ) -> Iterator[tuple[int, list[Tensor]]]:
        """Run the points on all examples; each stage gives what it gives when a point runs alone, to the bit.

        Args:
            points: Networks; they hold one set of live values each.
            examples: On the network's device.
            observer: Called once a stage and batch.
            done: The first example of every batch to leave out.

        Yields:
            For each batch the number of its first example, and the scores of every point.
        """
        blends = LayerBlends(self.segment, self.network.dtype)
        for start, stop in list(batch_bounds(len(examples), self.batch_size.size)):
            if start in done:
                continue

            def unit(size: int, start: int = start, stop: int = stop) -> list[Tensor]:
                pieces = [
                    self._walked(points, blends, examples, (start + low, start + high), observer)
                    for low, high in batch_bounds(stop - start, size)
                ]
                return [torch.cat(of_point) for of_point in zip(*pieces, strict=True)]

            yield start, self.batch_size.attempt(unit)

    def _walked(
        self,
        points: Sequence[Point],
        blends: LayerBlends,
        examples: Examples,
        bounds: tuple[int, int],
        observer: StageObserver,
    ) -> list[Tensor]:
        place = {label: number for number, label in enumerate(self.segment.layers)}
        inputs, _ = examples.batch(*bounds, self.network.device, self.network.dtype)

        def weights_of(point: Point, stage: Stage) -> StateDict:
            return blends((label, point.versions[place[label]]) for label in stage.layers)

        walks = [self.staged.walked(inputs, partial(weights_of, point)) for point in points]
        for number, side_by_side in enumerate(zip(*walks, strict=True)):
            made = [values for _, _, values in side_by_side]
            observer.stage_end(number, *bounds, made)
        return [values[self.staged.result] for values in made]
