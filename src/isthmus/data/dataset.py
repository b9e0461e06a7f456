"""PyTorch data sets and loaders, read once into memory (the first items twice)."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
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

from isthmus.data.examples import Examples
from isthmus.errors import InputError

NUM_READ_TWICE = 16  # enough to see random crops and flips, cheap to read again
NUM_INDICES_COMPARED = 10_000  # a user's sampler may be endless; it shuffles if these differ

Example = tuple[Tensor, Tensor]


def examples_of_dataset(dataset: Dataset[Any], name: str) -> Examples:
    """All items of a data set, in its own order.

    Args:
        dataset: Of pairs (input, target): tensors, arrays or numbers, all inputs of one shape.
        name: What to call the examples.

    Returns:
        Examples in memory, taken as they are.

    Raises:
        InputError: If an item is no such pair, or if reading the first items again gives other values.
    """
    pairs = list(_pairs(_items(dataset), f"item of {name}"))
    _refuse_changes(pairs[:NUM_READ_TWICE], _pairs(_items(dataset), f"item of {name}"), name)
    return _joined(pairs, torch.stack, name)


def examples_of_loader(loader: DataLoader[Any], name: str) -> Examples:
    """All batches of a loader, one after the other.

    Args:
        loader: Not shuffling; its batches are pairs (inputs, targets).
        name: What to call the examples.

    Returns:
        Examples in memory, taken as they are.

    Raises:
        InputError: If the loader shuffles, if a batch is no such pair, or if reading the first batches again gives
            other values.
    """
    _refuse_shuffling(loader, name)
    pairs = list(_pairs(iter(loader), f"batch of {name}"))
    batched = loader.batch_sampler is not None or loader.batch_size is not None
    num_again, num_seen = 0, 0
    while num_again < len(pairs) and num_seen < NUM_READ_TWICE:
        targets = pairs[num_again][1]
        num_seen += len(targets) if batched and targets.ndim else 1
        num_again += 1
    _refuse_changes(pairs[:num_again], _pairs(iter(loader), f"batch of {name}"), name)
    return _joined(pairs, torch.cat if batched else torch.stack, name)


def _items(dataset: Dataset[Any]) -> Iterator[object]:
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
        return iter(dataset)
    return (dataset[index] for index in range(len(dataset)))


def _pairs(items: Iterator[object], kind: str) -> Iterator[Example]:
    for number, item in enumerate(items):
        if not isinstance(item, tuple | list) or len(item) != 2:
            got = f"{type(item).__name__} of {len(item)}" if hasattr(item, "__len__") else type(item).__name__
            remedy = "let it give (input, target) and nothing else"
            raise InputError("a pair (input, target)", got, f"{kind}, number {number}", remedy)
        yield _tensor(item[0], kind, number), _tensor(item[1], kind, number)


def _tensor(value: object, kind: str, number: int) -> Tensor:
    if isinstance(value, Tensor):
        return value.detach().clone()  # a data set may hand out one buffer again and again
    if isinstance(value, np.ndarray | np.generic | bool | int | float):
        return torch.tensor(value)
    raise InputError(
        "a tensor, an array or a number as input and as target",
        type(value).__name__,
        f"{kind}, number {number}",
        "turn it into a tensor in the data set",
    )


def _refuse_changes(first: list[Example], again: Iterator[Example], name: str) -> None:
    repeated = list(islice(again, len(first)))
    both = zip(first, repeated, strict=False)
    same = all(_same_bits(old[0], new[0]) and _same_bits(old[1], new[1]) for old, new in both)
    if not same or len(repeated) != len(first):
        raise InputError(
            "data that gives the same values every time",
            f"other values when the first {len(first)} were read again",
            name,
            "take random crops, flips and other augmentation out, and give a source that can be read twice",
        )


def _same_bits(first: Tensor, second: Tensor) -> bool:
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    flat = [tensor.cpu().reshape(-1).view(torch.uint8) for tensor in (first, second)]
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


def _joined(pairs: list[Example], join: Callable[[list[Tensor]], Tensor], name: str) -> Examples:
    if not pairs:
        raise InputError("at least one example", "none", name, "give data with examples")
    try:
        inputs, targets = (join(list(column)) for column in zip(*pairs, strict=True))
    except RuntimeError as error:
        got = "shapes such as " + ", ".join(sorted({str(tuple(pair[0].shape)) for pair in pairs})[:4])
        remedy = "bring all inputs to one shape, and all targets"
        raise InputError("inputs of one shape and targets of one shape", got, name, remedy) from error
    return Examples(inputs, targets, name, "data")
