"""Where rows are on disk: CSV, JSON lines, Parquet, and folders that `datasets` wrote."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.json

from isthmus.data.images.parquet import split_files
from isthmus.data.spec import TEXT_COLUMNS, DataSpec
from isthmus.errors import InputError, UnknownNameError
from isthmus.gate.door import inside, parsing
from isthmus.gate.json_lines import refuse_json_lines
from isthmus.gate.limits import refuse_large
from isthmus.gate.names import refuse_odd_names
from isthmus.gate.tables import read_arrow, read_parquet, whole_table
from isthmus.gate.texts import read_object

INDEX = "__index_level_"  # the rows' numbers, where pandas or datasets kept them
SAVED, SAVED_SPLITS = "state.json", "dataset_dict.json"  # of datasets.Dataset and DatasetDict, by save_to_disk
KINDS = {".csv": "CSV", ".tsv": "TSV", ".jsonl": "JSON lines", ".json": "JSON lines", ".parquet": "Parquet"}
REMEDIES = {
    "CSV": "check that the file is complete, and a text in UTF-8",
    "JSON lines": "check that the file is complete; every row is an object in a line of its own",
}
LONGEST_BLOCK = 2**30  # bytes of JSON lines that are parsed at once; pyarrow refuses rows across two blocks


@dataclass(frozen=True)
class Files:
    """The files of one split, in order.

    Attributes:
        paths: At least one.
        split: "test", "train", or "data" where none is known.
        name: What to call them.
    """

    paths: tuple[Path, ...]
    split: str
    name: str


def found_files(spec: DataSpec) -> Files:
    """The files of a table.

    Args:
        spec: A file; a folder of Parquet files `<split>-*.parquet`; or a folder of `save_to_disk`, with its split.

    Returns:
        Files that are there.

    Raises:
        InputError: A folder holds no such files, or files are missing.
        UnknownNameError: The folder holds other splits only.
    """
    path = Path(spec.source)
    if not path.is_dir():
        named = re.match(r"(train|validation|test)(-|\.)", path.name)
        return Files((path,), named[1] if named else "data", spec.short_source)
    if (path / SAVED_SPLITS).is_file():
        expected, where = f"{SAVED_SPLITS} as save_to_disk writes it", f"the folder {path.name}"
        with parsing(expected, where, "save it again"):
            splits = [str(name) for name in _json(path / SAVED_SPLITS)["splits"]]
            split = spec.split or ("test" if "test" in splits else splits[-1])
        refuse_odd_names(splits, "splits", where)
        if split not in splits:
            raise UnknownNameError("a split", split, splits, where)
        return Files(_saved_files(inside(path, split, where)), split, f"{spec.short_source}:{split}")
    if (path / SAVED).is_file():
        if spec.split is not None:
            raise InputError("no split: this folder holds one", spec.split, path.name, "leave the split out")
        split = str(_json(path / SAVED).get("_split") or "data")
        refuse_odd_names((split,), "splits", path.name)
        return Files(_saved_files(path), split, spec.short_source)
    split = spec.split or "test"
    return Files(split_files(path, split, whole=spec.stop is None), split, f"{spec.short_source}:{split}")


def load_table(files: Files, texts: tuple[str, ...] = ()) -> pa.Table:
    """All rows of some files.

    Args:
        files: Of one layout.
        texts: Columns that hold texts, besides those of the usual names: of CSV they are never read as numbers.

    Returns:
        The table.

    Raises:
        InputError: A file is damaged, or of other columns than the first.
    """
    tables = [_table(path, texts) for path in files.paths]
    names = [name for name in tables[0].column_names if not name.startswith(INDEX)]
    if len(set(names)) < len(names):
        got = f"twice {next(name for name in names if names.count(name) > 1)!r}"
        raise InputError("columns of different names", got, files.name, "rename one of them")
    try:
        return pa.concat_tables(tables, promote_options="none").select(names)
    except pa.ArrowInvalid as error:
        got = str(error).partition("\n")[0]
        raise InputError("files of the same columns", got, files.name, "use one layout in all files") from error


def _table(path: Path, texts: tuple[str, ...]) -> pa.Table:
    kind = KINDS.get(path.suffix, "Arrow")
    if kind == "Parquet":
        return read_parquet(path)
    if kind == "Arrow":
        return read_arrow(path, path.name)
    return whole_table(_lines(path, kind, texts), path.stat().st_size, path.name)


def _lines(path: Path, kind: str, texts: tuple[str, ...]) -> pa.Table:
    """The table in a text file."""
    refuse_large("text", path)
    if kind == "JSON lines":
        refuse_json_lines(path, path.name)
    with parsing(f"a whole {kind} file", path.name, REMEDIES.get(kind, REMEDIES["CSV"])):
        if kind in {"CSV", "TSV"}:
            # Types are guessed otherwise, and texts of digits alone would become numbers.
            as_text = {name: pa.string() for name in (*TEXT_COLUMNS, *TEXT_COLUMNS.values(), *texts) if name}
            found = pyarrow.csv.read_csv(
                path,
                # Texts in quotes may hold line breaks.
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter="\t" if kind == "TSV" else ",", newlines_in_values=True
                ),
                convert_options=pyarrow.csv.ConvertOptions(column_types=as_text),
            )
            _refuse_one_column(found.column_names, path)
            return found
        size = min(path.stat().st_size + 1, LONGEST_BLOCK)
        return pyarrow.json.read_json(path, read_options=pyarrow.json.ReadOptions(block_size=size))


def _refuse_one_column(names: list[str], path: Path) -> None:
    """Refuse columns that stand apart by another sign: all of them look like one."""
    if len(names) == 1 and (sign := re.search(r"[;,|\t]", names[0])):
        got = f"one column {names[0]!r}"
        remedy = f"write ',' between columns, or a tab in a file ending in .tsv, in place of {sign[0]!r}"
        raise InputError("columns apart by commas (.csv) or tabs (.tsv)", got, path.name, remedy)


def _saved_files(folder: Path) -> tuple[Path, ...]:
    state = _json(folder / SAVED)
    expected, where = "the Arrow files that state.json lists", f"the folder {folder.name}"
    with parsing(expected, where, "copy them all"):
        # Other versions write paths; the name alone, so that nothing outside the folder is read.
        names = [Path(file["filename"]).name for file in state.get("_data_files", [])]
    paths = tuple(inside(folder, name, where) for name in names)
    missing = [path.name for path in paths if not path.is_file()]
    if missing or not paths:
        got = f"{missing[0]} is missing" if missing else "none"
        raise InputError(expected, got, where, "copy them all")
    return paths


def _json(file: Path) -> dict[str, Any]:
    return read_object(
        file, f"{file.name} as save_to_disk writes it", "save it again", f"the folder {file.parent.name}"
    )
