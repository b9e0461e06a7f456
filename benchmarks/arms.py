"""The ways to evaluate the points of a sweep that `sweep.py` compares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Subset, TensorDataset

from isthmus.data.examples import Examples
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.engines import engine_of
from isthmus.evaluation.shared import SharedEngine
from isthmus.evaluation.stages.cost import plan_cost
from isthmus.runs.subject.subject import Subject

Losses = dict[tuple[str, str], float]  # mean loss by (host, moving); the complete networks as (host, "")


@dataclass
class Arm:
    """One way to evaluate the points.

    Attributes:
        losses: From a number of images to mean losses by (host, moving).
        warm_up: Runs one network on that number of images.
        planned_flops: Floating-point operations for one image.
        preparation: Seconds of each step of preparing, by name.
    """

    losses: Callable[[int], Losses]
    warm_up: Callable[[int], object]
    planned_flops: int
    preparation: dict[str, float]


def reference_losses(
    build: Callable[[], nn.Module],
    a: dict[str, Tensor],
    b: dict[str, Tensor],
    data: TensorDataset,
    batch_size: int,
    hosts: Sequence[str],
    subject: Subject,
    num_images: int,
) -> Losses:
    """The sweep as a plain loop; of isthmus it takes the labels of layers alone."""
    images = Subset(data, range(num_images))

    def mean_loss(weights: dict[str, Tensor]) -> float:
        net = build()
        net.load_state_dict(weights)
        net.eval()
        total = 0.0
        with torch.no_grad():
            for inputs, targets in DataLoader(images, batch_size=batch_size):
                total += functional.cross_entropy(net(inputs), targets, reduction="sum").item()
        return total / num_images

    networks = {"a": a, "b": b}
    losses = {(host, ""): mean_loss(networks[host]) for host in "ab"}
    losses |= dict.fromkeys(
        ((host, "all") for host in hosts), mean_loss({key: 0.5 * a[key] + 0.5 * b[key] for key in a})
    )
    layers = subject.segment.layers
    for host in hosts:
        donor = networks["b" if host == "a" else "a"]
        for group in subject.grid.groups[1:]:
            weights = dict(networks[host])
            for layer in group.layers:
                for key in layers[layer]:
                    weights[key] = 0.5 * weights[key] + 0.5 * donor[key]
            losses[host, group.label] = mean_loss(weights)
    return losses


def normalised(examples: Examples) -> TensorDataset:
    """All examples, normalised beforehand: what a researcher's data set does for each epoch is not counted."""
    return TensorDataset(*examples.batch(0, len(examples), torch.device("cpu"), torch.float32))


def engine_arm(subject: Subject, probe_seconds: float, batch_size: int, name: str, *, compiled: bool) -> Arm:
    """An engine of isthmus, ready to run; a RuntimeError says why its stages cannot be compiled here."""
    examples = next(iter(subject.splits.values()))

    def engine(*, compiled: bool) -> tuple[Any, float]:
        begun = perf_counter()
        size = BatchSize(batch_size)
        chosen = engine_of(name, subject.network, subject.segment, examples, size, None, compiled=compiled)  # type: ignore[arg-type]
        if compiled and "not compiled" in chosen.note:
            raise RuntimeError(chosen.note)
        return chosen.engine, perf_counter() - begun

    found, seconds = engine(compiled=False)
    preparation = {"probes": probe_seconds, "export": seconds}
    if compiled:
        found, both = engine(compiled=True)
        preparation["compile"] = both - seconds

    def losses(num_images: int) -> Losses:
        blocks = found.blocks(subject.points, examples.take(slice(0, num_images)), set())
        totals = [0.0] * len(subject.points)
        for block in blocks:
            for point, loss in zip(block.points, block.loss.sum(axis=1), strict=True):
                totals[point] += float(loss) / num_images
        grid = subject.grid
        rows = {
            (host, group.label): totals[grid.rows[h, m, 0]]
            for h, host in enumerate(grid.hosts)
            for m, group in enumerate(grid.groups)
        }
        return {("a", ""): totals[0], ("b", ""): totals[1]} | rows

    def warm_up(num_images: int) -> None:
        list(found.blocks(subject.points[:1], examples.take(slice(0, num_images)), set()))

    if isinstance(found, SharedEngine):
        costs = found.staged.costs
        assert costs is not None
        return Arm(losses, warm_up, plan_cost(found.plan(subject.points), costs).flops, preparation)
    shared = engine_of("shared", subject.network, subject.segment, examples, BatchSize(batch_size), None).engine
    assert isinstance(shared, SharedEngine)
    assert shared.staged.costs is not None
    naive = plan_cost(shared.plan(subject.points), shared.staged.costs).naive_flops
    return Arm(losses, warm_up, naive, preparation)
