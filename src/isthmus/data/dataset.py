"""PyTorch data sets and loaders, read once into memory (the first items twice)."""

import sysconfig
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from isthmus.data.decoded import pixels_of
from isthmus.data.examples import Examples
from isthmus.data.images.bytes import scaled_images
from isthmus.data.named import IDS, inputs_and_targets, stacked
from isthmus.errors import InputError, short_list
from isthmus.trees import Tree, join_trees, named_tensors, tensors, tree_text

NUM_READ_TWICE = 16  # enough to see random crops and flips, cheap to read again
LIBRARIES = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), str(Path(__file__).parents[1]), "<"})
TARGET = "the targets"  # no argument of forward has such a name
NUM_INDICES_COMPARED = 10_000  # a user's sampler may be endless; it shuffles if these differ

Example = tuple[Tree, Tree]


def examples_of_dataset(dataset: Dataset[Any], name: str) -> Examples:
    """All items of a data set, in its own order.

    Args:
        dataset: Of pairs (input, target) or of dicts with a target under a usual name; tensors, arrays, numbers, lists
            of numbers or images of Pillow, or dicts and tuples of these. All inputs are of one shape, apart from
            `input_ids` and what goes with them in a dict.
        name: What to call the examples.

    Returns:
        Examples in memory, taken as they are; bytes of images are scaled when used.

    Raises:
        InputError: If an item is neither, or if reading the first items again gives other values.
    """
    texts: set[str] = set()
    pairs = list(_pairs(_items(dataset), f"item of {name}", texts))
    _refuse_changes(pairs[:NUM_READ_TWICE], _pairs(_items(dataset), f"item of {name}", texts), name)
    return _joined(pairs, name, texts, batched=False)


def examples_of_loader(loader: DataLoader[Any], name: str) -> Examples:
    """All batches of a loader, one after the other.

    Args:
        loader: Not shuffling; its batches are pairs (inputs, targets) or dicts, as those of `examples_of_dataset`.
        name: What to call the examples.

    Returns:
        Examples in memory, taken as they are; bytes of images are scaled when used.

    Raises:
        InputError: If the loader shuffles, if a batch is neither, or if reading the first batches again gives other
            values.
    """
    _refuse_shuffling(loader, name)
    texts: set[str] = set()
    pairs = list(_pairs(iter(loader), f"batch of {name}", texts, loader.batch_size))
    batched = loader.batch_sampler is not None or loader.batch_size is not None
    num_again, num_seen = 0, 0
    while num_again < len(pairs) and num_seen < NUM_READ_TWICE:
        targets = tensors(pairs[num_again][1])[0]
        num_seen += len(targets) if batched and targets.ndim else 1
        num_again += 1
    _refuse_changes(pairs[:num_again], _pairs(iter(loader), f"batch of {name}", texts), name)
    return _joined(pairs, name, texts, batched=batched)


def _items(dataset: Dataset[Any]) -> Iterator[object]:
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
        return iter(dataset)
    # By number: iter() ends at an IndexError only, which a data set need not raise.
    return (dataset[index] for index in range(len(dataset)))


def _pairs(items: Iterator[object], kind: str, texts: set[str], size: int | None = None) -> Iterator[Example]:
    """Inputs and targets of each; the names of what is no tensor, in a dict, are added to `texts`."""
    for where, item in _read_items(items, kind, size):
        if isinstance(item, Mapping):
            texts |= {str(name) for name, part in item.items() if _is_text(part)}
            kept = {str(name): part for name, part in item.items() if part is not None and not _is_text(part)}
            named = {name: _tree(part, where) for name, part in kept.items()}
            yield inputs_and_targets(named, where)
            continue
        if not isinstance(item, tuple | list) or len(item) != 2:
            got = f"{type(item).__name__} of {len(item)}" if hasattr(item, "__len__") else type(item).__name__
            remedy = "let it give (input, target), each perhaps a dict or tuple of several, or one dict of all"
            raise InputError("a pair (input, target)", got, where, remedy)
        yield _tree(item[0], where), _tree(item[1], where)


def _read_items(items: Iterator[object], kind: str, size: int | None) -> Iterator[tuple[str, object]]:
    """The items with their places; where the user's code fails, the message says at which and on which line."""
    for number in count():
        where = f"{kind}, number {number}"
        where += f" (examples {number * size} to {(number + 1) * size - 1})" if size else ""
        try:
            item = next(items)
        except StopIteration:
            return
        except InputError:
            raise
        except Exception as error:
            own = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_library(frame.filename)]
            line = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
            got = f"{type(error).__name__}: {error}{line}"
            raise InputError(
                "data that can be read to its end", got, where, "look at it there, or leave it out"
            ) from error
        yield where, item


def _is_library(file: str) -> bool:
    return file.startswith(LIBRARIES)


def _is_text(part: object) -> bool:
    """Whether something in a dict is a text or texts: no network takes them."""
    return isinstance(part, str) or (isinstance(part, list) and bool(part) and isinstance(part[0], str))


