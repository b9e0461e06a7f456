"""A study on disk: a labelled data set in a folder that any program can read."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xarray as xr

from isthmus.errors import DamagedError, InputError
from isthmus.files import instead_of_folder, is_empty, save_whole
from isthmus.gate.door import parsing
from isthmus.gate.texts import read_object
from isthmus.held_folder import held_folder, refuse_held
from isthmus.questions.study.attributes import check_attributes
from isthmus.questions.study.table import study_columns, study_dataset, study_layout
from isthmus.results.labelled import labelled_study
from isthmus.runs.folder.layout import STUDY_FILE, Layout
from isthmus.sealed import load_table, save_table

STUDY_SCHEMA_VERSION = 1
BEGUN = "begun"
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
    folder = Path(folder)
    refuse_held(folder)
    refuse_other_study(folder, study.attrs)
    with held_folder(folder) as hold:
        # Again, since another process may have written here before the hold.
        refuse_other_study(folder, study.attrs)
        hold.confirm()
        save_finished(study, folder)


def save_finished(study: xr.Dataset, folder: Path) -> None:
    """Write a study into a folder that is held; its table first, then the manifest, which makes it whole.

    Args:
        study: As `save_study`.
        folder: Where.
    """
    columns = study_columns(study).items()
    table = pa.table({name: pa.array(c if c.dtype.kind in "biuf" else c.tolist()) for name, c in columns})
    save_table(table, Layout(folder).study_table)
    _save_contents(study.attrs, study_layout(study), folder)


def save_begun(attributes: Mapping[Any, Any], choices: Mapping[str, int], folder: Path) -> None:
    """Say which study a folder will hold, before its first part.

    Args:
        attributes: Those that tell it from others.
        choices: What can change bits and is kept on resuming.
        folder: Where; it is held.
    """
    _save_contents(attributes, {BEGUN: choices}, folder)


def _save_contents(attributes: Mapping[Any, Any], more: Mapping[str, Any], folder: Path) -> None:
    contents = {
        "schema_version": STUDY_SCHEMA_VERSION,
        "name": attributes["study"],
        "attrs": {name: _stored(value) for name, value in attributes.items()},
        **more,
    }
    # Strict JSON: numbers that are not finite are text in it (`_stored`).
    text = json.dumps(contents, indent=1, allow_nan=False) + "\n"
    save_whole(Layout(folder).study, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def begun_with(folder: Path) -> dict[str, Any]:
    """The choices of a study that was begun and is not whole.

    Args:
        folder: Any path.

    Returns:
        Those of `save_begun` and its "device"; nothing where no study was begun, or where it is whole.
    """
    contents = _contents(folder) if is_study(folder) else {}
    return {"device": contents["attrs"].get("device", ""), **contents[BEGUN]} if BEGUN in contents else {}


def is_whole(folder: Path) -> bool:
    """Whether a folder holds a study to its end.

    Args:
        folder: Any path.

    Returns:
        False where there is none, or one that was interrupted.
    """
    return is_study(folder) and Layout(folder).study_table.is_file() and BEGUN not in _contents(folder)


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
    if BEGUN in contents:
        remedy = "go on with it: the same command with --resume"
        raise InputError("a finished study", "one that was interrupted", str(folder), remedy)
    remedy = "make the study again, into the same folder"
    try:
        table = load_table(Layout(folder).study_table)
    except DamagedError as error:
        raise InputError("a whole study", error.got, str(folder), remedy) from error
    with parsing("a whole study", str(folder), remedy):
        check_attributes(contents["attrs"])
        columns = {name: np.asarray(table[name].to_pylist()) for name in table.column_names}
        study = study_dataset(columns, contents)
        return labelled_study(study.assign_attrs({name: _read(value) for name, value in contents["attrs"].items()}))


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
    if "settings" in differing and "study" not in differing:
        ours, known = (json.loads(attrs.get("settings", "{}")) for attrs in (attributes, theirs))
        names = [name for name in {**known, **ours} if known.get(name) != ours.get(name)]
        differing[differing.index("settings")] = f"settings ({', '.join(names)})"
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
        got = instead_of_folder(folder, "a folder without one")
        raise InputError(f"a study, with {STUDY_FILE} in it", got, str(folder), "name the folder given to --out")
    written, remedy = f"a {STUDY_FILE} written by isthmus", "make the study again"
    found = read_object(file, written, remedy)
    with parsing(written, str(file), remedy):
        version, _ = found["schema_version"], found["attrs"].items()
        if version > STUDY_SCHEMA_VERSION:
            expected = f"a study of schema version {STUDY_SCHEMA_VERSION} or earlier"
            raise InputError(expected, str(version), str(file), "update isthmus")
    return found


def _stored(value: Any) -> Any:
    """An attribute as strict JSON, which has no NaN."""
    plain = value.item() if isinstance(value, np.generic) else value
    assert isinstance(plain, str | int | float | bool), "attributes are text, numbers or truth values"
    return {"number": repr(plain)} if isinstance(plain, float) and not math.isfinite(plain) else plain


def _read(value: Any) -> Any:
    return float(value["number"]) if isinstance(value, dict) else value
