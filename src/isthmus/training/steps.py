"""Times in a recipe: fields written as "120ep" or "5000it", and when checkpoints are due."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from isthmus.errors import InputError
from isthmus.weights.step import Step


def _step(value: Any) -> Step:
    return value if isinstance(value, Step) else Step.parse(str(value))


StepField = Annotated[Step, BeforeValidator(_step), PlainSerializer(str, return_type=str)]
"""A `Step` in a recipe, read from text and written as text."""


def checkpoint_steps(
    length: Step, chosen: Iterable[Step], every: Step | None, iterations_per_epoch: int
) -> dict[int, Step]:
    """When checkpoints are due: the initialisation, the chosen steps, every so many, and the end.

    Args:
        length: Of the training.
        chosen: Single steps.
        every: The time between two checkpoints, from the beginning; None for none.
        iterations_per_epoch: Mini-batches in an epoch.

    Returns:
        Iteration -> the step under which the checkpoint is named, in the order of time; a time that has two names
        goes by the first of: "0ep", the length, a multiple of `every`, as chosen.

    Raises:
        InputError: A chosen step lies after the end.

    Example:
        >>> steps = checkpoint_steps(Step(4, "ep"), [Step(3, "it")], Step(2, "ep"), iterations_per_epoch=10)
        >>> {iteration: str(step) for iteration, step in steps.items()}
        {0: '0ep', 3: '3it', 20: '2ep', 40: '4ep'}
    """
    end = length.iterations(iterations_per_epoch)
    named = [Step(0, "ep"), length]
    if every is not None:
        pace = every.iterations(iterations_per_epoch)
        named += [Step(every.count * k, every.unit) for k in range(1, end // pace + 1)]
    steps: dict[int, Step] = {}
    for step in (*named, *chosen):
        if step.iterations(iterations_per_epoch) > end:
            raise InputError(
                f"checkpoints within the training, which ends at {length}",
                f"{step}, with {iterations_per_epoch} iterations an epoch",
                "checkpoints",
                "leave it out, or train longer",
            )
        # Two names of one time are one checkpoint, under the first.
        steps.setdefault(step.iterations(iterations_per_epoch), step)
    return dict(sorted(steps.items()))
