"""A finished federated training as tables, from its folder; the columns and their types are pinned here."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from isthmus.errors import DamagedError, InputError, short_list
from isthmus.federated.results.stored import check_manifest
from isthmus.files import instead_of_folder
from isthmus.gate.door import parsing
from isthmus.gate.texts import read_object
from isthmus.sealed import load_table

SCHEMA_VERSION = 1
MANIFEST = "federated.json"
RERUN = "make it again: isthmus federate RECIPE --out ANOTHER"

_OF_CLIENT = {"rule": pa.string(), "seed": pa.int64(), "round": pa.int64(), "client": pa.int64()}
_OF_PAIR = {"rule": pa.string(), "seed": pa.int64(), "round": pa.int64(), "host": pa.int64(), "donor": pa.int64()}
SCHEMAS: Mapping[str, pa.Schema] = {
    name: pa.schema(columns)
    for name, columns in {
        "outcomes": {
            **_OF_CLIENT,
            "when": pa.string(),
            "data": pa.string(),
            "loss": pa.float64(),
            "error_rate": pa.float64(),
            "num_examples": pa.int64(),
        },
        "exchanges": {**_OF_CLIENT, "layer": pa.string(), "num_senders": pa.int64()},
        "traffic": {
            **_OF_CLIENT,
            "bytes_up": pa.int64(),
            "bytes_down": pa.int64(),
            "bytes_measured": pa.int64(),
            "left_out": pa.string(),
        },
        "barriers": {
            **_OF_PAIR,
            "layer": pa.string(),
            "loss_barrier": pa.float64(),
            "loss_barrier_low": pa.float64(),
            "loss_barrier_high": pa.float64(),
            "trusted": pa.bool_(),
        },
    }.items()
}
"""Table -> its columns, in their order."""
KEYS: Mapping[str, tuple[str, ...]] = {
    "outcomes": (*_OF_CLIENT, "when", "data"),
    "exchanges": (*_OF_CLIENT, "layer"),
    "traffic": tuple(_OF_CLIENT),
    "barriers": (*_OF_PAIR, "layer"),
}
"""Table -> the columns that tell its rows from one another."""


@dataclass(frozen=True)
class FederationTables:
    """A finished federated training: of every rule and seed of a recipe. Rows are sorted by `KEYS`.

    Attributes:
        name: Of its folder.
        recipe: Its settings, as stored.
        hashes: Of the data and the model's code, by name; None where there is none.
        versions: Of the programs.
        rules: Labels, in the recipe's order.
        seeds: Ascending.
        outcomes: One row a (rule, seed, round, client, when, data): loss, error rate, number of examples. "last" rows,
            after a rule's last phases, are of the round after the last.
        exchanges: One row for each layer that a client averaged in a round: over how many senders.
        traffic: One row a (rule, seed, round, client): bytes, and why it was left out.
        barriers: One row a layer of a pair of clients in a round where they were measured.
        seconds: One row a (rule, seed): training, averaging, evaluating, measuring.
        clients: One row a (seed, client): how many examples, and which classes.
        layers: One row a layer, in the order of first use: bytes and parameters.
    """

    name: str
    recipe: Mapping[str, Any]
    hashes: Mapping[str, str | None]
    versions: Mapping[str, str]
    rules: tuple[str, ...]
    seeds: tuple[int, ...]
    outcomes: pd.DataFrame
    exchanges: pd.DataFrame
    traffic: pd.DataFrame
    barriers: pd.DataFrame
    seconds: pd.DataFrame
    clients: pd.DataFrame
    layers: pd.DataFrame

    @property
    def num_rounds(self) -> int:
        """How often networks were averaged."""
        return int(self.recipe["rounds"])

    @property
    def threshold(self) -> float | None:
        """Below which barrier layers are averaged; None where no rule goes by barriers, or several differ."""
        rules = (rule for rule in self.recipe["rules"] if not isinstance(rule, str))
        found = {rule["threshold"] for rule in rules if rule["name"] == "barrier" and "threshold" in rule}
        return float(found.pop()) if len(found) == 1 else None

    def labels_of(self, name: str) -> tuple[str, ...]:
        """The labels of the rules of one kind.

        Args:
            name: Of the kind, such as "all" or "barrier".

        Returns:
            In the recipe's order; empty where there is none.
        """
        rules = zip(self.rules, self.recipe["rules"], strict=True)
        return tuple(label for label, rule in rules if (rule if isinstance(rule, str) else rule["name"]) == name)


def is_federation(folder: str | Path) -> bool:
    """Whether a folder holds a federated training.

    Args:
        folder: Any path.

    Returns:
        True if there is a `federated.json`.
    """
    return (Path(folder) / MANIFEST).is_file()


def load_federation(folder: str | Path) -> FederationTables:
    """Read a finished federated training.

    Args:
        folder: From `isthmus federate RECIPE --out FOLDER`.

    Returns:
        Its tables and what its manifest says.

    Raises:
        InputError: The folder holds something else, an unfinished training, or one of a later version of isthmus.
    """
    folder = Path(folder)
    manifest = load_manifest(folder)
    if not manifest["complete"]:
        remedy = "go on with it: the same command with --resume"
        raise InputError("a finished federated training", "one that was interrupted", str(folder), remedy)
    tables = {}
    for name in SCHEMAS:
        file = folder / f"{name}.parquet"
        try:
            tables[name] = load_table(file)
        except DamagedError as error:
            got = error.got if file.is_file() else f"no {file.name}"
            raise InputError("a whole federated training", got, str(folder), RERUN) from error
    return federation_tables(folder.resolve().name, manifest, tables, str(folder))


def federation_tables(
    name: str, manifest: Mapping[str, Any], tables: Mapping[str, pa.Table], where: str = "the tables"
) -> FederationTables:
    """A federated training from what its folder holds.

    Args:
        name: Of it.
        manifest: As in `federated.json`.
        tables: By the names of `SCHEMAS`; the order of rows means nothing.
        where: They came from, for messages.

    Returns:
        The training.

    Raises:
        InputError: A table lacks a column, holds another type or a row twice, or a rule has no last round.
    """
    frames = {table: _frame(table, tables[table], where) for table in SCHEMAS}
    with parsing(f"a {MANIFEST} written by isthmus", where, RERUN):
        check_manifest(manifest)
        seconds, clients, layers = (pd.DataFrame(manifest[part]) for part in ("seconds", "clients", "layers"))
        found = FederationTables(
            name=name,
            recipe=manifest["recipe"],
            hashes=manifest["hashes"],
            versions=manifest["versions"],
            rules=tuple(dict.fromkeys(seconds["rule"])),
            seeds=tuple(sorted(set(seconds["seed"].tolist()))),
            seconds=seconds,
            clients=clients,
            layers=layers,
            **frames,
        )
        num_rounds, _, _ = found.num_rounds, found.threshold, found.labels_of("all")
    last = frames["outcomes"].loc[frames["outcomes"]["round"] == num_rounds, ["rule", "seed"]]
    there = set(last.itertuples(index=False, name=None))
    missing = [f"{rule}, seed {seed}" for rule in found.rules for seed in found.seeds if (rule, seed) not in there]
    if missing:
        got = f"no outcomes of it under {short_list(missing)}"
        raise InputError(f"outcomes of round {num_rounds}, the last", got, where, RERUN)
    return found


def is_complete(folder: Path) -> bool:
    """Whether a training is there to its end.

    Args:
        folder: It need not be there.

    Returns:
        False also where it is another program's.
    """
    try:
        return bool(load_manifest(folder)["complete"])
    except InputError:
        return False


def load_manifest(folder: Path) -> dict[str, Any]:
    """What `federated.json` says, of a training that may not be finished.

    Args:
        folder: From `isthmus federate`.

    Returns:
        Its values.

    Raises:
        InputError: There is none, it is another program's, or it is of a later version.
    """
    file = folder / MANIFEST
    if not file.is_file():
        got = instead_of_folder(folder, "a folder without one")
        raise InputError(f"a federated training, with {MANIFEST} in it", got, str(folder), "name the folder of --out")
    manifest = read_object(file, f"a {MANIFEST} written by isthmus", RERUN)
    with parsing(f"a {MANIFEST} written by isthmus", str(file), RERUN):
        version, _ = manifest["schema"], manifest["complete"]
        if version > SCHEMA_VERSION:
            expected = f"a federated training of schema {SCHEMA_VERSION} or earlier"
            raise InputError(expected, str(version), str(file), "update isthmus")
    return manifest


def _frame(name: str, table: pa.Table, where: str) -> pd.DataFrame:
    schema, keys = SCHEMAS[name], list(KEYS[name])
    expected = f"{name}.parquet with the columns {', '.join(schema.names)}"
    missing = [column for column in schema.names if column not in table.column_names]
    if missing:
        raise InputError(expected, f"none named {short_list(missing)}", where, RERUN)
    with parsing(expected, where, RERUN):
        frame: pd.DataFrame = table.select(schema.names).cast(schema).to_pandas()
    twice = frame.loc[frame.duplicated(keys), keys]
    if len(twice):
        row = ", ".join(f"{key} {value}" for key, value in twice.iloc[0].items())
        raise InputError(f"each row of {name}.parquet once", f"{len(twice)} twice, such as {row}", where, RERUN)
    return frame.sort_values(keys, ignore_index=True)
