"""The shared engine: computes once what points have in common."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.evaluation.batches import BatchSize, batch_bounds
from isthmus.evaluation.failures import explain_run
from isthmus.evaluation.network import BatchResult, Network
from isthmus.evaluation.stages.blends import LayerBlends
from isthmus.evaluation.stages.plan import Plan, plan_of
from isthmus.evaluation.stages.stages import StagedNetwork
from isthmus.evaluation.unit import ExampleBlock
from isthmus.paths.linear import Segment
from isthmus.paths.point import Point
from isthmus.trees import Tree

LossesAndErrors = tuple[Tensor, Tensor | None]


@dataclass(frozen=True)
class SharedEngine:
    """All points together, batch by batch; a work unit is all points on one batch.

    Each batch walks the tree of the points' common prefixes depth first and holds the values of the current path alone,
    so memory depends on the depth of the network and not on the number of points.

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

    def blocks(self, points: Sequence[Point], examples: Examples, done: set[tuple[int, int]]) -> Iterator[ExampleBlock]:
        """Per-example results, a batch a block.

        The bounds of the blocks are those of the first batch size; where memory ran out, here or before, a block is
        computed in smaller batches.

        Args:
            points: Distinct networks, at least one.
            examples: On the network's device.
            done: Units to leave out: (0, first example).

        Yields:
            One block a batch, in the order of the examples.
        """
        plan = self.plan(points)
        numbers = tuple(range(len(points)))
        for start, stop in batch_bounds(len(examples), self.batch_size.unit):
            if (0, start) not in done:
                unit = partial(self._evaluated, plan, points, examples.take(slice(start, stop)))
                with explain_run(f"examples {start} to {stop - 1} of {examples.name}"):
                    loss, error = self.batch_size.attempt(unit)
                yield ExampleBlock(numbers, start, loss.numpy(), None if error is None else error.numpy())

    def plan(self, points: Sequence[Point]) -> Plan:
        """What `blocks` runs for each batch.

        Args:
            points: Distinct networks, at least one.

        Returns:
            The walk, ordered by the memory that live values take on one example.
        """
        sizes = self.staged.costs.live_bytes if self.staged.costs else None
        return plan_of(points, tuple(self.segment.layers), [stage.layers for stage in self.staged.stages], sizes)

    def _evaluated(self, plan: Plan, points: Sequence[Point], examples: Examples, batch_size: int) -> LossesAndErrors:
        blends = LayerBlends(self.segment, self.network.dtype)
        losses, errors = [], []
        for start, stop in batch_bounds(len(examples), batch_size):
            inputs, targets = examples.batch(start, stop, self.network.device, self.network.dtype)
            results = self._walked(plan, points, blends, inputs, targets)
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
        frames: dict[int, dict[str, Any]] = {0: self.staged.entered(inputs)}
        for stretch in plan.walk():
            if stretch.start < len(stages):
                versions = points[stretch.point].versions
                live = frames[stretch.start]
                # Before the stages run, so that what no later point starts from is free for them.
                frames = {depth: frame for depth, frame in frames.items() if depth in stretch.kept}
                for depth in range(stretch.start, len(stages)):
                    if depth in stretch.kept:
                        frames[depth] = live
                    stage = stages[depth]
                    with torch.no_grad():
                        live = stage(live, blends((label, versions[place[label]]) for label in stage.layers))
                result = self.network.score(live[self.staged.result], targets)
            # A point that starts after the last stage gives the numbers of the point before it.
            results[stretch.point] = result
        return [results[number] for number in range(len(points))]
