"""Units of a result: of its loss, and in which differences are shown."""

from typing import TYPE_CHECKING

from isthmus.measures.barrier import Quantity
from isthmus.measures.estimate import PERCENTAGE_POINTS

if TYPE_CHECKING:
    import xarray as xr


def shown_unit(result: "xr.Dataset", quantity: Quantity) -> str:
    """The unit in which a difference is shown.

    Args:
        result: A measurement.
        quantity: "loss" or "error".

    Returns:
        `loss_unit`; percentage points of errors.
    """
    return PERCENTAGE_POINTS if quantity == "error" else loss_unit(result)


def loss_unit(result: "xr.Dataset") -> str:
    """The unit of the loss.

    Args:
        result: A measurement.

    Returns:
        `"nats"` for cross-entropy, `"nats per token"` where examples are windows of tokens; `"nats per label"` for
        binary cross-entropy; else words that name the loss.
    """
    loss = str(result.attrs.get("loss", "loss"))
    nats = "nats per token" if result.attrs.get("tokens_per_example") else "nats"
    known = {"cross_entropy": nats, "binary_cross_entropy": "nats per label"}
    return known.get(loss.partition(":")[0], f"unit of {loss}")
