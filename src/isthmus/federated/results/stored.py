"""What `federated.json` says of a finished training, in types: the file may have come from a stranger."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0, lt=2**63)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow")


class _Rule(_Part):
    name: str
    threshold: Number | None = None


class _Barriers(_Part):
    baseline: Literal["models", "host"] = "models"


class _Recipe(_Part):
    rounds: Count
    clients: Count
    rules: list[str | _Rule]
    barriers: _Barriers | None = None


class _Seconds(_Part):
    __pydantic_extra__: dict[str, Number]
    rule: str
    seed: Count


class _Client(_Part):
    seed: Count
    client: Count
    num_train: Count
    num_test: Count
    classes: dict[str, Count]


class _Layer(_Part):
    layer: str
    bytes: Count
    parameters: Count


class _Manifest(_Part):
    recipe: _Recipe
    hashes: dict[str, str | None]
    versions: dict[str, str]
    seconds: Annotated[list[_Seconds], Field(min_length=1)]
    clients: list[_Client]
    layers: list[_Layer]


def check_manifest(manifest: Mapping[str, Any]) -> None:
    """Refuse a manifest that tables and pages could not be made of.

    Args:
        manifest: From `federated.json`, of a finished training.

    Raises:
        pydantic.ValidationError: A value is missing, or is of another type.
    """
    _Manifest(**manifest)
