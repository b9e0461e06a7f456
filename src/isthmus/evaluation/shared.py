"""The shared engine: computes once what points have in common."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.evaluation.batches import BatchSize, batch_bounds
from isthmus.evaluation.failures import explain_run
from isthmus.evaluation.network import BatchResult, Network
from isthmus.evaluation.stages.blends import LayerBlends
from isthmus.evaluation.stages.plan import Plan, plan_of
from isthmus.evaluation.stages.stages import StagedNetwork, Values
from isthmus.evaluation.unit import ExampleBlock, Unit, blocks_of
from isthmus.paths.linear import Segment
from isthmus.paths.point import Point
from isthmus.trees import Tree

LossesAndErrors = tuple[Tensor, Tensor | None]
BLENDS_BYTES = 2**28  # what small networks may take so that large embeddings are not blended for every batch anew
ROOM_BYTES = 2**30  # at a batch of 64 enough for all values between the stages of a network of about 4 MiB an example


@dataclass(frozen=True)
class SharedEngine:
    """All points together, batch by batch; a work unit is all points on one batch.

    Each batch walks the tree of the points' common prefixes depth first. A stage runs once for each combination of
    versions of the layers that it depends on. What it hands on is held while later points need it and there is room:
    as much as walking a chain of the same stages would take, and again as much, or `ROOM_BYTES` where that is more.

    Attributes:
        network: The model, loss and arithmetic.
        segment: Where the weights of a point come from, on the network's device.
        batch_size: Examples at once.
        staged: The same model cut into stages.
    """

    network: Network
    segment: Segment
    batch_size: BatchSize
    staged: StagedNetwork

    def units(self, points: Sequence[Point], examples: Examples) -> Iterator[Unit]:
        """A unit a batch. Their bounds are those of the first batch size, also where memory ran out.

        Args:
            points: Distinct networks.
            examples: Any.

        Yields:
            (0, first example), in the order of the examples.
        """
        del points
        for start, _ in batch_bounds(len(examples), self.batch_size.unit):
            yield 0, start

    def evaluated(self, points: Sequence[Point], examples: Examples) -> Callable[[Unit], ExampleBlock]:
        """What evaluates one unit after the other; where memory runs out, in smaller batches.

        Args:
            points: Distinct networks, at least one.
            examples: On the network's device.

        Returns:
            From a unit to its block.
        """
        plan = self.plan(points)
        blends = LayerBlends(self.segment, self.network.dtype, BLENDS_BYTES)
        numbers = tuple(range(len(points)))

        def block(unit: Unit) -> ExampleBlock:
            start, stop = unit[1], min(unit[1] + self.batch_size.unit, len(examples))
            work = partial(self._evaluated, plan, points, blends, examples.take(slice(start, stop)))
            with explain_run(f"examples {start} to {stop - 1} of {examples.name}"):
                loss, error = self.batch_size.attempt(work)
            # A batch of all points is a unit, so that little is lost where a run stops.
            return ExampleBlock(numbers, start, loss.numpy(), None if error is None else error.numpy())

        return block

    def blocks(self, points: Sequence[Point], examples: Examples, done: set[Unit]) -> Iterator[ExampleBlock]:
        """Per-example results, a batch a block.

        Args:
            points: Distinct networks, at least one.
            examples: On the network's device.
            done: Units to leave out: (0, first example).

        Returns:
            One block a batch, in the order of the examples.
        """
        return blocks_of(self, points, examples, done)

    def plan(self, points: Sequence[Point]) -> Plan:
        """What `blocks` runs for each batch.

        Args:
            points: Distinct networks, at least one.

        Returns:
            The walk.
        """
        room = ROOM_BYTES // self.batch_size.unit
        return plan_of(points, tuple(self.segment.layers), self.staged.wiring, self.staged.costs, room)

    def _evaluated(
        self, plan: Plan, points: Sequence[Point], blends: LayerBlends, examples: Examples, batch_size: int
    ) -> LossesAndErrors:
        losses, errors = [], []
        for start, stop in batch_bounds(len(examples), batch_size):
            inputs, targets = examples.batch(start, stop, self.network.device, self.network.dtype)
            results = self._walked(plan, points, blends, inputs, targets)
            # One transfer for all points: an accelerator is waited for once a batch.
            losses.append(torch.stack([result.loss for result in results]).cpu())
            errors.append([result.error for result in results if result.error is not None])
        known = [torch.stack(error).cpu() for error in errors if error]
        return torch.cat(losses, dim=1), torch.cat(known, dim=1) if known else None

    def _walked(
        self, plan: Plan, points: Sequence[Point], blends: LayerBlends, inputs: Tree, targets: Tree
    ) -> list[BatchResult]:
        """The results of all points on one batch, in the order of the points."""
        stages, place = self.staged.stages, {label: number for number, label in enumerate(self.segment.layers)}
        results: dict[int, BatchResult] = {}
        values: dict[int, Values] = {0: self.staged.entered(inputs)}
        for step in plan.steps():
            stage, versions = stages[step.stage], points[step.point].versions
            weights = blends((label, versions[place[label]]) for label in stage.layers)
            with torch.no_grad():
                values[step.value] = stage({source: values[number] for source, number in step.given.items()}, weights)
            if step.stage == len(stages) - 1:
                results[step.value] = self.network.score(values[step.value][self.staged.result], targets)
            for number in step.dropped:
                del values[number]
        return [results[number] for number in plan.values.tolist()]
