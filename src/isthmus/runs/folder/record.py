"""`run.json`: everything about a measurement except its numbers."""

import json
import math
from pathlib import Path
from typing import Any

from pydantic import field_serializer

from isthmus.errors import InputError
from isthmus.files import instead_of_folder, save_whole
from isthmus.gate.door import parsing
from isthmus.gate.texts import read_json
from isthmus.runs.folder.grid_record import GridRecord, Part
from isthmus.runs.folder.layout import RUN_FILE, Layout
from isthmus.runs.request.settings import Settings

SCHEMA_VERSION = 1


class WeightsRecord(Part):
    """One of the two networks: its name, its content hash, and what was done on loading it."""

    name: str
    hash: str
    notes: tuple[str, ...] = ()


class SplitRecord(Part):
    """The examples of one split; `num_tokens` is the length of those that are windows of tokens."""

    name: str
    data: str
    hash: str
    num_examples: int
    num_tokens: int | None = None
    normalization: str | None = None
    class_names: tuple[str, ...] | None = None


class LayerRecord(Part):
    """A layer and its keys."""

    label: str
    keys: tuple[str, ...]


class ReadoutRecord(Part):
    """The weights in which the outputs are affine (`isthmus.evaluation.readout`), and whether the loss is convex."""

    keys: tuple[str, ...]
    note: str
    convex_loss: bool


class StoredRecord(Part):
    """Losses and errors of the two networks of one split as they are stored, where BatchNorm is recalibrated.

    Means over the examples that the recalibrated networks were evaluated on; no errors without classes.
    """

    split: str
    num_examples: int
    loss_a: float
    loss_b: float
    error_a: float | None = None
    error_b: float | None = None

    @field_serializer("loss_a", "loss_b")
    def _strict(self, value: float) -> float | str:
        return value if math.isfinite(value) else str(value)  # JSON has no NaN; pydantic reads the text back


