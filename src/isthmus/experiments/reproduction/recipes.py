"""The recipes that ship with the claims, and the networks trained from them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from isthmus.experiments.reproduction.scale import Scale
from isthmus.training.recipe.file import load_recipes
from isthmus.training.recipe.recipe import NetworkRecipe

RECIPES = Path(__file__).parent.parent / "claims" / "recipes"


def recipe_file(name: str, scale: Scale) -> Path:
    """Where a shipped recipe is.

    Args:
        name: Of the claim, or of a part of it.
        scale: At which scale.

    Returns:
        The TOML file.
    """
    return RECIPES / f"{name}-{scale}.toml"


def shipped_recipes(name: str, scale: Scale) -> tuple[NetworkRecipe, ...]:
    """The trainings of a shipped recipe.

    Args:
        name: Of the claim, or of a part of it.
        scale: At which scale.

    Returns:
        One a network.
    """
    return tuple(load_recipes(recipe_file(name, scale)))


@dataclass(frozen=True)
class TrainedNetworks:
    """Networks of a recipe that have been trained.

    Networks that are measured against each other are called a1 and b1, a2 and b2, and so on.

    Attributes:
        folder: Holds a trajectory for each network.
        recipes: One a network.
    """

    folder: Path
    recipes: Sequence[NetworkRecipe]

    @property
    def model(self) -> str:
        """What `isthmus.measure` takes as the model: that of the first network."""
        return self.recipes[0].model

    @property
    def names(self) -> list[str]:
        """Of all networks, in the order of the recipe."""
        return [recipe.name for recipe in self.recipes]

    def trajectory(self, name: str) -> Path:
        """The folder of a network's checkpoints.

        Args:
            name: Of the network.

        Returns:
            What `isthmus.measure` takes as a trajectory.
        """
        return self.folder / name

    def final(self, name: str) -> Path:
        """The last checkpoint of a network.

        Args:
            name: Of the network.

        Returns:
            The file.
        """
        (recipe,) = (recipe for recipe in self.recipes if recipe.name == name)
        return self.folder / name / f"{recipe.length}.safetensors"

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The names of the pairs (a1, b1), (a2, b2), ..., by their numbers."""
        numbers = sorted(int(name[1:]) for name in self.names if re.fullmatch(r"a\d+", name))
        return [(f"a{number}", f"b{number}") for number in numbers]

    @property
    def final_pairs(self) -> tuple[list[Path], list[Path]]:
        """The last checkpoints of the pairs: two lists of equal length for `isthmus.measure`."""
        return [self.final(a) for a, _ in self.pairs], [self.final(b) for _, b in self.pairs]
