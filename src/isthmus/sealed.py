"""Files that carry the hash of what they hold, so that damage shows: a bit that flipped, a block that got lost.

A file that a rename made is whole, and yet a disk may lose a part of it later. What isthmus goes on with after an
interruption it compares with its seal. Files of earlier versions have none and are taken as they are.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from isthmus.errors import DamagedError, InputError
from isthmus.files import save_whole
from isthmus.gate.door import parsing
from isthmus.gate.tables import read_parquet
from isthmus.gate.texts import read_json

SEAL = "isthmus_sha256"


def damaged(file: Path, reason: str) -> DamagedError:
    """What to say of a damaged file.

    Args:
        file: Which.
        reason: How it shows.

    Returns:
        The error, to be raised.
    """
    remedy = "go on with --resume, which makes it again; a file of yours: copy it again"
    return DamagedError("a whole file", reason, str(file), remedy)


@contextmanager
def damage_said(file: Path) -> Iterator[None]:
    """Take whatever its parser raises for damage of a file; the parser's own call alone belongs inside.

    Args:
        file: Which.

    Yields:
        Nothing.

    Raises:
        DamagedError: It was said inside already.
        damaged: Anything else was raised inside.
        InputError: For want of memory, of which the file can do nothing.
    """
    try:
        with parsing("a whole file", str(file), ""):
            yield
    except DamagedError:
        raise
    except InputError as error:
        if isinstance(error.__cause__, MemoryError):
            raise
        raise damaged(file, error.got) from error


def is_whole(load: Callable[[Path], object], file: Path) -> bool:
    """Whether a file holds what was written into it.

    Args:
        load: Its reader, which raises `DamagedError`.
        file: The file.

    Returns:
        Whether the reader takes it.
    """
    try:
        load(file)
    except DamagedError:
        return False
    return True


def refuse_broken_seal(file: Path, seal: str | None, found: str) -> None:
    """Compare a file with its seal.

    Args:
        file: Which.
        seal: The one in it; None where it has none.
        found: Of what was read.

    Raises:
        damaged: They differ.
    """
    if seal is not None and seal != found:
        raise damaged(file, "other contents than were written: their hash is not the one that stands in it")


def save_table(table: pa.Table, file: Path) -> None:
    """Write a Parquet file, its seal among the schema's metadata.

    Args:
        table: Columns.
        file: Where.
    """
    facts = {**(table.schema.metadata or {}), SEAL: table_seal(table)}
    sealed = table.replace_schema_metadata(facts)
    save_whole(file, lambda temporary: pq.write_table(sealed, temporary, compression="zstd"))


def load_table(file: Path) -> pa.Table:
    """Read a Parquet file.

    Args:
        file: From `save_table`.

    Returns:
        Its columns.

    Raises:
        damaged: It is no Parquet file any more, or holds something else than was written.
    """
    if not file.is_file():
        raise damaged(file, "no such file")
    with damage_said(file):
        table = read_parquet(file)
        seal = (table.schema.metadata or {}).get(SEAL.encode(), b"").decode()
        found = table_seal(table)
    refuse_broken_seal(file, seal or None, found)
    return table


def table_seal(table: pa.Table) -> str:
    """SHA-256 over the columns: names, types and values, whatever way they are stored.

    Args:
        table: Any.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name, column in zip(table.column_names, table.columns, strict=True):
        digest.update(f"{name}\0{column.type}\0{len(column)}\0".encode())
        is_plain = pa.types.is_primitive(column.type) and not column.null_count
        values = column.to_numpy() if is_plain else repr(column.to_pylist()).encode()
        digest.update(np.ascontiguousarray(values).data if isinstance(values, np.ndarray) else values)
    return digest.hexdigest()


def save_values(values: Mapping[str, Any], file: Path) -> None:
    """Write a JSON file, its seal as the last entry.

    Args:
        values: What it holds.
        file: Where.
    """
    text = json.dumps({**values, SEAL: _values_seal(values)}, indent=1) + "\n"
    save_whole(file, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def load_values(file: Path) -> dict[str, Any]:
    """Read a JSON file.

    Args:
        file: From `save_values`.

    Returns:
        What it holds.

    Raises:
        damaged: It is no JSON any more, or holds something else than was written.
    """
    with damage_said(file):
        values: dict[str, Any] = read_json(file)
        seal = values.pop(SEAL, None)
        found = _values_seal(values)
    refuse_broken_seal(file, seal, found)
    return values


def _values_seal(values: Mapping[str, Any]) -> str:
    # As they are read back: keys become texts, tuples lists.
    return hashlib.sha256(json.dumps(json.loads(json.dumps(values)), sort_keys=True).encode()).hexdigest()
