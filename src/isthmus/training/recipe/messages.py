"""What is said of a recipe that pydantic refuses: the field by its path, and what it should have been."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from isthmus.errors import InputError, UnknownNameError

UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}


@dataclass(frozen=True)
class Fields:
    """How the tables of a recipe hang together.

    Attributes:
        root: The recipe's class.
        kinds: Field -> the classes that the `name` in its table chooses from.
        parts: Field -> the class of its table.
    """

    root: type[BaseModel]
    kinds: Mapping[str, Mapping[str, type[BaseModel]]]
    parts: Mapping[str, type] = field(default_factory=dict)


def message_of(error: ValidationError, where: str, fields: Fields) -> InputError:
    """The first thing that is wrong.

    Args:
        error: Of pydantic.
        where: What follows the field's name in a message, such as " in recipe.toml".
        fields: Of the recipe.

    Returns:
        An error that names the field.
    """
    unknown = [one for one in error.errors() if one["type"] in UNKNOWN]  # a misspelt field is missing as well
    return _told((unknown or error.errors())[0], where, fields)


def _told(error: ErrorDetails, where: str, fields: Fields) -> InputError:
    kind, path = _place(error["loc"], fields)
    place = f"{path or 'the recipe'}{where}"
    context = error.get("ctx", {})
    match error["type"]:
        case kind_of_error if kind_of_error in UNKNOWN:
            known = list(kind.model_fields) if issubclass(kind, BaseModel) else list(kind.__annotations__)
            return UnknownNameError("a field of the recipe", str(error["loc"][-1]), known, place)
        case "union_tag_invalid":
            known = [name.strip(" '") for name in str(context["expected_tags"]).split(",")]
            return UnknownNameError("a name", str(context["tag"]), known, place)
        case "missing":
            return InputError("a value", "none", place, "write it in the recipe")
        case "union_tag_not_found":
            return InputError("a table with a name", repr(error["input"]), place, 'write { name = "...", ... }')
    cause = context.get("error")
    if isinstance(cause, InputError):
        return InputError(cause.expected, cause.got, place, cause.remedy)
    expected = str(context.get("expected", error["msg"])).removeprefix("Value error, ")
    got = textwrap.shorten(repr(error["input"]), 100) if error["loc"] else "settings that don't go together"
    return InputError(expected.removeprefix("Input should be "), got, place, "choose a value that is expected")


def _place(location: tuple[int | str, ...], fields: Fields) -> tuple[type, str]:
    """The class that the field at a location belongs to, and the path to it as one would write it."""
    kind: type = fields.root
    shown: list[str] = []
    names: Mapping[str, type[BaseModel]] = {}
    for part in location:
        if part in names:  # pydantic names the chosen member of a union within the path
            kind = names[str(part)]
            continue
        if kind is fields.root and part in fields.kinds:
            names = fields.kinds[str(part)]
        elif part in fields.parts:
            kind = fields.parts[str(part)]
        shown.append(str(part) if isinstance(part, str) else f"{part + 1}")
    return kind, ".".join(part for part in shown if not part.startswith("function-"))
