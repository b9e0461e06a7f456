"""Rises with the barriers beside them: what two groups of columns, or of panels, have in common."""

from typing import TYPE_CHECKING

from isthmus.report import style
from isthmus.report.barriers.table import BarrierTable, barrier_table
from isthmus.report.values import barrier_beside, is_rise, kind_of

if TYPE_CHECKING:
    import xarray as xr


def groups_beside(result: "xr.Dataset", value: str, split: str | None) -> list[BarrierTable]:
    """What stands side by side: the rises and the barriers, or the barriers alone.

    Args:
        result: A measurement.
        value: What comes first.
        split: Which split.

    Returns:
        One table or two.
    """
    values = [value, barrier_beside(value)] if is_rise(value) else [value]
    return [barrier_table(result, name, split) for name in values]


def column_name(shown: BarrierTable, host: str, num_groups: int) -> str:
    """The words above a column.

    Args:
        shown: Its numbers.
        host: Into which host.
        num_groups: How many groups of columns there are; with one its title needs no repeating.

    Returns:
        One line or two.
    """
    if num_groups == 1:
        return f"into {host}"
    return f"{'barrier' if not is_rise(shown.value) else 'rise'}\ninto {host}"


def group_title(tables: list[BarrierTable]) -> str:
    """The title over one group of columns or two.

    Args:
        tables: The groups.

    Returns:
        Such as "Loss rise and barrier, test".
    """
    first = tables[0]
    if len(tables) == 1:
        return first.title
    return f"{first.name.capitalize()} and barrier" + (f", {first.split}" if first.split else "")


def group_axis_label(tables: list[BarrierTable]) -> str:
    """What the colours mean.

    Args:
        tables: The groups.

    Returns:
        Such as "loss (nats)".
    """
    first = tables[0]
    return first.axis_label if len(tables) == 1 else f"{kind_of(first.value)} ({first.unit})"


def beyond_words(tables: list[BarrierTable], limit: float) -> str:
    """Says which numbers lie beyond the colours.

    Args:
        tables: The groups.
        limit: Where the colours end.

    Returns:
        A line to add below.
    """
    layers = any(style.beyond([cell.estimate for cell in shown.layer_cells], limit) != "neither" for shown in tables)
    return f"\n{'some numbers lie' if layers else 'full network lies'} beyond the colours"
