"""Recipes, and what isthmus writes itself and reads again on another machine."""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from data_targets import parquet_bytes
from federated_tables import made_tables
from safetensors.torch import save
from target import Target, weights

STORED = Path(__file__).parents[1] / "stored"
RECIPES = Path(__file__).parents[2] / "recipes"


def _of_recipe(name: str, text: bytes, command: str) -> Target:
    def read(folder: Path) -> object:
        from isthmus.federated.file import load_federated_recipes
        from isthmus.training.recipe.file import load_recipes

        return (load_recipes if command == "train" else load_federated_recipes)(folder / "recipe.toml")

    return Target(name, {"recipe.toml": text}, read, (command, "{}/recipe.toml", "--out", "{}/out"))


TRAINING = b"""model = "mlp:inputs=64"
data = "digits:train[0:64]"
length = "2ep"
batch_size = 32
optimizer = { name = "sgd", learning_rate = 0.05, momentum = 0.9 }
schedule = { name = "constant" }
seeds = { initialisation = 0, order = 1 }

[[network]]
name = "a"

[[network]]
name = "b"
spawn = { network = "a", at = "1ep" }
"""


def recipes() -> list[Target]:
    """Both kinds of recipes."""
    federated = next(file for file in sorted(RECIPES.rglob("*.toml")) if b"rounds" in file.read_bytes()).read_bytes()
    return [_of_recipe("recipe", TRAINING, "train"), _of_recipe("federated recipe", federated, "federate")]


def _stored(name: str, read: Callable[[Path], object], pattern: str = "*") -> Target:
    folder = STORED / "0.1.0" / name
    files = {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob(pattern))
        if file.is_file() and file.suffix in {".json", ".parquet", ".safetensors"}
    }
    return Target(f"stored {name}", files, read, ("report", "{}"))


def _run(folder: Path) -> object:
    from isthmus.runs.folder.loading import examples
    from isthmus.runs.folder.reading import load_run

    result = load_run(folder)
    if "pair" in result.dims or "step" in result.dims:
        return result
    return [examples(result, split) for split in result.attrs["splits"].split(", ")]


def _study(folder: Path) -> object:
    from isthmus.questions.study.folder import load_study

    return load_study(folder)


def _training(folder: Path) -> object:
    from isthmus.weights.training_state import load_training_state

    return load_training_state(folder / "state.safetensors")


def _federation(folder: Path) -> object:
    from isthmus.federated.results.tables import load_federation

    return load_federation(folder)


def _federated() -> dict[str, bytes]:
    """A finished federated training of one round."""
    manifest, tables = made_tables(lambda rule, *_: 0.2 if rule == "all" else 0.3, ("all", "none"), (0,), 2, 1)
    files = {f"{name}.parquet": parquet_bytes(table, compression="zstd") for name, table in tables.items()}
    return {"federated.json": json.dumps(manifest).encode(), **files}


def folders() -> list[Target]:
    """What isthmus writes itself, and reads again on another machine."""
    named = {f"weights/{key}": tensor for key, tensor in weights().items()} | {"losses": torch.zeros(3)}
    state = save(named, {"state": json.dumps({"schema": 1, "iteration": 3})})
    return [
        _stored("run", _run),
        _stored("run-precision", _run),
        _stored("collection-pairs", _run),
        _stored("study-similarity", _study),
        Target("federation", _federated(), _federation, ("report", "{}")),
        Target("training state", {"state.safetensors": state}, _training),
    ]