class Record(Part):
    """A measurement's manifest. It holds no time, no host name and no path.

    Attributes:
        run_id: Hash of the non-default settings and of the contents of all inputs; drawn where these are not known.
        complete: Whether every work unit is done and `results.parquet` written.
        versions: Of isthmus, torch and python.
        loss_hash: Of the loss's name, or of what it does; "" in runs made before this was recorded.
        unidentified: Parts of the inputs that can't be told from others, in words; such a run can't go on later.
        device: Where it ran, such as "cpu".
        batch_size: In force when the first unit began; kept on resuming.
        num_threads: Threads of torch; kept on resuming.
        engine: The one that it ran on; "" in runs made before this was recorded, which have the one asked for.
        engine_note: How the engine works on this network, in words.
        readout: What the last linear layer is; None in runs made before this was recorded.
        num_normalizations: Modules that keep running statistics; 0 in runs made before this was recorded.
        interval_target: What the intervals speak of: "distribution" (the examples are a sample of it), or "dataset"
            (the mean over the named data, with `precision`).
        as_stored: The two networks without recalibration, by split.
        without_effect: Layers that differ between the networks and move no output by themselves.
        self_checks: What was checked on this model and data, and how it came out.
        warnings: What may be other than it seems.
    """

    schema_version: int = SCHEMA_VERSION
    run_id: str
    complete: bool = False
    versions: dict[str, str]
    settings: Settings
    model: str
    model_hash: str
    a: WeightsRecord
    b: WeightsRecord
    splits: tuple[SplitRecord, ...]
    recalibration: SplitRecord | None = None
    layers: tuple[LayerRecord, ...]
    loss_hash: str = ""
    unidentified: tuple[str, ...] = ()
    grid: GridRecord
    device: str
    batch_size: int
    num_threads: int
    engine: str = ""
    engine_note: str = ""
    readout: ReadoutRecord | None = None
    num_normalizations: int = 0
    interval_target: str = "distribution"
    as_stored: tuple[StoredRecord, ...] = ()
    without_effect: tuple[str, ...] = ()
    self_checks: tuple[dict[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()

    def save(self, folder: Path) -> None:
        """Write `run.json`.

        Args:
            folder: The run folder.
        """
        text = json.dumps(self.model_dump(mode="json"), indent=1) + "\n"
        save_whole(Layout(folder).record, lambda temporary: temporary.write_text(text, encoding="utf-8"))

    def attributes(self) -> dict[str, str | int | float]:
        """The manifest as flat attributes of a result."""
        settings = self.settings
        return {
            "run_id": self.run_id,
            "schema_version": self.schema_version,
            **{f"{name}_version": version for name, version in self.versions.items()},
            "model": self.model,
            "model_hash": self.model_hash,
            "name_a": self.a.name,
            "name_b": self.b.name,
            "hash_a": self.a.hash,
            "hash_b": self.b.hash,
            "data_name": ", ".join(split.data for split in self.splits),
            "data_hash": ", ".join(split.hash for split in self.splits),
            "normalization": ", ".join(str(split.normalization) for split in self.splits),
            "splits": ", ".join(split.name for split in self.splits),
            "num_examples": sum(split.num_examples for split in self.splits),
            "tokens_per_example": self.splits[0].num_tokens or "",
            "layer_rule": settings.layers,
            "num_layers": len(self.layers),
            "loss": settings.loss,
            "unidentified": json.dumps(self.unidentified),
            "baseline": settings.baseline,
            "batch_norm": settings.batch_norm,
            "num_normalizations": self.num_normalizations,
            "recalibration_data": self.recalibration.data if self.recalibration else "",
            **self._stored_attributes(),
            "dtype": settings.dtype,
            "device": self.device,
            "engine": self.engine or settings.engine,
            "engine_note": self.engine_note,
            "seed": settings.seed,
            "batch_size": self.batch_size,
            "num_threads": self.num_threads,
            "interval_target": self.interval_target,
            "precision": "" if settings.precision is None else settings.precision,
            "simultaneous": int(settings.simultaneous),
            "notes": json.dumps([f"{n}: {note}" for n, w in (("a", self.a), ("b", self.b)) for note in w.notes]),
            "self_checks": json.dumps(self.self_checks),
            "warnings": json.dumps(self.warnings),
            **({"without_effect": json.dumps(self.without_effect)} if self.without_effect else {}),
            "settings": settings.model_dump_json(),
        }

    def _stored_attributes(self) -> dict[str, str | float]:
        """`stored_loss_a` and so on: a number, of several splits JSON."""
        found: dict[str, str | float] = {}
        for name in ("loss_a", "loss_b", "error_a", "error_b"):
            values = {of.split: of.model_dump(mode="json")[name] for of in self.as_stored}
            if values and None not in values.values():
                only = float(next(iter(values.values())))
                found[f"stored_{name}"] = only if len(values) == 1 else json.dumps(values)
        return found


def load_record(folder: Path) -> Record:
    """Read `run.json`.

    Args:
        folder: A run folder.

    Returns:
        The record.

    Raises:
        InputError: The folder is no run, or one of a later version of isthmus.
    """
    file = Layout(folder).record
    if not file.is_file():
        raise InputError(
            f"a run folder, with {RUN_FILE} in it",
            instead_of_folder(folder, "a folder without one"),
            str(folder),
            "name the folder that isthmus measure --out wrote",
        )
    with parsing("a run.json written by isthmus", str(file), "measure again into a new folder"):
        contents = read_json(file)
        if contents.get("kind") == "collection":
            raise InputError(
                "the run of two networks",
                "a collection of runs",
                str(folder),
                "name one of its members, FOLDER/members/NAME, or load it whole with isthmus.load_run",
            )
        version = contents["schema_version"]
        if version > SCHEMA_VERSION:
            raise InputError(
                f"a run of schema version {SCHEMA_VERSION} or earlier", str(version), str(file), "update isthmus"
            )
        return Record(**contents)
