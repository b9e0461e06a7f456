"""Examples from a table: a column of texts, or columns of numbers, and the one that holds what is right."""

from collections.abc import Mapping
from contextlib import suppress

import pyarrow as pa
import torch
from torch import Tensor

from isthmus.data.examples import Examples, Normalization
from isthmus.data.images.normalizations import SCALE_ONLY, own_normalization
from isthmus.data.named import IDS, INPUTS, TARGETS, stacked, target_name
from isthmus.data.spec import TEXT_COLUMNS
from isthmus.data.tables.columns import Columns, other_columns
from isthmus.data.tables.texts import Texts, class_numbers
from isthmus.errors import InputError, short_list
from isthmus.trees import Tree

TAGS = ("ner_tags", "tags", "pos_tags")
"""What one label a word is called, besides the usual names of targets."""

IMAGE_LABELS = ("fine_label",)
IMAGES = "pixel_values"  # the argument of the image networks of transformers

Targets = tuple[Tensor, tuple[str, ...] | None]


def examples_of_table(
    table: pa.Table, name: str, split: str, options: Mapping[str, str], tokenizer: str | None = None
) -> Examples:
    """The examples in a table.

    Texts are tokenised. Without a column of texts, every column of numbers besides the targets is an input by its
    name; rows of several lengths are padded.

    Args:
        table: One row an example.
        name: What to call them.
        split: Their split.
        options: `text`, `pair`, `label`, `target`, `names`, `image`, `tokenizer`, `length`, `mean`, `std`.
        tokenizer: Where the option is not written; None for none.

    Returns:
        The examples. What was padded, cut or left out stands in their notes.

    Raises:
        InputError: There is no row, no targets, no input, a value is missing, or texts without a tokenizer.
        UnknownNameError: A column that an option names is not there.
    """
    if not table.num_rows:
        raise InputError("at least one row", "none", name, "give a table that has rows")
    columns = Columns(table, name)
    text = _text_column(columns, options)
    source = options.get("tokenizer", tokenizer)
    if text is not None or "target" in options:
        return _of_texts(columns, text, split, options, source)
    return _of_numbers(columns, split, options, source)


def _of_texts(
    columns: Columns, text: str | None, split: str, options: Mapping[str, str], tokenizer: str | None
) -> Examples:
    name = columns.name
    if text is None:
        got = f"columns {short_list(columns.names)}"
        raise InputError("a column of texts beside the target", got, name, "name it: text=COLUMN")
    first = columns.texts(text)
    texts = Texts.of(tokenizer, options.get("length"), name)
    pair = columns.chosen(options["pair"]) if "pair" in options else TEXT_COLUMNS.get(text, "")
    pairs = columns.texts(pair) if pair in columns.names else None
    inputs, encoded, notes = texts.inputs(first, pairs)
    class_names = None
    if "target" in options:
        target = columns.chosen(options["target"])
        targets, more = texts.targets(columns.texts(target))
        notes += more if target != text else []
    else:
        target = _label_column(columns, options)
        if columns.holds_texts(target):
            targets, class_names = texts.class_numbers(columns.texts(target), options.get("names"), target)
        elif columns.holds_words(text):
            targets = texts.tags(columns.rows(target), encoded, inputs[IDS].shape[1])
        else:
            targets, class_names = _numbers(columns, target, options)
    notes += other_columns(columns, {text, pair, target})
    return Examples(inputs, targets, name, split, class_names=class_names, notes=tuple(notes))


def _of_numbers(columns: Columns, split: str, options: Mapping[str, str], tokenizer: str | None) -> Examples:
    name, target = columns.name, _label_column(columns, options)
    inputs = [column for column in columns.names if columns.holds_numbers(column) and column != target]
    images = [column for column in columns.names if columns.holds_images(column)]
    images = [columns.chosen(options["image"])] if "image" in options else images[:1]
    if INPUTS in inputs:
        inputs = [INPUTS]
    if not inputs and not images:
        got = f"columns {short_list(columns.names)}"
        raise InputError("a column of texts, images or numbers", got, name, "name one of texts: text=COLUMN")
    by_name = {column: columns.rows(column) for column in inputs}
    class_names = None
    if columns.holds_numbers(target) and columns.holds_lists(target):
        by_name[target] = columns.rows(target)
    length = int(options["length"]) if "length" in options else None
    is_ragged = IDS in by_name and len({len(row) if row.ndim else 0 for row in by_name[IDS]}) > 1
    pad = _padding_token(tokenizer, name) if is_ragged or length else 0
    found, notes = stacked(by_name, target, name, pad=pad, length=length)
    if target in found:
        targets = found.pop(target)
    else:
        targets, class_names = _numbers(columns, target, options)
    whole: Tree = found.get(INPUTS, found)
    normalization: Normalization | None = None
    if images:
        bytes_ = columns.images(images[0])
        normalization = own_normalization(dict(options), SCALE_ONLY.scale, name) or SCALE_ONLY
        whole = bytes_ if not found else found | {IMAGES: normalization(bytes_, torch.float32)}
        # Examples normalise a single tensor; beside other inputs it was done here.
        normalization = normalization if not found else None
    notes += other_columns(columns, {*inputs, *images, target})
    return Examples(whole, targets, name, split, normalization, class_names, notes=notes)


def _numbers(columns: Columns, target: str, options: Mapping[str, str]) -> Targets:
    """Numbers, or words with the option `names`, as targets; floating ones in float32."""
    if columns.holds_texts(target):
        return class_numbers(columns.texts(target), options.get("names"), target, columns.name)
    found, _ = stacked({target: columns.rows(target)}, target, columns.name)
    values = found[target]
    names = tuple(options["names"].split("/")) if "names" in options else columns.class_names(target)
    return (values.float() if values.is_floating_point() else values.long()), names


def _text_column(columns: Columns, options: Mapping[str, str]) -> str | None:
    if "text" in options:
        return columns.chosen(options["text"])
    if IDS in columns.names or INPUTS in columns.names:
        return None
    fits = [name for name in TEXT_COLUMNS if name in columns.names]
    return next((name for name in fits if columns.holds_texts(name) or columns.holds_words(name)), None)


def _label_column(columns: Columns, options: Mapping[str, str]) -> str:
    if "label" in options:
        return columns.chosen(options["label"])
    others = [name for name in (*TAGS, *IMAGE_LABELS) if name in columns.names]
    if others and not any(name in columns.names for name in TARGETS):
        return others[0]
    return target_name(columns.names, columns.name)


def _padding_token(tokenizer: str | None, name: str) -> int:
    """The tokenizer's own, where there is one; else 0."""
    with suppress(InputError):
        if tokenizer is not None:
            return Texts.of(tokenizer, None, name).tokenizer.pad_token_id or 0
    return 0
