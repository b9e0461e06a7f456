"""The memory that a measurement will take at its peak, stated before it begins; the batch size follows from it."""

import warnings
from dataclasses import dataclass

from isthmus.errors import IsthmusWarning
from isthmus.evaluation.arithmetic.memory import available_bytes, fitting_batch_size, most_bytes
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.shared import BLENDS_BYTES, SharedEngine
from isthmus.evaluation.stages.cost import plan_cost
from isthmus.evaluation.unit import Engine
from isthmus.runs.subject.subject import Subject

LOSS_AND_ERROR = 2 * (4 + 1)  # bytes a value: in the units and in the table that joins them


@dataclass(frozen=True)
class MemoryPlan:
    """What a measurement takes beside what is loaded already.

    Attributes:
        fixed: Bytes whatever the batch size: blended weights, and the results of all examples.
        of_example: Bytes for each example of a batch: a forward pass, and the values held between stages.
    """

    fixed: int
    of_example: int

    def peak(self, batch_size: int) -> int:
        """Bytes at a batch size."""
        return self.fixed + batch_size * self.of_example


def memory_plan(subject: Subject, engine: Engine) -> MemoryPlan:
    """The memory of a measurement, from a forward pass of one example and one of two.

    Args:
        subject: What is measured.
        engine: Evaluates it.

    Returns:
        The plan.
    """
    network, first = subject.network, next(iter(subject.splits.values()))
    weights = subject.segment.weights(subject.points[0], network.dtype)

    def forward(count: int) -> int:
        def work() -> None:
            inputs, targets = first.batch(0, count, network.device, network.dtype)
            network.result(weights, inputs, targets)

        return most_bytes(work)

    one = forward(1)
    of_example = max(forward(2) - one, 0) if len(first) > 1 else one
    held = 0
    if isinstance(engine, SharedEngine) and engine.staged.costs is not None:
        held = plan_cost(engine.plan(subject.points), engine.staged.costs).live_bytes
    network_bytes = sum(tensor.nbytes for tensor in weights.values())
    num_values = len(subject.points) * sum(map(len, subject.splits.values()))
    fixed = max(one - of_example, 0) + max(network_bytes, BLENDS_BYTES) + network_bytes + num_values * LOSS_AND_ERROR
    return MemoryPlan(fixed, of_example + held)


def fit_into_memory(subject: Subject, engine: Engine, size: BatchSize) -> MemoryPlan | None:
    """Take a smaller batch where the one asked for would not fit into memory; on a processor, before the first unit.

    Args:
        subject: What is measured.
        engine: Evaluates it, in batches of `size`.
        size: Made smaller.

    Returns:
        The plan; None on an accelerator, which says for itself when its memory is full, and where a network does not
        run on one example alone.
    """
    if subject.network.device.type != "cpu":
        return None
    try:
        plan, room = memory_plan(subject, engine), available_bytes()
    except Exception:  # the measurement itself says what is wrong with the network, and where
        return None
    fitting = fitting_batch_size(size.size, plan.fixed, plan.of_example, room)
    if fitting < size.size and room is not None:
        text = (
            f"batches of {fitting} instead of {size.size} examples, which would take {plan.peak(size.size) / 2**20:.0f}"
            f" MiB of the {room / 2**20:.0f} MiB that are free"
        )
        warnings.warn(text, IsthmusWarning, stacklevel=3)
        size.begin_with(fitting)
    return plan
