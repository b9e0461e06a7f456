"""Tables of a federated training as its folder holds them, made from numbers instead of by training."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from isthmus.federated.results.tables import SCHEMAS, FederationTables, federation_tables

LAYERS = ("conv1", "norm1", "layer1.0.conv1", "fc")
THRESHOLD = 0.2
ErrorRate = Callable[[str, int, int, int, str, str], float | None]
"""Of (rule, seed, round, client, when, data); None for a row that isn't there."""


def manifest_of(rules: tuple[str, ...], seeds: tuple[int, ...], clients: int, rounds: int) -> dict[str, Any]:
    """A manifest with round numbers for times and sizes."""
    spent = {"training": 80.0, "averaging": 5.0, "evaluating": 40.0, "measuring": 0.0}
    measured = {**spent, "measuring": 15.0}
    return {
        "schema": 1,
        "recipe": {"model": "resnet18", "train": "digits:train", "test": "digits:test", "clients": clients,
                   "partition": "dirichlet=0.1", "rounds": rounds, "local_epochs": 1, "seeds": list(seeds),
                   "rules": [{"name": rule.partition(" ")[0], "threshold": THRESHOLD} for rule in rules]},
        "hashes": {"data": "abc"},
        "versions": {"isthmus": "0", "torch": "2"},
        "complete": True,
        "seconds": [{"rule": rule, "seed": seed, **(measured if "barrier" in rule else spent)}
                    for rule in rules for seed in seeds],
        "clients": [{"seed": seed, "client": client, "num_train": 60, "num_test": 20, "classes": {"3": 20, "5": 40}}
                    for seed in seeds for client in range(clients)],
        "layers": [{"layer": layer, "bytes": 1000, "parameters": 250} for layer in LAYERS],
    }  # fmt: skip


def made_tables(
    error_rate: ErrorRate, rules: tuple[str, ...], seeds: tuple[int, ...], clients: int, rounds: int
) -> tuple[dict[str, Any], dict[str, pa.Table]]:
    """Manifest and tables: `all` averages every layer, `none` none, `barrier` those below the threshold."""
    outcomes, exchanges, traffic, barriers = [], [], [], []
    places = [(rule, seed, number) for rule in rules for seed in seeds for number in range(rounds + 1)]
    for rule, seed, number in places:
        of = {"rule": rule, "seed": seed, "round": number}
        for client in range(clients):
            own = {**of, "client": client}
            for when in ("before", "after", "last"):
                for data in ("own", "global"):
                    rate = error_rate(rule, seed, number, client, when, data)
                    if rate is not None:
                        at = {"round": number + (when == "last"), "when": when, "data": data}
                        outcomes.append({**own, **at, "loss": 2 * rate, "error_rate": rate, "num_examples": 20})
            if not number:
                continue
            sent = LAYERS if rule == "all" else () if rule == "none" else LAYERS[: number + client % 2]
            exchanges += [{**own, "layer": layer, "num_senders": clients} for layer in sent]
            size, measured = 1000 * len(sent), 4000 * ("barrier" in rule)
            traffic.append({**own, "bytes_up": size, "bytes_down": size, "bytes_measured": measured, "left_out": ""})
            if "barrier" in rule:
                donor = (client + 1) % clients
                for place, layer in enumerate(LAYERS):
                    barrier = 0.3 * place / number + 0.01 * client
                    ends = {"loss_barrier_low": barrier - 0.02, "loss_barrier_high": barrier + 0.02, "trusted": True}
                    pair = {**of, "host": client, "donor": donor}
                    barriers.append({**pair, "layer": layer, "loss_barrier": barrier, **ends})
    rows = {"outcomes": outcomes, "exchanges": exchanges, "traffic": traffic, "barriers": barriers}
    tables = {name: pa.Table.from_pylist(found, SCHEMAS[name]) for name, found in rows.items()}
    return manifest_of(rules, seeds, clients, rounds), tables


def made_federation(
    error_rate: ErrorRate,
    rules: tuple[str, ...] = ("all", "none"),
    seeds: tuple[int, ...] = (0, 1, 2),
    clients: int = 4,
    rounds: int = 2,
) -> FederationTables:
    """A federation in memory."""
    return federation_tables("made", *made_tables(error_rate, rules, seeds, clients, rounds))


def saved(manifest: Mapping[str, Any], tables: Mapping[str, pa.Table], folder: Path) -> Path:
    """The same in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "federated.json").write_text(json.dumps(manifest))
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    return folder
