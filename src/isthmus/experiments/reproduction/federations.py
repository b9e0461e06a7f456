"""The federated recipes that ship with the claims."""

from isthmus.experiments.reproduction.recipes import RECIPES
from isthmus.experiments.reproduction.scale import Scale
from isthmus.federated.file import load_federated_recipes
from isthmus.federated.recipe import FederatedRecipe

FEDERATIONS = RECIPES.with_name("federations")


def shipped_federations(name: str, scale: Scale) -> dict[str, FederatedRecipe]:
    """The federated trainings of a shipped recipe.

    Args:
        name: Of the claim.
        scale: At which scale.

    Returns:
        Settings by name.
    """
    return load_federated_recipes(FEDERATIONS / f"{name}-{scale}.toml")
