"""A time in training: a number of epochs or of iterations."""

import re
from dataclasses import dataclass
from typing import Literal

from isthmus.errors import InputError

StepUnit = Literal["ep", "it"]
NAMES: tuple[tuple[str, StepUnit], ...] = (
    (r"(\d+)ep", "ep"),
    (r"(\d+)it", "it"),
    (r"checkpoint-(\d+)", "it"),
    (r"(?:epoch=\d+-)?step=(\d+)", "it"),
    (r"(?:step|iter|iteration)[-_](\d+)", "it"),
    (r"epoch[-_=](\d+)", "ep"),
)
"""How trainers name checkpoints by their step."""


@dataclass(frozen=True)
class Step:
    """A time in training, written "120ep" (epochs) or "5000it" (iterations: mini-batches seen).

    Attributes:
        count: How many, from 0: the initialisation.
        unit: "ep" or "it".

    Raises:
        InputError: The count is negative, or the unit is another.

    Example:
        >>> str(Step.parse("120ep")), Step.parse("2ep").iterations(iterations_per_epoch=50)
        ('120ep', 100)
    """

    count: int
    unit: StepUnit

    def __post_init__(self) -> None:
        if self.count < 0 or self.unit not in {"ep", "it"}:
            raise InputError(*_not_a_step(f"{self.count}{self.unit}"))

    @classmethod
    def parse(cls, text: str) -> "Step":
        """The step that a text means.

        Args:
            text: Such as "120ep" or "5000it".

        Returns:
            The step.

        Raises:
            InputError: It is no step.
        """
        match = re.fullmatch(r"(\d+)(ep|it)", text)
        if match is None:
            raise InputError(*_not_a_step(text))
        return cls(int(match[1]), match[2])  # type: ignore[arg-type]

    @classmethod
    def of_name(cls, name: str) -> "Step | None":
        """The step that the name of a checkpoint means, as trainers write it.

        Args:
            name: Of a file without its ending, or of a folder.

        Returns:
            The step of "120ep", "5000it", "checkpoint-500" (transformers), "epoch=3-step=1200" (Lightning: its
            iterations), "epoch=3", "epoch_3", "step_500"; None for any other.

        Example:
            >>> [str(Step.of_name(name)) for name in ("checkpoint-500", "epoch=3-step=1200", "epoch_7")]
            ['500it', '1200it', '7ep']
        """
        for pattern, unit in NAMES:
            if match := re.fullmatch(pattern, name):
                return cls(int(match[1]), unit)
        return None

    def iterations(self, iterations_per_epoch: int | None = None) -> int:
        """The same time in iterations.

        Args:
            iterations_per_epoch: Mini-batches in an epoch; needed for epochs, other than 0.

        Returns:
            Mini-batches seen.

        Raises:
            InputError: Epochs, and their length is not known.
        """
        if self.unit == "it" or self.count == 0:
            return self.count
        if iterations_per_epoch is None:
            raise InputError(
                "steps in one unit, or the number of iterations in an epoch",
                f"'{self}' among iterations",
                "the trajectory",
                "name all checkpoints in epochs ('3ep') or all in iterations ('500it')",
            )
        return self.count * iterations_per_epoch

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


def _not_a_step(text: str) -> tuple[str, str, str, str]:
    return (
        "a step in training: epochs such as '120ep' or iterations such as '5000it'",
        repr(text),
        "the step",
        "write a whole number from 0 and the unit 'ep' or 'it'",
    )
