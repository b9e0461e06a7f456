"""What belongs to a result. A result in memory carries it; for a folder, identities are compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from isthmus.errors import InputError
from isthmus.runs.folder.measurement import Measurement

RUN_ID = "run_id"


@dataclass(frozen=True)
class InHand:
    """What a result holds on to in this process; what it does not is looked for in its run folder.

    Attributes:
        measurement: The record and the per-example results, of a measurement without a folder.
        classes: The rises and barriers of every class, of one with a folder.
        members: The members' own results by name, of a collection without a folder.
    """

    measurement: Measurement | None = None
    classes: xr.Dataset | None = None
    members: Mapping[str, xr.Dataset] = field(default_factory=dict)


class _Carrier(str):
    """The text of a `run_id`, holding on to what belongs to the result.

    xarray hands attributes on as they are, so selections and copies carry the same object, and what it holds lives as
    long as any of them. Two measurements never share one, whatever their identities. On its way through a file or to
    another process it becomes plain text.
    """

    __slots__ = ("content",)
    content: InHand

    def __copy__(self) -> "_Carrier":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Carrier":
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


def with_in_hand(result: xr.Dataset, found: InHand) -> xr.Dataset:
    """The result with what belongs to it.

    Args:
        result: With the attribute `run_id`.
        found: What it is to hold.

    Returns:
        An equal result.
    """
    carrier = _Carrier(result.attrs[RUN_ID])
    carrier.content = found
    return result.assign_attrs({RUN_ID: carrier})


def in_hand(result: xr.Dataset) -> InHand:
    """What belongs to a result.

    Args:
        result: From `with_in_hand`, or a part or a copy of it; or any other, which holds nothing.

    Returns:
        All that it holds.
    """
    return getattr(result.attrs.get(RUN_ID), "content", InHand())


def refuse_other_run(result: xr.Dataset, there: str) -> None:
    """Refuse to answer for a result from a run folder that holds another run by now.

    Args:
        result: With the attributes `run_id` and `run_folder`.
        there: The identity of the run in the folder.

    Raises:
        InputError: They differ.
    """
    own = str(result.attrs.get(RUN_ID))
    if there != own:
        raise InputError(
            f"the run {own} that gave this result",
            f"another run, {there or 'not finished yet'}",
            str(result.attrs["run_folder"]),
            "load what is there with isthmus.load_run(FOLDER), or measure again into another folder",
        )
