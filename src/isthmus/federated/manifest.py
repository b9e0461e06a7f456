"""`federated.json` and the tables: what a federated training was made of, and what came out."""

import json
import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from pydantic import BaseModel
from pydantic_core import to_json

from isthmus.data.load import load_examples
from isthmus.errors import InputError
from isthmus.federated.federation import Federation
from isthmus.federated.file import RULES
from isthmus.federated.folder import RoundRecord, RuleFolder, load_round, load_seconds, save_json
from isthmus.federated.recipe import FederatedRecipe, Measuring
from isthmus.federated.results.tables import MANIFEST, SCHEMA_VERSION, SCHEMAS, load_manifest
from isthmus.gate.door import parsing
from isthmus.models.source import source_hash
from isthmus.sealed import save_table
from isthmus.training.networks.networks import loss_hash

MAY_DIFFER = {"rules", "seeds", "keep_networks", "device"}
"""Settings that a training which goes on may have otherwise: rules and seeds that are new are added."""


def begin(recipe: FederatedRecipe, out: Path, data_root: Path | None) -> None:
    """Write what is known before the first round, or compare it with what an earlier part wrote.

    Args:
        recipe: The settings.
        out: The folder.
        data_root: The folder that holds the known sets.

    Raises:
        InputError: The folder holds a training by other settings, of other data, or by another version's schema.
    """
    facts = _facts(recipe, data_root)
    earlier = load_manifest(out) if (out / MANIFEST).is_file() else None
    if earlier is not None:
        with parsing(f"a {MANIFEST} written by isthmus", str(out), "name another --out"):
            _refuse_others(earlier, facts, out)
            facts["clients"], facts["layers"] = earlier["clients"], earlier["layers"]
            _by_seed_and_client(facts["clients"])  # what `finish` will ask of them, before anything is trained
            facts["rules"] = earlier["rules"] | facts["rules"]  # rounds of a rule that is left out now are still there
    save_json(facts, out / MANIFEST)


@dataclass(frozen=True)
class Described:
    """What a manifest says of one seed's clients and of the layers.

    Attributes:
        clients: A table's row each.
        layers: A table's row each.
    """

    clients: tuple[dict[str, Any], ...]
    layers: tuple[dict[str, Any], ...]


def finish(recipe: FederatedRecipe, out: Path, seeds: Sequence[Described]) -> None:
    """Write the tables, and the manifest as complete.

    Args:
        recipe: The settings.
        out: The folder.
        seeds: Those that were trained now.
    """
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in SCHEMAS}
    seconds = []
    for rule in recipe.rules:
        for seed in recipe.seeds:
            folder = RuleFolder(out, rule.shown, seed)
            for number in range(1, recipe.rounds + 2):
                record = load_round(number, folder, with_mean=False)
                for name, found in _rows(record, rule.shown, seed).items() if record else ():
                    rows[name] += found
            seconds.append({"rule": rule.shown, "seed": seed, **load_seconds(folder)})
    for name, schema in SCHEMAS.items():
        save_table(pa.Table.from_pylist(rows[name], schema), out / f"{name}.parquet")
    manifest = load_manifest(out)
    clients = _by_seed_and_client(manifest["clients"])
    for seed_facts in seeds:
        clients |= _by_seed_and_client(seed_facts.clients)
        manifest["layers"] = list(seed_facts.layers)
    manifest |= {
        "clients": [clients[key] for key in sorted(clients) if key[0] in recipe.seeds],
        "seconds": seconds,
        "complete": True,
    }
    save_json(manifest, out / MANIFEST)


def _by_seed_and_client(rows: Iterable[dict[str, Any]]) -> dict[tuple[int, int], dict[str, Any]]:
    return {(one["seed"], one["client"]): one for one in rows}


