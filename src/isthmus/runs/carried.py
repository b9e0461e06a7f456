"""What belongs to a result: in memory the result carries it, in a folder their identities are compared."""

from typing import Any, TypeVar

import xarray as xr

from isthmus.errors import InputError

T = TypeVar("T")
RUN_ID = "run_id"


class _Carrier(str):
    """The text of a `run_id`, holding on to what belongs to the result.

    xarray hands attributes on as they are, so selections and copies carry the same object, and what it holds lives as
    long as any of them. Two measurements never share one, whatever their identities. On its way through a file or to
    another process it becomes plain text.
    """

    __slots__ = ("content",)
    content: object

    def __copy__(self) -> "_Carrier":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Carrier":
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


def with_content(result: xr.Dataset, content: object) -> xr.Dataset:
    """The result with what belongs to it.

    Args:
        result: With the attribute `run_id`.
        content: What to carry.

    Returns:
        An equal result.
    """
    carrier = _Carrier(result.attrs[RUN_ID])
    carrier.content = content
    return result.assign_attrs({RUN_ID: carrier})


def content_of(result: xr.Dataset, kind: type[T]) -> T | None:
    """What belongs to a result.

    Args:
        result: From `with_content`, or a part or a copy of it.
        kind: What is looked for.

    Returns:
        None if the result carries no such thing.
    """
    content = getattr(result.attrs.get(RUN_ID), "content", None)
    return content if isinstance(content, kind) else None


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
            f"the run {own} that this result is of",
            f"another run, {there or 'not finished yet'}",
            str(result.attrs["run_folder"]),
            "load what is there with isthmus.load_run(FOLDER), or measure again into another folder",
        )
