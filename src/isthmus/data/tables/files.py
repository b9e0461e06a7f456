"""Where rows are on disk: CSV, JSON lines, Parquet, and folders that `datasets` wrote."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from isthmus.data.images.parquet import split_files
from isthmus.data.spec import TEXT_COLUMNS, DataSpec
from isthmus.errors import InputError, UnknownNameError

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
        splits = [str(name) for name in _json(path / SAVED_SPLITS)["splits"]]
        split = spec.split or ("test" if "test" in splits else splits[-1])
        if split not in splits:
            raise UnknownNameError("a split", split, splits, f"the folder {path.name}")
        return Files(_saved_files(path / split), split, f"{spec.short_source}:{split}")
    if (path / SAVED).is_file():
        if spec.split is not None:
            raise InputError("no split: this folder holds one", spec.split, path.name, "leave the split out")
        return Files(_saved_files(path), str(_json(path / SAVED).get("_split") or "data"), spec.short_source)
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
    try:
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
        if kind == "JSON lines":
            size = min(path.stat().st_size + 1, LONGEST_BLOCK)
            return pyarrow.json.read_json(path, read_options=pyarrow.json.ReadOptions(block_size=size))
        if kind == "Parquet":
            return pq.read_table(path)
        with pa.memory_map(str(path)) as file:
            return pa.ipc.open_stream(file).read_all()
    except (pa.ArrowException, OSError) as error:
        got = str(error).partition("\n")[0]
        raise InputError(f"a whole {kind} file", got, path.name, REMEDIES.get(kind, REMEDIES["CSV"])) from error


def _refuse_one_column(names: list[str], path: Path) -> None:
    """Refuse columns that stand apart by another sign: all of them look like one."""
    if len(names) == 1 and (sign := re.search(r"[;,|\t]", names[0])):
        got = f"one column {names[0]!r}"
        remedy = f"write ',' between columns, or a tab in a file ending in .tsv, in place of {sign[0]!r}"
        raise InputError("columns apart by commas (.csv) or tabs (.tsv)", got, path.name, remedy)


def _saved_files(folder: Path) -> tuple[Path, ...]:
    state = _json(folder / SAVED)
    # The name alone, so that nothing outside the folder is read.
    paths = tuple(folder / Path(file["filename"]).name for file in state.get("_data_files", []))
    missing = [path.name for path in paths if not path.is_file()]
    if missing or not paths:
        got = f"{missing[0]} is missing" if missing else "none"
        raise InputError("the Arrow files that state.json lists", got, f"the folder {folder.name}", "copy them all")
    return paths


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        expected = f"{file.name} as save_to_disk writes it"
        raise InputError(expected, str(error), f"the folder {file.parent.name}", "save it again") from error
    return dict(content)
