"""Federated recipes on disk: a TOML file for one, or for several that differ in a few settings."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from isthmus.errors import InputError
from isthmus.federated.recipe import FederatedRecipe, Measuring
from isthmus.federated.rules.known import AnyRule
from isthmus.training.recipe.file import TRAINING_KINDS, merge_tables, table_in
from isthmus.training.recipe.messages import Fields, message_of

NAME = r"[A-Za-z0-9][\w.-]*"
RULES = {kind.model_fields["name"].default: kind for kind in get_args(AnyRule)}
FIELDS = Fields(FederatedRecipe, {**TRAINING_KINDS, "rules": RULES}, {"barriers": Measuring})


def load_federated_recipes(file: Path) -> dict[str, FederatedRecipe]:
    """The federated trainings that a TOML file describes.

    What stands at the top holds for all; each `[[federation]]` table has a name and what is different, as
    `[[network]]` in the recipe of a training.

    Args:
        file: The recipe.

    Returns:
        Settings by name; one, named "", of a file without `[[federation]]`.

    Raises:
        InputError: The file is not there or no TOML, a field is unknown, missing or out of range, or a name is not one
            of its own.
    """
    shared = table_in(file)
    tables = shared.pop("federation", None)
    if tables is None:
        return {"": _recipe_of(shared, f" in {file.name}")}
    found: dict[str, FederatedRecipe] = {}
    for table in tables:
        name = str(table.pop("name", ""))
        if not re.fullmatch(NAME, name, flags=re.ASCII) or name in found:
            got = f"{name!r} twice" if name in found else repr(name)
            where = f"name of a [[federation]] in {file.name}"
            raise InputError("a name of its own, of letters, digits, dots and dashes", got, where, "write another")
        found[name] = _recipe_of(merge_tables(shared, table), f" of federation {name!r} in {file.name}")
    return found


def load_federated_recipe(file: Path) -> FederatedRecipe:
    """The one federated training that a TOML file describes.

    Args:
        file: The recipe.

    Returns:
        Its settings.

    Raises:
        InputError: As `load_federated_recipes`, or the file describes several.
    """
    found = load_federated_recipes(file)
    if list(found) != [""]:
        remedy = "write a recipe for each"
        raise InputError("one federation", f"{len(found)} [[federation]] tables", file.name, remedy)
    return found[""]


def _recipe_of(table: Mapping[str, Any], where: str) -> FederatedRecipe:
    try:
        return FederatedRecipe.model_validate(table)
    except OSError as error:  # of a text that can be no path: too long
        raise InputError("settings", str(error)[:200], where.strip(), "correct it there") from error
    except ValidationError as error:
        told: InputError = message_of(error, where, FIELDS)
        raise told from error
