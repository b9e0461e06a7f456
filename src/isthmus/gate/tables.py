"""Parquet files: read in parts, so that a file that unpacks to far more than it is long is found in time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from isthmus.errors import InputError
from isthmus.gate.door import parsing
from isthmus.gate.limits import refuse_bomb, refuse_more, room
from isthmus.gate.names import refuse_odd_names

REPEATING = {"PLAIN_DICTIONARY", "RLE_DICTIONARY", "DELTA_BYTE_ARRAY"}
"""Encodings in which a value of many bytes takes few in its second row."""

REMEDY = "check that the file is complete"


def opened_parquet(file: Path, where: str = "") -> pq.ParquetFile:
    """A Parquet file whose metadata has been looked at.

    Args:
        file: Its path.
        where: What to call it; by default its name.

    Returns:
        The file; nothing of its columns is read yet.

    Raises:
        InputError: It is damaged, or its columns, rows or their sizes are beyond a limit.
    """
    where = where or file.name
    with parsing("a whole Parquet file", where, REMEDY):
        opened = pq.ParquetFile(file)
        facts, names = opened.metadata, opened.schema_arrow.names
        groups = [facts.row_group(number) for number in range(facts.num_row_groups)]
        rows, num_columns = [group.num_rows for group in groups], facts.num_columns
        refuse_more("columns", max(num_columns, len(names)), where)
        if min(rows, default=0) < 0 or sum(rows) != facts.num_rows:
            raise InputError("rows that its parts add up to", f"{facts.num_rows} of {sum(rows)}", where, REMEDY)
        refuse_more("rows", facts.num_rows, where)
        refuse_odd_names(names, "columns", where)
        # Encodings shrink equal rows to nothing; in memory each has at least a byte in every column.
        for unpacked in (facts.num_rows * num_columns, sum(group.total_byte_size for group in groups)):
            refuse_bomb(unpacked, file.stat().st_size, where)
        _refuse_contradictions(opened)
        values = sum(group.column(number).num_values for group in groups for number in range(num_columns))
        refuse_bomb(values, file.stat().st_size, where)
    return opened


def _refuse_contradictions(opened: pq.ParquetFile) -> None:
    # Asked for the facts of a column, pyarrow 26 ends the process where they contradict one another; a reader
    # that looks at them raises. So a row of every part is read, which takes a tenth of a second of 50,000 images.
    for number in range(opened.metadata.num_row_groups):
        next(opened.iter_batches(batch_size=1, row_groups=[number], use_threads=False), None)


def parquet_batches(
    opened: pq.ParquetFile, columns: Sequence[str] | None, packed: int, where: str, most_rows: int = 1 << 16
) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file in parts.

    Args:
        opened: From `opened_parquet`.
        columns: Which ones; all by default.
        packed: Bytes of the file.
        where: What to call it.
        most_rows: Of a part.

    Yields:
        Parts in order.

    Raises:
        InputError: It is damaged, or what was read so far is beyond what the file may unpack to.
    """
    total = 0
    with parsing("a whole Parquet file", where, REMEDY):
        rows = min(most_rows, _rows_at_once(opened, packed))
        batches = opened.iter_batches(batch_size=rows, columns=None if columns is None else [*columns])
    while True:
        with parsing("a whole Parquet file", where, REMEDY):
            batch = next(batches, None)
        if batch is None:
            return
        total += batch.nbytes
        refuse_bomb(total, packed, where)
        yield batch


def read_parquet(file: Path, columns: Sequence[str] | None = None, where: str = "") -> pa.Table:
    """The rows of a Parquet file.

    Args:
        file: Its path. Folders in its path never count as columns.
        columns: Which ones, in their order in the file; all by default.
        where: What to call it; by default its name.

    Returns:
        The table, with the file's metadata.
    """
    where = where or file.name
    opened = opened_parquet(file, where)
    parts = list(parquet_batches(opened, columns, file.stat().st_size, where))
    with parsing("a whole Parquet file", where, REMEDY):
        if not parts:
            return opened.read(columns=None if columns is None else [*columns])
        found = pa.Table.from_batches(parts).replace_schema_metadata(opened.schema_arrow.metadata)
    return whole_table(found, file.stat().st_size, where)


def read_arrow(file: Path, where: str) -> pa.Table:
    """The rows of an Arrow stream, as `datasets` saves it.

    Args:
        file: Its path.
        where: What to call it.

    Returns:
        The table, in memory of its own.
    """
    with parsing("a whole Arrow file", where, REMEDY), pa.OSFile(str(file)) as stream:
        return whole_table(pa.ipc.open_stream(stream).read_all(), file.stat().st_size, where)


def whole_table(table: pa.Table, packed: int, where: str) -> pa.Table:
    """A table whose every value may be looked at: lengths and places of values are compared with the memory there is.

    Args:
        table: As its reader made it.
        packed: Bytes of the file.
        where: What to call it.

    Returns:
        The same.
    """
    refuse_more("columns", table.num_columns, where)
    refuse_more("rows", table.num_rows, where)
    with parsing("a whole table", where, REMEDY):
        refuse_odd_names(table.column_names, "columns", where)
        table.validate(full=True)
        total = sum(_bytes_of(chunk) for column in table.columns for chunk in column.chunks)
    refuse_bomb(total, packed, where)
    return table


def _bytes_of(values: pa.Array) -> int:
    """The bytes of values, those that are named by a number counted as often as they are named."""
    if pa.types.is_dictionary(values.type) and (
        pa.types.is_string(values.type.value_type) or pa.types.is_large_string(values.type.value_type)
    ):
        lengths = pc.binary_length(values.dictionary)
        return int(pc.sum(pc.cast(lengths.take(values.indices), pa.int64())).as_py() or 0)
    return int(values.nbytes)


def _rows_at_once(opened: pq.ParquetFile, packed: int) -> int:
    """So few rows that they fit what the file may unpack to, even if each has the longest value of its column."""
    # Some encodings write a long value once and name it in every row. It is at most as long as its column.
    facts, longest = opened.metadata, 1
    for group in range(facts.num_row_groups):
        for number in range(facts.num_columns):
            column = facts.row_group(group).column(number)
            if column.physical_type == "BYTE_ARRAY" and REPEATING & set(column.encodings):
                longest = max(longest, column.total_uncompressed_size)
    return max(1, room(packed) // longest)
