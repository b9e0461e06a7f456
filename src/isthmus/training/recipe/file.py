"""Recipes on disk: one TOML file for one network, or for several that differ in a few settings.

What stands at the top holds for every network; each `[[network]]` table has a name and what is different:

    model = "resnet18_no_norm:width=16"
    data = "cifar10:train[0:3000]"
    length = "40ep"
    batch_size = 64
    optimizer = { name = "sgd", learning_rate = 0.05, momentum = 0.9 }

    [[network]]
    name = "a"

    [[network]]
    name = "b"
    seeds = { order = 1 }
    spawn = { network = "a", at = "24ep" }
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from isthmus.errors import InputError, UnknownNameError
from isthmus.gate.texts import read_toml
from isthmus.training.recipe.augmentation_settings import Augmentation
from isthmus.training.recipe.messages import Fields, message_of
from isthmus.training.recipe.optimizer_settings import Optimizer
from isthmus.training.recipe.recipe import NetworkRecipe, Spawn
from isthmus.training.recipe.schedule import Schedule
from isthmus.training.seeds import Seeds

TRAINING_KINDS: dict[str, dict[str, type[BaseModel]]] = {
    field: {kind.model_fields["name"].default: kind for kind in get_args(union)}
    for field, union in (("optimizer", Optimizer), ("schedule", Schedule), ("augmentations", Augmentation))
}
"""The tables of a training's recipe that have a `name`, and what each name means."""

FIELDS = Fields(NetworkRecipe, TRAINING_KINDS, {"seeds": Seeds, "spawn": Spawn})


def load_recipes(file: Path) -> list[NetworkRecipe]:
    """The trainings that a TOML file describes.

    A `[[network]]` table overrides single entries of the tables at the top, and the whole table where it gives it
    another `name` (another optimizer, say); a list is replaced as a whole.

    Args:
        file: The recipe.

    Returns:
        One recipe for each network, in the order of the file; one, named "a", without any `[[network]]`.

    Raises:
        InputError: The file is not there or no TOML, a field is unknown, missing or out of range, two networks share a
            name, or a network is spawned from one that is not above it, of another model, or with another rule.
    """
    shared = table_in(file)
    tables = shared.pop("network", [{}])
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise InputError("[[network]] tables", repr(tables), f"network in {file.name}", "write [[network]] above each")
    recipes: list[NetworkRecipe] = []
    for table in tables:
        name = f" of network {table['name']!r}" if "name" in table else ""
        recipe = recipe_of(merge_tables(shared, table), f"{name} in {file.name}")
        if recipe.name in {other.name for other in recipes}:
            raise InputError("a name for each network", f"{recipe.name!r} twice", file.name, "rename one of the two")
        _refuse_unfit_spawn(recipe, recipes, file.name)
        recipes.append(recipe)
    return recipes


def merge_tables(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The settings at the top with those of one network over them.

    Args:
        shared: Tables and values.
        own: What is different.

    Returns:
        A table of its own; tables within are merged in the same way unless they have different names.

    Example:
        >>> merge_tables({"seeds": {"order": 0, "augmentation": 5}, "length": "1ep"}, {"seeds": {"order": 1}})
        {'seeds': {'order': 1, 'augmentation': 5}, 'length': '1ep'}
    """
    result = dict(shared)
    for key, value in own.items():
        below = result.get(key)
        if (
            isinstance(value, dict)
            and isinstance(below, dict)
            and value.get("name", below.get("name")) == below.get("name")
        ):
            result[key] = merge_tables(below, value)
        else:
            result[key] = value
    return result


def recipe_of(table: Mapping[str, Any], where: str) -> NetworkRecipe:
    """The recipe in a table.

    Args:
        table: Fields by name.
        where: What follows the field's name in a message, such as " in recipe.toml".

    Returns:
        The recipe.

    Raises:
        InputError: A field is unknown, missing or out of range; the message names it.
    """
    try:
        return NetworkRecipe.model_validate(table)
    except OSError as error:  # of a text that can be no path: too long
        raise InputError("settings", str(error)[:200], where.strip(), "correct it there") from error
    except ValidationError as error:
        told: InputError = message_of(error, where, FIELDS)
        raise told from error


def table_in(file: Path) -> dict[str, Any]:
    """What a TOML file says.

    Args:
        file: The recipe.

    Returns:
        Values and tables by name.

    Raises:
        InputError: The file is not there or no TOML.
    """
    try:
        return read_toml(file)
    except OSError as error:
        raise InputError(
            "a recipe: a TOML file", error.strerror or str(error), str(file), "correct the path"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("a recipe in TOML", str(error), file.name, "correct it there; put text in quotes") from error


def _refuse_unfit_spawn(recipe: NetworkRecipe, above: list[NetworkRecipe], file: str) -> None:
    if recipe.spawn is None:
        return
    where = f"spawn of network {recipe.name!r} in {file}"
    parents = {other.name: other for other in above}
    if recipe.spawn.network not in parents:
        raise UnknownNameError(
            "a network above this one", recipe.spawn.network, parents, where, "put the other network first"
        )
    parent = parents[recipe.spawn.network]
    for what, own, other in (
        ("model", recipe.model, parent.model),
        ("optimizer", recipe.optimizer.name, parent.optimizer.name),
        ("dtype", recipe.dtype, parent.dtype),
    ):
        if own != other:
            raise InputError(
                f"the {what} of network {parent.name!r}, {other}", own, where, "the two share weights and momentum"
            )
    for step, name in ((parent.length, parent.name), (recipe.length, recipe.name)):
        if step.unit == recipe.spawn.at.unit and recipe.spawn.at.count >= step.count:
            raise InputError(
                f"a step before the end of network {name!r}, {step}",
                str(recipe.spawn.at),
                where,
                "split the networks earlier",
            )
