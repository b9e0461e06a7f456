"""Image tables: Parquet files in the layout of Hugging Face image data sets."""

import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa
from jaxtyping import Int64

from isthmus.data.decoded import Images, load_decoded
from isthmus.errors import InputError, IsthmusWarning, UnknownNameError, short_list
from isthmus.gate.names import refuse_odd_names
from isthmus.gate.tables import opened_parquet, read_parquet

LABEL_COLUMNS = ("label", "fine_label")


@dataclass(frozen=True)
class ImageTable:
    """One split: its files in order and the two columns that matter.

    Attributes:
        files: Parquet files, in order.
        name: What the split is called in messages.
        image: Column of structs {bytes, path}.
        label: Column of whole numbers.
        class_names: Name of each label, where the file's schema has them.
        sizes: Number of rows of each file.
    """

    files: tuple[Path, ...]
    name: str
    image: str
    label: str
    class_names: tuple[str, ...] | None
    sizes: tuple[int, ...]

    def load_rows(self, start: int, stop: int) -> tuple[Images, Int64[np.ndarray, " n"]]:
        """The images and labels of some rows; files outside them are not decoded.

        Args:
            start: First row.
            stop: One past the last row, above `start` and at most the number of rows.

        Returns:
            Arrays in memory of their own: bytes (n, channels, height, width) and labels (n,).

        Raises:
            InputError: If a row is no image of the size of the first, or has no label.
        """
        images, labels = [], []
        offset = 0
        for file, size in zip(self.files, self.sizes, strict=True):
            rows = slice(max(start - offset, 0), min(stop - offset, size))
            offset += size
            if rows.start < rows.stop:
                images.append(load_decoded(file, self.image)[rows])
                labels.append(_labels(file, self.label)[rows])
        if len({part.shape[1:] for part in images}) > 1:
            got = short_list(part.shape[1:] for part in images)
            raise InputError("images of one size in all files", got, self.name, "resize all images to one size first")
        return np.concatenate(images), np.concatenate(labels)


def load_image_table(
    files: Sequence[Path], name: str, image: str | None = None, label: str | None = None
) -> ImageTable:
    """The table that some Parquet files hold together.

    Args:
        files: Files of the same columns, in order.
        name: What to call them in messages.
        image: The image column; None for the only struct column with a field `bytes`.
        label: The label column; None for `label`, else `fine_label`.

    Returns:
        The table; no image is decoded yet.

    Raises:
        InputError: If a file is no Parquet file, or has no such column.
    """
    tables = [opened_parquet(file) for file in files]
    schema = tables[0].schema_arrow
    pictures = [field.name for field in schema if is_image(field.type)]
    numbers = [field.name for field in schema if pa.types.is_integer(field.type)]
    images = pictures if image is None else [image]
    labels = [column for column in LABEL_COLUMNS if column in numbers] if label is None else [label]
    if len(images) != 1 or images[0] not in pictures:
        _refuse_column("image", image, pictures, f"{name}, with columns {short_list(schema.names)}")
    if not labels or labels[0] not in numbers:
        _refuse_column("label", label, numbers, f"{name}, with columns {short_list(schema.names)}")
    for file, table in zip(files, tables, strict=True):
        if table.schema_arrow.names != schema.names:
            got = f"columns {short_list(table.schema_arrow.names)}"
            raise InputError(
                f"columns {short_list(schema.names)} as in {files[0].name}", got, file.name, "use one layout"
            )
    sizes = tuple(table.metadata.num_rows for table in tables)
    return ImageTable(tuple(files), name, images[0], labels[0], class_names_of(schema, labels[0]), sizes)


def split_files(folder: Path, split: str, whole: bool = True) -> tuple[Path, ...]:
    """The Parquet files of one split, in order.

    Numbered shards `<split>-00000-of-00005.parquet` win over other files `<split>-*.parquet`.

    Args:
        folder: Where they lie.
        split: Such as "test".
        whole: Whether the complete split is wanted, so that absent last shards are worth a warning.

    Returns:
        At least one file.

    Raises:
        InputError: If there is none, or if a shard before the last is absent.
        UnknownNameError: If the folder holds other splits only.
    """
    files = sorted(folder.glob("*.parquet"))
    shards: dict[int, Path] = {}
    totals = set()
    for file in files:
        match = re.fullmatch(rf"{re.escape(split)}-(\d+)-of-(\d+)(-\w+)?\.parquet", file.name)
        if match is not None:
            shards[int(match[1])] = file
            totals.add(int(match[2]))
    others = tuple(f for f in files if f.stem == split or f.name.startswith(f"{split}-"))
    if not shards and not others:
        splits = sorted({file.stem.partition("-")[0] for file in files})
        if splits:
            raise UnknownNameError("a split", split, splits, f"the folder {folder.name}")
        expected = f"files {split}-*.parquet"
        raise InputError(expected, "no Parquet file", f"the folder {str(folder)!r}", "check the path")
    if not shards:
        return others
    if sorted(shards) != list(range(len(shards))) or len(totals) > 1:
        expected = f"shards of the split {split!r} numbered from 0, none missing between"
        got = short_list(file.name for _, file in sorted(shards.items()))
        raise InputError(expected, got, f"the folder {folder.name}", "add the missing files or take the others away")
    if whole and len(shards) < max(totals):
        message = (
            f"{folder.name}:{split} has {len(shards)} of {max(totals)} files: what follows is the first part of it"
        )
        warnings.warn(message, IsthmusWarning, stacklevel=2)
    return tuple(file for _, file in sorted(shards.items()))


def holds_images(file: Path) -> bool:
    """Whether a file is a Parquet file with a column of encoded images."""
    return file.suffix == ".parquet" and any(is_image(field.type) for field in opened_parquet(file).schema_arrow)


def is_image(kind: pa.DataType) -> bool:
    """Whether a column of this type holds encoded images: structs with the field `bytes`."""
    if not pa.types.is_struct(kind):
        return False
    fields = {field.name: field.type for field in kind}
    return "bytes" in fields and (pa.types.is_binary(fields["bytes"]) or pa.types.is_large_binary(fields["bytes"]))


def class_names_of(schema: pa.Schema, label: str) -> tuple[str, ...] | None:
    """The name of each class number of a column, where the schema has them as `datasets` writes them.

    Args:
        schema: Of the table.
        label: The column.

    Returns:
        Names, or None.
    """
    try:
        stored = json.loads((schema.metadata or {})[b"huggingface"])
        names = tuple(str(name) for name in stored["info"]["features"][label]["names"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    refuse_odd_names(names, "classes", f"the column {label!r}")
    return names


def _labels(file: Path, column: str) -> Int64[np.ndarray, " n"]:
    column_table = read_parquet(file, [column])
    num_without = column_table[column].null_count
    if num_without:
        got = f"{num_without} rows without one"
        raise InputError("a label in every row", got, f"column {column!r} of {file.name}", "remove these rows")
    labels: Int64[np.ndarray, " n"] = column_table[column].to_numpy().astype(np.int64)
    return labels


def _refuse_column(option: str, got: str | None, fitting: Sequence[str], where: str) -> NoReturn:
    kind = {"image": "structs with the field bytes", "label": "whole numbers"}[option]
    if got is not None and fitting:
        raise UnknownNameError(f"the {option} column ({kind})", got, fitting, where)
    found = f"{len(fitting)} columns that could be it: {short_list(fitting)}"
    remedy = f"choose one with the option {option}=NAME" if fitting else "give a table that has one"
    raise InputError(f"one {option} column ({kind})", found, where, remedy)
