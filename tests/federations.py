"""Tiny federations of real digits."""

import json
import os
import signal
from pathlib import Path

import torch

from isthmus.federated.federate import federate
from isthmus.federated.federation import Federation, federation_of
from isthmus.federated.folder import RuleFolder
from isthmus.federated.recipe import FederatedRecipe
from isthmus.federated.rounds import run_rounds
from isthmus.weights.checkpoint import load_weights

ROOT = Path(__file__).parents[1]
SETTINGS = {
    "model": "cnn:width=4,channels=1",
    "train": "digits:train[0:150]",
    "test": "digits:test[0:60]",
    "clients": 3,
    "partition": "dirichlet=1",
    "rounds": 3,
    "rules": ["all"],
    "batch_size": 16,
    "optimizer": {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9},
}


def recipe(**changes) -> FederatedRecipe:
    return FederatedRecipe.model_validate(SETTINGS | changes)


def saved_recipe(folder: Path, **changes) -> Path:
    """The same as a file."""
    values = SETTINGS | changes
    optimizer = ", ".join(f"{name} = {json.dumps(value)}" for name, value in values.pop("optimizer").items())
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in values.items()]
    file = folder / "recipe.toml"
    file.write_text("".join(lines) + f"optimizer = {{ {optimizer} }}\n")
    return file


def federation(**changes) -> Federation:
    return federation_of(recipe(**changes), seed=0)


def networks_after(found: Federation, out: Path) -> list[dict]:
    """The clients' networks after all rounds of the first rule."""
    folder = RuleFolder(out, found.recipe.rules[0].shown, found.seed)
    run_rounds(found, found.recipe.rules[0], folder)
    return [load_weights(folder.networks / f"client-{client.number:03}.safetensors") for client in found.clients]


def same(first: dict, second: dict) -> bool:
    """Whether two networks are equal to the bit."""
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file's bytes, but for those that hold times, and the lock of a process that was killed."""
    left_out = {"seconds.json", "federated.json", ".isthmus-lock"}
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name not in left_out
    }


def die_before_file(number: int) -> None:
    """Let this process kill itself as it would finish its file of this number."""
    renamed, replace = [0], Path.replace

    def counted(path: Path, target: Path) -> Path:
        renamed[0] += 1
        if renamed[0] == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(path, target)

    Path.replace = counted  # type: ignore[assignment]


def killed_federation(out: Path, number: int) -> None:
    """Kills its own process as it would finish its file of this number."""
    die_before_file(number)
    federate(recipe(), out)
