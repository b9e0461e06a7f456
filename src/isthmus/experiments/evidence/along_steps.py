"""Evidence from a whole training, not only from its end."""

from dataclasses import replace
from typing import TYPE_CHECKING

from isthmus.experiments.evidence import barriers
from isthmus.experiments.evidence.located import Located, largest
from isthmus.measures.estimate import number_text
from isthmus.results.rows import in_split, labels, moving_groups, split_of
from isthmus.sweeps.group import FULL_NETWORK
from isthmus.weights.step import Step

if TYPE_CHECKING:
    import xarray as xr


def largest_at_any_step(result: "xr.Dataset", split: str | None = None, value: str = "loss_barrier") -> Located:
    """The largest barrier of a single layer that is seen at any step, in any pair, into any host.

    Args:
        result: Over step, and perhaps over pair, with single layers.
        split: Which split, where there are several.
        value: `"loss_barrier"`, or `"error_barrier"` as a fraction.

    Returns:
        The number, saying where and when.
    """
    return largest(
        replace(found, where=f"{found.where}, {step}")
        for number, step in enumerate(labels(result, "step"))
        for found in barriers.layer_barriers(result.isel(step=number), split, value)
    )


def rows_along_training(result: "xr.Dataset", split: str, small: float) -> str:
    """The full network's barrier and the largest one of a single layer step by step, and how good the networks are.

    Args:
        result: Of classifiers, over pair and step, with single layers.
        split: Which split.
        small: Nats; the layers above it are counted.

    Returns:
        A sentence in the paper's digits, of the first pair. Steps in another unit than the last one's are left out, as
        those within an epoch.
    """
    part = in_split(result.isel(pair=0), split_of(result, split))
    all_steps = [Step.parse(label) for label in labels(result, "step")]
    steps = [str(step) for step in all_steps if step.unit == all_steps[-1].unit or not step.count]
    part = part.sel(step=steps)
    full = part["loss_barrier"].sel(moving=FULL_NETWORK).max("host")
    layers = part["loss_barrier"].sel(moving=list(moving_groups(part)))
    first, most = (
        " ".join(number_text(float(value), 1) for value in row) for row in (full, layers.max(("host", "moving")))
    )
    above = int((layers.isel(step=-1).max("host") > small).sum())
    return (
        f"at {', '.join(steps)} the first row of the figure reads {first}, and the largest single layer {most} nats. "
        f"At {steps[-1]} {above} of {layers.sizes['moving']} layers are above {small:g} nats into some host, and the "
        f"two networks get {barriers.ends_wrong(part.isel(step=-1))} % wrong."
    )