def _facts(recipe: FederatedRecipe, data_root: Path | None) -> dict[str, Any]:
    specs = {"train": recipe.train, "test": recipe.test}
    if recipe.barriers:
        specs["barriers"] = recipe.barriers.data
    data = {name: load_examples(spec, data_root=data_root) for name, spec in specs.items()}
    settings = recipe.model_dump(mode="json") | {"model": Path(recipe.model).name, "loss": Path(recipe.loss).name}
    settings |= {name: data[name].name for name in ("train", "test")}
    if recipe.barriers:
        settings["barriers"]["data"] = data["barriers"].name
    hashes = {name: examples.content_hash for name, examples in data.items()}
    return {
        "schema": SCHEMA_VERSION,
        "recipe": settings,
        "rules": {rule.shown: rule.model_dump(mode="json") for rule in recipe.rules},
        "hashes": hashes | {"model": source_hash(recipe.model), "loss": loss_hash(recipe.loss)},
        "versions": {
            "isthmus": version("isthmus"), "torch": torch.__version__, "Python": platform.python_version()
        },
        "complete": False,
        "seconds": [],
        "clients": [],
        "layers": [],
    }  # fmt: skip


def _refuse_others(earlier: dict[str, Any], facts: dict[str, Any], out: Path) -> None:
    before_all = _with_defaults(earlier["recipe"], FederatedRecipe)
    if before_all["barriers"]:
        before_all["barriers"] = _with_defaults(before_all["barriers"], Measuring)
    both = [(name, before_all[name], value) for name, value in facts["recipe"].items() if name not in MAY_DIFFER]
    stored = {label: _with_defaults(rule, RULES[rule["name"]]) for label, rule in earlier["rules"].items()}
    both += [(f"rule {label}", stored.get(label, rule), rule) for label, rule in facts["rules"].items()]
    both += [(f"contents of {name}", earlier["hashes"].get(name), value) for name, value in facts["hashes"].items()]
    for name, before, now in both:
        if before != now:
            raise InputError(
                f"the existing training: {name} = {json.dumps(before)}", json.dumps(now), str(out),
                "name another --out, or use the recipe and data that it began with",
            )  # fmt: skip


def _with_defaults(stored: dict[str, Any], kind: type[BaseModel]) -> dict[str, Any]:
    """Settings as an earlier version stored them, with what it did not know yet: a default means "as before"."""
    known = {name: one.default for name, one in kind.model_fields.items() if not one.is_required()}
    filled: dict[str, Any] = json.loads(to_json(known)) | stored
    return filled


def _rows(record: RoundRecord, rule: str, seed: int) -> dict[str, list[dict[str, Any]]]:
    done = record.round
    place = {"rule": rule, "seed": seed, "round": done.number}
    return {
        "outcomes": [
            {**place, "client": one.client, "when": one.when, "data": one.data, **vars(one.scores)}
            for one in record.outcomes
        ],
        "exchanges": [
            {**place, "client": client, "layer": label, "num_senders": done.mean.num_senders[label]}
            for client, labels in done.sets.items()
            for label in labels
        ],
        "traffic": [{**place, **vars(one)} for one in record.traffic],
        "barriers": [
            {
                **place, "host": one.host, "donor": one.donor, "layer": one.layer, "loss_barrier": one.barrier.value,
                "loss_barrier_low": one.barrier.low, "loss_barrier_high": one.barrier.high,
                "trusted": one.barrier.trusted,
            }
            for one in done.barriers
        ],
    }  # fmt: skip


def described(federation: Federation) -> Described:
    """What the manifest says of one seed.

    Args:
        federation: Of this seed.

    Returns:
        Its clients and the layers.
    """
    clients = []
    for client in federation.clients:
        labels = client.train.class_numbers
        counts = Counter([] if labels is None else labels.tolist())
        clients.append({
            "seed": federation.seed, "client": client.number, "num_train": len(client.train),
            "num_test": len(client.test), "classes": {str(label): counts[label] for label in sorted(counts)},
        })  # fmt: skip
    exchanged, network = federation.exchanged, federation.initial
    layers = [
        {
            "layer": label, "bytes": exchanged.num_bytes((label,), network),
            "parameters": sum(network[key].numel() for key in exchanged.keys((label,))),
        }
        for label in exchanged.layers
    ]  # fmt: skip
    return Described(tuple(clients), tuple(layers))
