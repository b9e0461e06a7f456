"""`run.json`: everything about a measurement but its numbers."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from isthmus.errors import InputError
from isthmus.files import save_whole
from isthmus.runs.settings import Settings
from isthmus.sweeps.grid import DirectionRows, Grid, Refinement
from isthmus.sweeps.group import MovingGroup

SCHEMA_VERSION = 1
RUN_FILE = "run.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WeightsRecord(_Part):
    """One of the two networks: its name, its content hash, and what was done on loading it."""

    name: str
    hash: str
    notes: tuple[str, ...] = ()


class SplitRecord(_Part):
    """The examples of one split; `num_tokens` is the length of those that are windows of tokens."""

    name: str
    data: str
    hash: str
    num_examples: int
    num_tokens: int | None = None
    normalization: str | None = None
    class_names: tuple[str, ...] | None = None


class LayerRecord(_Part):
    """A layer and its keys."""

    label: str
    keys: tuple[str, ...]


class ReadoutRecord(_Part):
    """The weights in which the outputs are affine (`isthmus.evaluation.readout`), and whether the loss is convex."""

    keys: tuple[str, ...]
    note: str
    convex_loss: bool


class GroupRecord(_Part):
    """A moving group."""

    label: str
    layers: tuple[str, ...]
    sweep: str


class RefinementRecord(_Part):
    """Positions and point numbers by (host, moving, refined)."""

    alphas: list[list[list[float]]]
    rows: list[list[list[int]]]


class DirectionRecord(_Part):
    """Point numbers by (host, moving, draw, fraction) and (host, moving, fraction)."""

    fractions: tuple[float, ...]
    random: list[list[list[list[int]]]]
    averaging: list[list[list[int]]]


class GridRecord(_Part):
    """The rows, as point numbers by (host, moving, alpha); `examples/` holds results by point number."""

    hosts: tuple[str, ...]
    groups: tuple[GroupRecord, ...]
    alphas: tuple[float, ...]
    num_points: int
    rows: list[list[list[int]]]
    far_ends: list[list[int]] | None
    refined: RefinementRecord | None = None
    directions: DirectionRecord | None = None

    @classmethod
    def of(cls, grid: Grid) -> "GridRecord":
        """The record of a grid.

        Args:
            grid: What to record.

        Returns:
            Its record.
        """
        refined, directions = grid.refined, grid.directions
        return cls(
            hosts=grid.hosts,
            groups=tuple(GroupRecord(label=g.label, layers=g.layers, sweep=g.sweep) for g in grid.groups),
            alphas=grid.alphas,
            num_points=grid.num_points,
            rows=grid.rows.tolist(),
            far_ends=None if grid.far_ends is None else grid.far_ends.tolist(),
            refined=None
            if refined is None
            else RefinementRecord(alphas=refined.alphas.tolist(), rows=refined.rows.tolist()),
            directions=None
            if directions is None
            else DirectionRecord(
                fractions=directions.fractions,
                random=directions.random.tolist(),
                averaging=directions.averaging.tolist(),
            ),
        )

    def grid(self) -> Grid:
        """The grid that was recorded.

        Returns:
            An equal grid.
        """
        refined, directions = self.refined, self.directions
        return Grid(
            hosts=self.hosts,  # type: ignore[arg-type]
            groups=tuple(MovingGroup(g.label, g.layers, g.sweep) for g in self.groups),
            alphas=self.alphas,
            num_points=self.num_points,
            rows=np.array(self.rows, dtype=np.int64),
            far_ends=None if self.far_ends is None else np.array(self.far_ends, dtype=np.int64),
            refined=None
            if refined is None
            else Refinement(np.array(refined.alphas, dtype=np.float64), np.array(refined.rows, dtype=np.int64)),
            directions=None
            if directions is None
            else DirectionRows(
                directions.fractions,
                np.array(directions.random, dtype=np.int64),
                np.array(directions.averaging, dtype=np.int64),
            ),
        )


class Record(_Part):
    """A measurement's manifest. It holds no time, no host name and no path.

    Attributes:
        run_id: Hash of the non-default settings and of the contents of all inputs.
        complete: Whether every work unit is done and `results.parquet` written.
        versions: Of isthmus, torch and python.
        device: Where it ran, such as "cpu".
        batch_size: In force when the first unit began; kept on resuming.
        num_threads: Threads of torch; kept on resuming.
        engine_note: How the engine works on this network, in words.
        readout: What the last linear layer is; None in runs made before this was recorded.
        num_normalizations: Modules that keep running statistics; 0 in runs made before this was recorded.
        interval_target: What the intervals speak of: "distribution" (the examples are a sample of it), or "dataset"
            (the mean over the named data, with `precision`).
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
    grid: GridRecord
    device: str
    batch_size: int
    num_threads: int
    engine_note: str = ""
    readout: ReadoutRecord | None = None
    num_normalizations: int = 0
    interval_target: str = "distribution"
    self_checks: tuple[dict[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()

    def save(self, folder: Path) -> None:
        """Write `run.json`.

        Args:
            folder: The run folder.
        """
        text = json.dumps(self.model_dump(mode="json"), indent=1) + "\n"
        save_whole(folder / RUN_FILE, lambda temporary: temporary.write_text(text, encoding="utf-8"))

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
            "baseline": settings.baseline,
            "batch_norm": settings.batch_norm,
            "num_normalizations": self.num_normalizations,
            "recalibration_data": self.recalibration.data if self.recalibration else "",
            "dtype": settings.dtype,
            "device": self.device,
            "engine": settings.engine,
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
            "settings": settings.model_dump_json(),
        }


def run_identity(settings: Settings, contents: Sequence[str]) -> str:
    """The hash of the non-default settings and of the contents of all inputs.

    Args:
        settings: What was asked.
        contents: Hashes of model, weights and data, in a fixed order.

    Returns:
        16 hexadecimal digits; where the files lay and what they were called does not matter.
    """
    text = json.dumps([settings.non_default(), list(contents)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def load_record(folder: Path) -> Record:
    """Read `run.json`.

    Args:
        folder: A run folder.

    Returns:
        The record.

    Raises:
        InputError: The folder is no run, or one of a later version of isthmus.
    """
    file = folder / RUN_FILE
    if not file.is_file():
        raise InputError(
            f"a run folder, with {RUN_FILE} in it",
            "a folder without one" if folder.is_dir() else "no such folder",
            str(folder),
            "name the folder that isthmus measure --out wrote",
        )
    try:
        contents = json.loads(file.read_text(encoding="utf-8"))
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
    except (ValidationError, json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "a run.json written by isthmus", str(error).splitlines()[0], str(file), "measure again into a new folder"
        ) from error
