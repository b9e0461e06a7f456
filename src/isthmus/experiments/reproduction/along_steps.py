"""Criteria on a whole training rather than on its end."""

from dataclasses import replace
from typing import TYPE_CHECKING

from isthmus.experiments.reproduction import barriers
from isthmus.experiments.reproduction.criterion import SMALL, Criterion, Estimate, at_most, largest
from isthmus.report.barrier_table import labels

if TYPE_CHECKING:
    import xarray as xr


def largest_at_any_step(result: "xr.Dataset", split: str | None = None, value: str = "loss_barrier") -> Estimate:
    """The largest barrier of a single layer that is seen at any step, in any pair, into any host.

    Args:
        result: Over step, and perhaps over pair, with single layers.
        split: Which split, where there are several.
        value: `"loss_barrier"`, or `"error_barrier"` as a fraction.

    Returns:
        The estimate, saying where and when.
    """
    return largest(
        replace(estimate, where=f"{estimate.where}, {step}")
        for number, step in enumerate(labels(result, "step"))
        for estimate in barriers.layer_barriers(result.isel(step=number), split, value)
    )


def never_criterion(result: "xr.Dataset", split: str, words: str, *, essential: bool) -> Criterion:
    """The condition that no single layer has a barrier of the loss at any step.

    Args:
        result: Over step, with single layers.
        split: Which split.
        words: What it is, such as "training text".
        essential: Whether the claim falls with it.

    Returns:
        The criterion.
    """
    statement = f"largest loss barrier of a single layer on {words} at any step"
    return at_most(statement, largest_at_any_step(result, split), SMALL, "nats", essential=essential)
