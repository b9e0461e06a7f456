"""The reference of recipes and of commands, made of the settings' models and of the command line itself.

`python examples/reference.py` writes docs/reference/recipes.md; the documentation site makes docs/reference/commands.md
by the same program each time that it is built.
"""

import dataclasses
import inspect
import re
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from isthmus.cli.main import app
from isthmus.experiments.reproduction.registry import known_claims
from isthmus.federated.recipe import FederatedRecipe, Measuring
from isthmus.federated.rules.known import AnyRule
from isthmus.training.recipe.augmentation_settings import Augmentation
from isthmus.training.recipe.optimizer_settings import Optimizer
from isthmus.training.recipe.recipe import NetworkRecipe, Spawn
from isthmus.training.recipe.schedule import Schedule
from isthmus.training.seeds import Seeds
from isthmus.weights.step import Step

RECIPES = Path(__file__).parents[1] / "docs" / "reference" / "recipes.md"
TABLES = {"optimizer": Optimizer, "schedule": Schedule, "augmentations": Augmentation, "rules": AnyRule}
"""Fields that hold a table with a `name`, and the kinds that it can name."""
PLAIN = {
    "str": "text",
    "bool": "true or false",
    "int": "whole number",
    "float": "number",
    "Fraction": "fraction",
    "Step": "step",
}


def meanings(model: type) -> dict[str, str]:
    """Field -> what the docstrings of a class and of those above it say of it."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        attributes = re.search(
            r"^Attributes:\n((?:    .*\n?|\n)*)", inspect.cleandoc(owner.__doc__ or ""), re.MULTILINE
        )
        entries = re.split(r"^    (?=\S)", attributes[1] if attributes else "", flags=re.MULTILINE)
        found |= {
            name: " ".join(text.split()) for name, _, text in (entry.partition(": ") for entry in entries) if name
        }
    return found


def type_words(kind: Any) -> str:
    """What a field takes, in words."""
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return type_words(inside[0])
    if origin is Literal:
        return ", ".join(f'"{value}"' for value in inside)
    if origin in {Union, types.UnionType}:
        is_tables = all(hasattr(part, "model_fields") for part in inside)
        return "table" if is_tables else " or ".join(type_words(part) for part in inside if part is not types.NoneType)
    if origin is tuple:
        return f"list of {type_words(inside[0])}"
    return PLAIN.get(kind.__name__, "table")


def default_words(field: FieldInfo) -> str:
    """What holds where a field is left out."""
    default = field.default
    if default is PydanticUndefined:
        return "**required**"
    if isinstance(default, Step | str):
        return f'`"{default}"`'
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if hasattr(default, "name"):
        return f'`"{default.name}"`'
    if isinstance(default, tuple):
        return f"`{[*default]}`"
    return "–" if default is None or isinstance(default, Seeds) else f"`{default}`"


def field_rows(model: Any) -> Iterator[str]:
    """A table of the fields of a model."""
    if dataclasses.is_dataclass(model):
        fields = {field.name: FieldInfo(annotation=int, default=field.default) for field in dataclasses.fields(model)}
    else:
        fields = model.model_fields
    said = meanings(model)
    rows = [(name, field) for name, field in fields.items() if name != "name" or model is NetworkRecipe]
    if rows:
        yield from ("| field | takes | default | meaning |", "|---|---|---|---|")
    for name, field in rows:
        words = said.get(name) or meanings(NetworkRecipe)[name]
        more = f" See [below](#{name})." if name in TABLES else ""
        yield f"| `{name}` | {type_words(field.annotation)} | {default_words(field)} | {words}{more} |".replace(
            "  ", " "
        )


def kinds(union: Any) -> Iterator[str]:
    """A section for each kind of a table."""
    for model in get_args(union):
        yield f"\n**`{model.model_fields['name'].default}`**: {inspect.cleandoc(model.__doc__).partition(chr(10))[0]}\n"
        yield from field_rows(model)


def recipes_page() -> str:
    """Everything that a recipe can hold."""
    parts: list[str | Iterable[str]] = [
        "# Recipes\n\nEvery field of every recipe, made of the models that check them "
        "(`python examples/reference.py`). An unknown field is refused, with the names that there are.\n\n"
        'A *step* is a time in training: `"20ep"` (epochs) or `"500it"` (mini-batches). A table that has only '
        'its `name` may be written as that name: `schedule = "constant"`.\n\n'
        "## Training\n\n`isthmus train RECIPE`. What stands at the top of the file holds for all networks; each "
        "`[[network]]` table has a `name` and what is different.\n",
        field_rows(NetworkRecipe),
        "\n### `seeds`\n\nEqual numbers give unrelated streams.\n",
        field_rows(Seeds),
        "\n### `spawn`\n\nThe network shares the beginning of another one's training.\n",
        field_rows(Spawn),
    ]
    for name in ("optimizer", "schedule", "augmentations"):
        parts += [f"\n### {name}", kinds(TABLES[name])]
    parts += [
        "\n## Federated training\n\n`isthmus federate RECIPE` ([what rounds and rules do](../federated.md)).\n",
        field_rows(FederatedRecipe),
        "\n### `barriers`\n\nHow barriers between clients are measured.\n",
        field_rows(Measuring),
        "\n### rules",
        kinds(AnyRule),
        "\n## Claims\n\n`isthmus reproduce CLAIM --scale smoke|small|paper` takes the recipes that ship with the "
        "package ([what came out](../reproduction/README.md)).\n",
        "| claim | what it says | in the paper |\n|---|---|---|",
        (f"| `{claim.name}` | {claim.title} | {claim.figure} |" for claim in known_claims().values()),
    ]
    lines = (line for part in parts for line in ([part] if isinstance(part, str) else part))
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Every command with its arguments and options."""
    group = typer.main.get_command(app)
    assert isinstance(group, click.Group | typer.core.TyperGroup)
    parts = ["# Commands\n\nMade of the command line itself; `isthmus COMMAND --help` says the same.\n"]
    for name, command in group.commands.items():
        context = typer.Context(command, info_name=f"isthmus {name}")
        usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
        help_text = inspect.cleandoc(command.help or "").strip()
        parts.append(f"\n## isthmus {name}\n\n```\n{usage}\n```\n\n{_escaped(help_text)}\n")
        parts += ["| option | meaning | default |", "|---|---|---|", *map(_option_row, command.params)]
    return "\n".join(parts) + "\n"


def _option_row(parameter: Any) -> str:
    is_option = parameter.param_type_name == "option"
    names = "/".join([*parameter.opts, *parameter.secondary_opts]) if is_option else parameter.metavar or parameter.name
    default = parameter.default
    known = (
        default is not None
        and default is not False
        and not callable(default)
        and default != []
        and "UNSET" not in repr(default)
    )
    shown = f"`{' '.join(map(str, default)) if isinstance(default, list | tuple) else default}`" if known else ""
    required = "**required**" if parameter.required else shown
    return f"| `{names}` | {_escaped(' '.join((parameter.help or '').split()))} | {required} |"


def _escaped(text: str) -> str:
    return re.sub(r"([|<>*_\[\]])", r"\\\1", text)


if __name__ == "__main__":
    RECIPES.parent.mkdir(exist_ok=True)
    RECIPES.write_text(recipes_page(), encoding="utf-8")
