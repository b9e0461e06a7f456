"""A study on disk: a labelled data set in a folder that any program can read."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xarray as xr

from isthmus.errors import InputError
from isthmus.files import save_whole
from isthmus.held_folder import held_folder, is_empty, refuse_held
from isthmus.questions.study.table import study_columns, study_dataset, study_layout
from isthmus.runs.folder.layout import STUDY_FILE, Layout
from isthmus.runs.folder.store import save_parquet

STUDY_SCHEMA_VERSION = 1
IDENTITY = ("study", "settings", "model_hash", "hash_a", "hash_b", "data_hash")
"""The attributes that tell one study from another."""


def save_study(study: xr.Dataset, folder: str | Path) -> None:
    """Write `study.json` (name, attributes, layout) and `study.parquet` (one row a combination of the dimensions).

    Each file is whole if it is there. The same study may be written again over itself.

    Args:
        study: Its attributes hold at least `study`, its name; values are text, numbers or truth values.
        folder: Where; made if it is not there.

    Raises:
        InputError: The folder holds something else, or cannot be written to.
    """
    with held_study(folder, study.attrs) as save:
        save(study)


@contextmanager
def held_study(folder: str | Path | None, attributes: Mapping[Any, Any]) -> Iterator[Callable[[xr.Dataset], None]]:
    """Hold the folder of a study while the block makes it.

    Args:
        folder: Where the study is to be written; None writes nothing.
        attributes: Those of the study that tell it from others (`IDENTITY`).

    Yields:
        What writes the finished study, as `save_study` does.

    Raises:
        InputError: As `save_study`, or another process works in the folder.
    """
    if folder is None:
        yield lambda _: None
        return
    refuse_held(Path(folder))
    refuse_other_study(folder, attributes)
    with held_folder(Path(folder)) as hold:

        def save(study: xr.Dataset) -> None:
            hold.confirm()
            refuse_other_study(hold.folder, study.attrs)
            _save(study, hold.folder)

        yield save


def _save(study: xr.Dataset, folder: Path) -> None:
    contents = {
        "schema_version": STUDY_SCHEMA_VERSION,
        "name": study.attrs["study"],
        "attrs": {name: _stored(value) for name, value in study.attrs.items()},
        **study_layout(study),
    }
    text = json.dumps(contents, indent=1, allow_nan=False) + "\n"
    columns = study_columns(study).items()
    table = pa.table({name: pa.array(c if c.dtype.kind in "biuf" else c.tolist()) for name, c in columns})
    try:
        save_whole(Layout(folder).study, lambda temporary: temporary.write_text(text, encoding="utf-8"))
        save_parquet(table, Layout(folder).study_table)
    except OSError as error:
        raise InputError("a writable folder", str(error), str(folder), "name another --out") from error


def load_study(folder: str | Path) -> xr.Dataset:
    """Read a study back.

    Args:
        folder: From `save_study`.

    Returns:
        An equal data set with equal attributes.

    Raises:
        InputError: The folder holds no whole study, or one of a later version of isthmus.
    """
    folder = Path(folder)
    contents = _contents(folder)
    try:
        table = pq.read_table(Layout(folder).study_table)
        columns = {name: np.asarray(table[name].to_pylist()) for name in table.column_names}
        study = study_dataset(columns, contents)
        return study.assign_attrs({name: _read(value) for name, value in contents["attrs"].items()})
    except (OSError, KeyError, ValueError, TypeError, pa.ArrowInvalid) as error:
        got = str(error).splitlines()[0]
        raise InputError("a whole study", got, str(folder), "make the study again, into the same folder") from error


def is_study(folder: str | Path) -> bool:
    """Whether a folder holds a study.

    Args:
        folder: Any path.

    Returns:
        True if there is a `study.json`.
    """
    return Layout(Path(folder)).study.is_file()


def refuse_other_study(folder: str | Path, attributes: Mapping[Any, Any]) -> None:
    """Refuse a folder that holds anything but this very study.

    Args:
        folder: Where the study is to be written.
        attributes: Those of the study; name, settings and the hashes of all inputs tell it from others.

    Raises:
        InputError: The folder is a file, or holds other things, or another study.
    """
    folder = Path(folder)
    if folder.is_file():
        raise InputError("a folder", "a file", str(folder), "name another --out")
    if is_empty(folder):
        return
    if not is_study(folder):
        raise InputError(
            "a new or empty folder, or this study", "a folder with other things", str(folder), "name another --out"
        )
    theirs = _contents(folder)["attrs"]
    unidentified = [text for attrs in (attributes, theirs) for text in json.loads(attrs.get("unidentified", "[]"))]
    if unidentified:
        raise InputError(
            "inputs that can be compared with those of the existing study",
            f"some that can't be identified: {', '.join(unidentified)}",
            str(folder),
            "name another --out",
        )
    differing = [name for name in IDENTITY if theirs.get(name) != attributes.get(name)]
    if differing:
        raise InputError(
            "a new or empty folder, or this study",
            f"another study: {', '.join(differing)} differ",
            str(folder),
            "name another --out",
        )


def _contents(folder: Path) -> dict[str, Any]:
    file = Layout(folder).study
    if not file.is_file():
        got = "a folder without one" if folder.is_dir() else "no such folder"
        raise InputError(f"a study, with {STUDY_FILE} in it", got, str(folder), "name the folder given to --out")
    try:
        contents = json.loads(file.read_text(encoding="utf-8"))
        version, _ = contents["schema_version"], contents["attrs"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"a {STUDY_FILE} written by isthmus", str(error).splitlines()[0], str(file), "make the study again"
        ) from error
    if version > STUDY_SCHEMA_VERSION:
        expected = f"a study of schema version {STUDY_SCHEMA_VERSION} or earlier"
        raise InputError(expected, str(version), str(file), "update isthmus")
    found: dict[str, Any] = contents
    return found


def _stored(value: Any) -> Any:
    """An attribute as strict JSON, which has no NaN."""
    plain = value.item() if isinstance(value, np.generic) else value
    assert isinstance(plain, str | int | float | bool), "attributes are text, numbers or truth values"
    return {"number": repr(plain)} if isinstance(plain, float) and not math.isfinite(plain) else plain


def _read(value: Any) -> Any:
    return float(value["number"]) if isinstance(value, dict) else value
