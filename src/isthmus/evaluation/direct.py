"""The direct engine: one full forward pass for each point. Slow; it defines what every faster engine must return."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.evaluation.batches import BatchSize, batch_bounds
from isthmus.evaluation.failures import explain_run
from isthmus.evaluation.network import Network
from isthmus.evaluation.unit import ExampleBlock, Unit, blocks_of
from isthmus.paths.linear import Segment
from isthmus.paths.point import Point

Preparation = Callable[[dict[str, Tensor]], dict[str, Tensor]]


@dataclass(frozen=True)
class DirectEngine:
    """Points one after the other; a work unit is one point on all examples.

    Attributes:
        network: The model, loss and arithmetic.
        segment: Where the weights of a point come from, on the network's device.
        batch_size: Examples at once.
        prepared: What happens to the weights of a point before it is evaluated: nothing, or recalibration.
    """

    network: Network
    segment: Segment
    batch_size: BatchSize
    prepared: Preparation = dict

    def units(self, points: Sequence[Point], examples: Examples) -> Iterator[Unit]:
        """A unit a point.

        Args:
            points: Distinct networks.
            examples: Any.

        Yields:
            (number of the point, 0), in the order of the points.
        """
        del examples
        for number in range(len(points)):
            yield number, 0

    def evaluated(self, points: Sequence[Point], examples: Examples) -> Callable[[Unit], ExampleBlock]:
        """What evaluates one unit after the other; where memory runs out, in smaller batches.

        Args:
            points: Distinct networks.
            examples: On the network's device.

        Returns:
            From a unit to its block.
        """

        def block(unit: Unit) -> ExampleBlock:
            number, start = unit
            with explain_run(examples.name):
                weights = self.prepared(self.segment.weights(points[number], self.network.dtype))
                loss, error = self.batch_size.attempt(partial(self._evaluated, weights, examples))
            return ExampleBlock((number,), start, loss.numpy()[None], None if error is None else error.numpy()[None])

        return block

    def blocks(self, points: Sequence[Point], examples: Examples, done: set[Unit]) -> Iterator[ExampleBlock]:
        """Per-example results, a point a block.

        Args:
            points: Distinct networks.
            examples: On the network's device.
            done: Units to leave out: (number of the point, 0).

        Returns:
            One block a point, in the order of the points.
        """
        return blocks_of(self, points, examples, done)

    def _evaluated(
        self, weights: dict[str, Tensor], examples: Examples, batch_size: int
    ) -> tuple[Tensor, Tensor | None]:
        losses, errors = [], []
        for start, stop in batch_bounds(len(examples), batch_size):
            inputs, targets = examples.batch(start, stop, self.network.device, self.network.dtype)
            result = self.network.result(weights, inputs, targets)
            losses.append(result.loss.cpu())
            errors.append(None if result.error is None else result.error.cpu())
        known = [error for error in errors if error is not None]
        return torch.cat(losses), torch.cat(known) if known else None
