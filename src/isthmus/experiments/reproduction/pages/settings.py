"""Settings as rows of a page's table, named to stand next to the paper's."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from isthmus.training.recipe.recipe import NetworkRecipe

if TYPE_CHECKING:
    from isthmus.federated.recipe import FederatedRecipe

NETWORK, DATA, LENGTH, BATCH, OPTIMIZER, SCHEDULE, AUGMENTATION, CLIPPING, START, PAIRS, MEASURED, ALPHAS = (
    "network", "trained on", "length", "mini-batch", "optimiser", "learning rate", "augmentation", "gradient clipping",
    "the two networks", "pairs", "measured on", "alphas",
)  # fmt: skip
APART = "different initialisation, another order"
"""Of networks of two pairs that have a start each."""


def recipe_rows(recipes: Sequence[NetworkRecipe]) -> dict[str, str]:
    """What a recipe says, in the words of the table.

    Args:
        recipes: One a network; where they differ, all values are listed.

    Returns:
        Value by row.
    """
    rows = {
        NETWORK: _values(recipe.model for recipe in recipes),
        DATA: _values(recipe.data for recipe in recipes),
        LENGTH: _values(str(recipe.length) for recipe in recipes),
        BATCH: _values(str(recipe.batch_size) for recipe in recipes),
        OPTIMIZER: _values(_words(recipe.optimizer, "") for recipe in recipes),
        SCHEDULE: _values(_words(recipe.schedule, f"peak {recipe.optimizer.learning_rate:g}") for recipe in recipes),
        AUGMENTATION: _values(
            ", ".join(_words(augmentation, "") for augmentation in recipe.augmentations) or "none" for recipe in recipes
        ),
        CLIPPING: _values("none" if r.clip_norm is None else f"length {r.clip_norm:g}" for r in recipes),
    }
    rows |= _pair_rows({recipe.name: recipe for recipe in recipes})
    if any(recipe.dtype != "float32" for recipe in recipes):
        rows["arithmetic"] = _values(recipe.dtype for recipe in recipes)
    return rows


def federation_rows(recipes: "Mapping[str, FederatedRecipe]") -> dict[str, str]:
    """What federated recipes say, in the words of the table.

    Args:
        recipes: By name; where they differ, all values are listed.

    Returns:
        Value by row.
    """
    every = list(recipes.values())
    rows = {
        NETWORK: _values(recipe.model for recipe in every),
        DATA: _values(recipe.train for recipe in every),
        "clients": _values(f"{recipe.clients}, all in every round" for recipe in every),
        "dealt out by": _values(recipe.partition for recipe in every),
        LENGTH: _values(f"{r.rounds} rounds of {r.local_epochs} local epochs" for r in every),
        BATCH: _values(str(recipe.batch_size) for recipe in every),
        OPTIMIZER: _values(f"{_words(r.optimizer, '')}, memory {r.optimizer_state} each round" for r in every),
        SCHEDULE: _values(_words(r.schedule, f"peak {r.optimizer.learning_rate:g}") for r in every),
        CLIPPING: _values("none" if r.clip_norm is None else f"length {r.clip_norm:g}" for r in every),
        "averaged layers": _values(", ".join(rule.shown for rule in recipe.rules) for recipe in every),
        "seeds": _values(str(len(recipe.seeds)) for recipe in every),
        MEASURED: _values(f"`{r.test}`, and each client's own part of it" for r in every),
    }
    if measuring := [recipe.barriers for recipe in every if recipe.barriers]:
        rows["barriers measured on"] = _values(
            f"`{one.data}`, every {one.every} rounds, {one.pairs}" for one in measuring
        )  # fmt: skip
    return rows


def measured_rows(name: str, data: Mapping[str, str], options: Mapping[str, Any]) -> dict[str, str]:
    """What a measurement was made of, in the words of the table.

    Args:
        name: Of the run.
        data: Specifications by the name of the split.
        options: Of `isthmus.measure`.

    Returns:
        Value by row.
    """
    alphas = options.get("alphas", (0.5,))
    shown = f"{alphas} evenly spaced" if isinstance(alphas, int) else ", ".join(f"{a:g}" for a in _sequence(alphas))
    words = ", ".join(f"`{spec}`" for spec in data.values())
    if options.get("precision") is not None:
        words += f", as many as intervals of ±{options['precision']:g} nats need,"
    if "dtype" in options:
        words += f" in {options['dtype']}"
    return {MEASURED: f"{name}: {words.removesuffix(',')}", ALPHAS: shown}


def settings_table(paper: Mapping[str, str], ours: Mapping[str, str]) -> list[list[str]]:
    """The paper's settings beside ours.

    Args:
        paper: Value by row.
        ours: Value by row.

    Returns:
        Rows of three cells, the titles first; a dash where one of the two does not say.
    """
    names = list(dict.fromkeys([*paper, *ours]))
    return [["setting", "paper", "here"], *([name, paper.get(name, "–"), ours.get(name, "–")] for name in names)]


def _pair_rows(recipes: Mapping[str, NetworkRecipe]) -> dict[str, str]:
    """What the networks a1 and b1, a2 and b2, ... of pairs have in common."""
    pairs = [(recipe, recipes[f"b{name[1:]}"]) for name, recipe in recipes.items() if _is_paired(name, recipes)]
    return {START: _values(_pair_words(a, b) for a, b in pairs)} if pairs else {}


def _is_paired(name: str, recipes: Mapping[str, NetworkRecipe]) -> bool:
    return name.startswith("a") and name[1:].isdigit() and f"b{name[1:]}" in recipes


def _pair_words(a: NetworkRecipe, b: NetworkRecipe) -> str:
    same_start = a.seeds.initialisation == b.seeds.initialisation and a.initial == b.initial
    words = [f"{'same' if same_start else 'different'} initialisation"]
    words += ["another order"] if a.seeds.order != b.seeds.order else ["same order"]
    words += [f"part at {b.spawn.at}"] if b.spawn else []
    fields = set(NetworkRecipe.model_fields) - {"name", "seeds", "initial", "spawn", "checkpoints", "checkpoint_every"}
    different = [
        field for field in NetworkRecipe.model_fields if field in fields and getattr(a, field) != getattr(b, field)
    ]
    return ", ".join(words + [f"another {field.replace('_', ' ')}" for field in different])


def _sequence(alphas: Any) -> Iterable[float]:
    return [alphas] if isinstance(alphas, int | float) else alphas


def _values(values: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(values))


def _words(part: BaseModel, extra: str) -> str:
    """A part of a recipe: its name, and what is not left at its default or at zero."""
    shown = [str(getattr(part, "name", "")).replace("_", "-")] + ([extra] if extra else [])
    for name, value in part.model_dump(mode="json").items():
        default = type(part).model_fields[name].default
        if name in {"name", "learning_rate"} or value == default or _is_nothing(value):
            continue
        shown.append(f"{name.replace('_', ' ')} {value:g}" if isinstance(value, float) else f"{name} {value}")
    return ", ".join(shown)


def _is_nothing(value: Any) -> bool:
    return value is None or value == "0it" or (isinstance(value, float) and math.isclose(value, 0.0, abs_tol=0.0))
