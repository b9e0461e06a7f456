"""The attributes of a study that hold JSON: what stands in them, for a file may have come from a stranger."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter


class _Check(BaseModel):
    """A `SelfCheck` as it is stored: that module loads torch, which a report does not need."""

    check: str
    passed: bool
    detail: str


LISTED: Mapping[str, TypeAdapter[Any]] = {
    "self_checks": TypeAdapter(list[_Check]),
    "warnings": TypeAdapter(list[str]),
    "notes": TypeAdapter(list[str]),
    "unidentified": TypeAdapter(list[str]),
    "settings": TypeAdapter(dict[str, Any]),
}
"""Attribute -> what it holds."""


def check_attributes(attributes: Mapping[str, Any]) -> None:
    """Refuse attributes that pages could not be made of.

    Args:
        attributes: Of a study, as they are stored.

    Raises:
        pydantic.ValidationError: One holds something else than isthmus writes.
    """
    for name, kind in LISTED.items():
        if name in attributes:
            kind.validate_json(attributes[name])
