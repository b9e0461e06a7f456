"""The columns of a table: what kind each is, and its values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from isthmus.data.decoded import decoded_rows
from isthmus.data.images.parquet import class_names_of, is_image
from isthmus.errors import InputError, UnknownNameError, short_list


@dataclass(frozen=True)
class Columns:
    """A table with at least one row.

    Attributes:
        table: The rows.
        name: What to call them in messages.
    """

    table: pa.Table
    name: str

    @property
    def names(self) -> list[str]:
        """All columns."""
        return list(self.table.column_names)

    def chosen(self, column: str) -> str:
        """A column that an option names; it is refused if it is not there."""
        if column not in self.names:
            raise UnknownNameError("a column", column, self.names, self.name)
        return column

    def holds_texts(self, column: str) -> bool:
        """Whether its values are strings."""
        return _is_string(self._kind(column))

    def holds_words(self, column: str) -> bool:
        """Whether its values are lists of strings."""
        kind = self._kind(column)
        return _is_list(kind) and _is_string(kind.value_type)

    def holds_lists(self, column: str) -> bool:
        """Whether its values are lists."""
        return _is_list(self._kind(column))

    def holds_numbers(self, column: str) -> bool:
        """Whether its values are numbers, truth values, or lists of them, of any depth."""
        kind = self._kind(column)
        while _is_list(kind):
            kind = kind.value_type
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))

    def holds_images(self, column: str) -> bool:
        """Whether its values are encoded images."""
        return is_image(self._kind(column))

    def texts(self, column: str) -> list[Any]:
        """Strings, or lists of words.

        Args:
            column: Any that holds them.

        Returns:
            One an example.

        Raises:
            InputError: It holds other values, or none in some row.
        """
        if not (self.holds_texts(column) or self.holds_words(column)):
            got = f"{self._kind(column)} in the column {column!r}"
            raise InputError("texts", got, self.name, "name a column of texts: text=NAME")
        return self._values(column)

    def rows(self, column: str) -> list[Tensor]:
        """Numbers as tensors.

        Args:
            column: Any that holds numbers or lists of them.

        Returns:
            One tensor an example; whole numbers as int64, which layers of embeddings take.

        Raises:
            InputError: It holds other values, none in some row, or lists of lists of several lengths.
        """
        if not self.holds_numbers(column):
            got = f"{self._kind(column)} in the column {column!r}"
            raise InputError("numbers, or lists of numbers", got, self.name, "store numbers")
        kind = self._kind(column)
        while _is_list(kind):
            kind = kind.value_type
        dtype = np.int64 if pa.types.is_integer(kind) else kind.to_pandas_dtype()
        values = self._values(column)
        try:
            arrays = [np.asarray(value, dtype=dtype) for value in values]
        except (ValueError, TypeError) as error:
            expected = "lists without gaps, and inner lists of one length"
            raise InputError(expected, str(error), f"column {column!r} of {self.name}", "fill them") from error
        return [torch.from_numpy(np.atleast_1d(array)).reshape(array.shape) for array in arrays]

    def images(self, column: str) -> Tensor:
        """Decoded images.

        Args:
            column: Structs of bytes and path.

        Returns:
            Bytes (n, channels, height, width).
        """
        codes = (row["bytes"] if row else None for row in self.table[column].to_pylist())
        return torch.from_numpy(decoded_rows(codes, self.table.num_rows, self.name, self.table[column].nbytes))

    def class_names(self, column: str) -> tuple[str, ...] | None:
        """The name of each class number, where the table says it."""
        return class_names_of(self.table.schema, column)

    def _kind(self, column: str) -> pa.DataType:
        return self.table.schema.field(column).type

    def _values(self, column: str) -> list[Any]:
        values: list[Any] = self.table[column].to_pylist()
        missing = [row for row, value in enumerate(values) if value is None]
        if missing:
            got = f"none in row {missing[0]} ({len(missing)} such rows)"
            raise InputError("a value in every row", got, f"column {column!r} of {self.name}", "leave these rows out")
        return values


def other_columns(columns: Columns, used: set[str]) -> tuple[str, ...]:
    """What to say of columns that nothing was made of.

    Args:
        columns: All.
        used: Those that something was made of.

    Returns:
        A note, if there are others.
    """
    others = [name for name in columns.names if name not in used]
    return (f"columns left out: {short_list(others)}",) if others else ()


def _is_string(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))
