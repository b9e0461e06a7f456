"""Federated recipes on disk: one TOML file."""

from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from isthmus.errors import InputError
from isthmus.federated.recipe import FederatedRecipe, Measuring
from isthmus.federated.rules.known import AnyRule
from isthmus.training.recipe.file import TRAINING_KINDS, table_in
from isthmus.training.recipe.messages import Fields, message_of

RULES = {kind.model_fields["name"].default: kind for kind in get_args(AnyRule)}
FIELDS = Fields(FederatedRecipe, {**TRAINING_KINDS, "rules": RULES}, {"barriers": Measuring})


def load_federated_recipe(file: Path) -> FederatedRecipe:
    """The federated training that a TOML file describes.

    Args:
        file: The recipe.

    Returns:
        Its settings.

    Raises:
        InputError: The file is not there or no TOML, or a field is unknown, missing or out of range.
    """
    table = table_in(file)
    try:
        return FederatedRecipe.model_validate(table)
    except ValidationError as error:
        told: InputError = message_of(error, f" in {file.name}", FIELDS)
        raise told from error
