"""The learning rate as a function of the iteration.

Every schedule says which share of the peak an iteration t = 0, ..., n - 1 of n has, where an epoch has m iterations.
Those that can warm up rise in a straight line during the first w iterations, from `warmup_from` to the peak.
"""

import math
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, field_validator

from isthmus.training.steps import StepField
from isthmus.weights.step import Step

NO_STEP = Step(0, "it")
Share = Annotated[float, Field(ge=0, le=1)]


def _milestone(value: Any) -> Fraction | Step:
    if isinstance(value, Step | Fraction):
        return value
    if isinstance(value, int | float) and 0 < value < 1:
        return Fraction(str(value))  # 0.7 of 10 iterations is 7, not the 7.000000000000001 of binary fractions
    if isinstance(value, str):
        return Step.parse(value)
    raise ValueError("a fraction of the training such as 0.5, or a step such as '100ep'")


def _written(value: Fraction | Step) -> float | str:
    return str(value) if isinstance(value, Step) else float(value)


Milestone = Annotated[Fraction | Step, PlainValidator(_milestone), PlainSerializer(_written, return_type=float | str)]


class _Schedule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Warmed(_Schedule):
    """A schedule that may begin with a rise.

    Attributes:
        warmup: w, in iterations ("100it") or epochs ("5ep"); 0 starts at the peak.
        warmup_from: The learning rate that the rise begins from, one step before the first iteration.
    """

    warmup: StepField = NO_STEP
    warmup_from: float = Field(default=0.0, ge=0, allow_inf_nan=False)

    def rate(self, iteration: int, num_iterations: int, per_epoch: int, peak: float) -> float:
        """The learning rate of an iteration.

        With w warm-up iterations from the rate r and the peak p,

            r + (p - r) (t + 1) / w       for t < w,
            p share(t, w)                 after that.

        Args:
            iteration: t: mini-batches seen so far.
            num_iterations: n, the mini-batches of the whole training.
            per_epoch: m, the mini-batches of an epoch.
            peak: p, the largest learning rate.

        Returns:
            The learning rate.

        Example:
            >>> [Cosine(warmup="2it").rate(t, 4, 2, peak=1.0) for t in range(4)]
            [0.5, 1.0, 1.0, 0.5]
        """
        warmup = self.warmup.iterations(per_epoch)
        if iteration < warmup:
            # Counted from 1: the first iteration learns, and the last one of the rise has the peak.
            return self.warmup_from + (peak - self.warmup_from) * (iteration + 1) / warmup
        return peak * self.share(iteration, num_iterations, per_epoch, warmup)

    def share(self, iteration: int, num_iterations: int, per_epoch: int, warmup: int) -> float:
        """The share of the peak after the warm-up.

        Args:
            iteration: t.
            num_iterations: n.
            per_epoch: m.
            warmup: w.

        Returns:
            A number of [0, 1].
        """
        raise NotImplementedError


class Constant(_Warmed):
    """The peak, always."""

    name: Literal["constant"] = "constant"

    def share(self, iteration: int, num_iterations: int, per_epoch: int, warmup: int) -> float:  # noqa: ARG002, D102
        return 1.0


