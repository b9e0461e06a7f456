"""What a measurement would cost, without measuring."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.shared import SharedEngine
from isthmus.evaluation.stages.cost import plan_cost
from isthmus.runs.collection import first_member
from isthmus.runs.memory import fit_into_memory
from isthmus.runs.request.request import Request
from isthmus.runs.subject.subject import Subject, chosen_engine, examples_at_once, subject_of

NUM_PROBES = 3  # the median leaves out the first pass, which warms up


@dataclass(frozen=True)
class DryRun:
    """A measurement that was planned and not run.

    Attributes:
        num_points: Distinct networks.
        num_examples: Examples of all splits.
        engine_note: How the engine works on this network, in words.
        naive_flops: Floating-point operations of one full forward pass for each point and example.
        planned_flops: The same as planned; where no operator is counted both are 0.
        forwards: Full forward passes that the plan is worth, for each example.
        live_bytes: Memory for the values held between stages, at the batch size.
        peak_bytes: Memory at the peak beside what is loaded; 0 where it is not known (on an accelerator).
        batch_size: Examples at once.
        seconds: Time estimate, from a few forward passes of one batch on this machine as it is now.
        num_members: Of a collection, of which this is the first member alone.
    """

    num_points: int
    num_examples: int
    engine_note: str
    naive_flops: int
    planned_flops: int
    forwards: float
    live_bytes: int
    peak_bytes: int
    batch_size: int
    seconds: float
    num_members: int


def dry_run(request: Request) -> DryRun:
    """Plan a measurement and time a few forward passes.

    Args:
        request: What is asked; everything is loaded and checked as for the measurement itself.

    Returns:
        What it would cost.
    """
    request, num_members = first_member(request)
    subject = subject_of(request)
    size = BatchSize(examples_at_once(subject, request.settings))
    chosen = chosen_engine(subject, request.settings, size)
    memory = fit_into_memory(subject, chosen.engine, size)
    num_examples = sum(map(len, subject.splits.values()))
    num_points = len(subject.points)
    cost: dict[str, Any] = {"naive_flops": 0, "planned_flops": 0, "forwards": float(num_points), "live_bytes": 0}
    if isinstance(chosen.engine, SharedEngine) and chosen.engine.staged.costs is not None:
        found = plan_cost(chosen.engine.plan(subject.points), chosen.engine.staged.costs)
        cost = {
            "naive_flops": found.naive_flops * num_examples,
            "planned_flops": found.flops * num_examples,
            "forwards": found.forwards,
            "live_bytes": found.live_bytes * size.size,
        }
    seconds = _seconds_per_example(subject, size.size) * cost["forwards"] * num_examples
    return DryRun(
        num_points=num_points,
        num_examples=num_examples,
        engine_note=chosen.note,
        peak_bytes=0 if memory is None else memory.peak(size.size),
        batch_size=size.size,
        seconds=seconds,
        num_members=num_members,
        **cost,
    )


def _seconds_per_example(subject: Subject, batch_size: int) -> float:
    """The median time of one full forward pass, by example."""
    examples = next(iter(subject.splits.values()))
    stop = min(batch_size, len(examples))
    weights = subject.segment.weights(subject.points[0], subject.network.dtype)
    seconds = []
    for _ in range(NUM_PROBES):
        begun = time.perf_counter()
        inputs, targets = examples.batch(0, stop, subject.network.device, subject.network.dtype)
        # Fetched, so that the clock waits for an accelerator.
        subject.network.result(weights, inputs, targets).loss.cpu()
        seconds.append(time.perf_counter() - begun)
    return float(np.median(seconds)) / stop