def _tree(value: object, where: str) -> Tree:
    if isinstance(value, Tensor):
        return value.detach().clone()  # a data set may hand out one buffer again and again
    if isinstance(value, np.ndarray | np.generic | bool | int | float):
        return torch.tensor(value)
    if isinstance(value, Image.Image):
        # Pillow hands out memory that can't be written to.
        return torch.from_numpy(pixels_of(value, where).copy())
    if isinstance(value, Mapping) and value:
        return {str(name): _tree(part, where) for name, part in value.items()}
    if isinstance(value, tuple | list) and any(isinstance(part, Tensor | np.ndarray | Mapping) for part in value):
        return tuple(_tree(part, where) for part in value)
    if isinstance(value, tuple | list) and value:
        with suppress(ValueError, TypeError, RuntimeError):
            return torch.tensor(value)
    raise InputError(
        "a tensor, an array, an image or a number as input and as target",
        type(value).__name__,
        where,
        "turn it into a tensor in the data set",
    )


def _refuse_changes(first: list[Example], again: Iterator[Example], name: str) -> None:
    repeated = list(islice(again, len(first)))
    # Not strict: that fewer came again is told below.
    both = zip(first, repeated, strict=False)
    same = all(_same_trees(old, new) for old, new in both)
    if not same or len(repeated) != len(first):
        raise InputError(
            "data that gives the same values every time",
            f"other values when the first {len(first)} were read again",
            name,
            "take random crops, flips and other augmentation out, and give a source that can be read twice",
        )


def _same_trees(first: Tree, second: Tree) -> bool:
    one, two = named_tensors(first), named_tensors(second)
    return one.keys() == two.keys() and all(_same_bits(one[name], two[name]) for name in one)


def _same_bits(first: Tensor, second: Tensor) -> bool:
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    flat = [tensor.cpu().contiguous().reshape(-1).view(torch.uint8) for tensor in (first, second)]
    return torch.equal(*flat)


def _refuse_shuffling(loader: DataLoader[Any], name: str) -> None:
    if isinstance(loader.dataset, IterableDataset):
        return
    order: Any = loader.sampler if loader.batch_sampler is None else loader.batch_sampler
    inner: Any = getattr(order, "sampler", order)
    if isinstance(inner, SequentialSampler):
        return
    shuffles = (
        isinstance(inner, RandomSampler | SubsetRandomSampler | WeightedRandomSampler)
        or getattr(inner, "generator", None) is not None
        or getattr(inner, "shuffle", False)
        or list(islice(order, NUM_INDICES_COMPARED)) != list(islice(order, NUM_INDICES_COMPARED))
    )
    if shuffles:
        raise InputError(
            "a loader that keeps the order of its data",
            f"one that shuffles ({type(inner).__name__})",
            name,
            "pass shuffle=False to the DataLoader",
        )


def _shape(tree: Tree) -> str:
    return str(tuple(tree.shape)) if isinstance(tree, Tensor) else tree_text(tree)


def _has_tokens(inputs: Tree) -> bool:
    return isinstance(inputs, dict) and IDS in inputs and all(isinstance(part, Tensor) for part in inputs.values())


def _joined(pairs: list[Example], name: str, texts: set[str], *, batched: bool) -> Examples:
    """Items or batches as examples.

    Args:
        pairs: Inputs and targets of each.
        name: What to call the examples.
        texts: Names of what was left out.
        batched: Whether each holds several examples.

    Returns:
        Examples in memory. In a dict, input_ids of several lengths and what goes with them are padded, and the notes
        say so.

    Raises:
        InputError: There is none, or they differ in shape.
    """
    if not pairs:
        raise InputError("at least one example", "none", name, "give data with examples")
    left_out = (f"texts left out: {short_list(sorted(texts))}",) if texts else ()
    notes: tuple[str, ...] = ()
    try:
        inputs, targets = join_trees(pairs, torch.cat if batched else torch.stack)
    except (RuntimeError, ValueError) as error:
        if not all(_has_tokens(inputs) and isinstance(targets, Tensor) for inputs, targets in pairs):
            got = "shapes such as " + ", ".join(sorted({_shape(pair[0]) for pair in pairs})[:4])
            remedy = "bring all inputs to one shape, and all targets"
            raise InputError("inputs of one shape and targets of one shape", got, name, remedy) from error
        columns: dict[str, list[Tensor]] = {}
        for given, target in pairs:
            for column, values in (given | {TARGET: target}).items():
                columns.setdefault(column, []).extend(values if batched else [values])
        if len({len(rows) for rows in columns.values()}) > 1:
            raise InputError("the same entries in every item", short_list(columns), name, "leave none out") from error
        inputs, notes = stacked(columns, TARGET, name)
        targets = inputs.pop(TARGET)
    return scaled_images(Examples(inputs, targets, name, "data", notes=left_out + notes))