class StepDecay(_Warmed):
    """Multiplied by `factor` after every so many epochs or iterations: factor^floor(t / every).

    Attributes:
        every: The time between two decays, counted from the beginning of the training.
        factor: What each decay multiplies with.
    """

    name: Literal["step"] = "step"
    every: StepField
    factor: Share

    @field_validator("every")
    @classmethod
    def _every(cls, value: Step) -> Step:
        if not value.count:
            raise ValueError("a step above 0, such as '30ep'")
        return value

    def share(self, iteration: int, num_iterations: int, per_epoch: int, warmup: int) -> float:  # noqa: ARG002, D102
        return float(self.factor ** (iteration // self.every.iterations(per_epoch)))


class MultiStep(_Warmed):
    """Multiplied by `factor` at each milestone: factor^(number of milestones at or before t).

    Attributes:
        milestones: Fractions of the training (0.5) or steps ("100ep").
        factor: What each milestone multiplies with.
    """

    name: Literal["multi_step"] = "multi_step"
    milestones: tuple[Milestone, ...] = Field(min_length=1)
    factor: Share

    def share(self, iteration: int, num_iterations: int, per_epoch: int, warmup: int) -> float:  # noqa: ARG002, D102
        passed = 0
        for milestone in self.milestones:
            at = milestone.iterations(per_epoch) if isinstance(milestone, Step) else milestone * num_iterations
            passed += iteration >= at
        return float(self.factor**passed)


class Cosine(_Warmed):
    """Half a cosine from the peak down to `final`: final + (1 - final) (1 + cos(pi (t - w) / (n - w))) / 2.

    Attributes:
        final: Share of the peak that the last iteration comes near.
    """

    name: Literal["cosine"] = "cosine"
    final: Share = 0.0

    def share(self, iteration: int, num_iterations: int, per_epoch: int, warmup: int) -> float:  # noqa: ARG002, D102
        fraction = (iteration - warmup) / (num_iterations - warmup)
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * fraction)) / 2


class OneCycle(_Schedule):
    """Up from `initial` to the peak along half a cosine, then down to `final` along another.

    The top is reached at iteration rise n - 1, the bottom at the last: the rates of PyTorch's `OneCycleLR` with its
    cosine annealing (momentum stays as it is).

    Attributes:
        rise: Share of the training that the rise takes.
        initial: Share of the peak in the first iteration.
        final: Share of the peak in the last iteration.
    """

    name: Literal["one_cycle"] = "one_cycle"
    rise: float = Field(default=0.3, gt=0, lt=1)
    # PyTorch's defaults: the peak over 25, and that over 10,000.
    initial: Share = 0.04
    final: Share = 4e-6

    def rate(self, iteration: int, num_iterations: int, per_epoch: int, peak: float) -> float:  # noqa: ARG002
        """The learning rate of an iteration.

        Args:
            iteration: t: mini-batches seen so far.
            num_iterations: n, the mini-batches of the whole training.
            per_epoch: Not used: the cycle is a share of the training.
            peak: The largest learning rate.

        Returns:
            The learning rate.
        """
        top, bottom = self.rise * num_iterations - 1, num_iterations - 1
        if iteration <= top:
            # A rise of no iteration at all begins at the peak.
            return peak * _between(self.initial, 1.0, iteration / top if top > 0 else 1.0)
        return peak * _between(1.0, self.final, (iteration - max(top, 0.0)) / max(bottom - max(top, 0.0), 1.0))


class Cyclic(_Schedule):
    """Straight up from `low` to the peak and down again, `cycles` times over the training.

    With x the position within a cycle, from 0 to 1: low + (1 - low) * y, where y = x / rise up to x = rise and
    (1 - x) / (1 - rise) after it.

    Attributes:
        cycles: How many times.
        low: Share of the peak at both ends of a cycle.
        rise: Share of a cycle that the way up takes.
    """

    name: Literal["cyclic"] = "cyclic"
    cycles: int = Field(default=1, ge=1)
    low: Share = 0.0
    rise: float = Field(default=0.5, gt=0, lt=1)

    def rate(self, iteration: int, num_iterations: int, per_epoch: int, peak: float) -> float:  # noqa: ARG002
        """The learning rate of an iteration, taken at its middle: the first is above `low`.

        Args:
            iteration: t: mini-batches seen so far.
            num_iterations: n, the mini-batches of the whole training.
            per_epoch: Not used: a cycle is a share of the training.
            peak: The largest learning rate.

        Returns:
            The learning rate.
        """
        x = (iteration + 0.5) * self.cycles / num_iterations % 1
        height = x / self.rise if x < self.rise else (1 - x) / (1 - self.rise)
        return peak * (self.low + (1 - self.low) * height)


Schedule = Constant | StepDecay | MultiStep | Cosine | OneCycle | Cyclic


def _between(start: float, end: float, fraction: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * fraction)) / 2
