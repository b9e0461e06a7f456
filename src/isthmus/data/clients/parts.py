"""What every client of a federation trains on, and is tested on."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from isthmus.data.clients.dealing import client_parts, known_labels, refuse_empty
from isthmus.data.clients.matched import matched_parts
from isthmus.data.clients.partition import Client, partition_of
from isthmus.data.examples import Examples
from isthmus.data.load import load_examples
from isthmus.data.spec import parse_data_spec
from isthmus.errors import InputError
from isthmus.trees import take_rows, tree_text


@dataclass(frozen=True)
class ClientExamples:
    """One client's own examples.

    Attributes:
        number: From 0.
        train: Its part of the training examples.
        test: Examples of the test split in the class shares of `train`.
        test_indices: Their numbers in the whole test set, ascending; None where `test` holds them changed.
        rule: How they came to it, in words.
    """

    number: int
    train: Examples
    test: Examples
    test_indices: Tensor | None
    rule: str


def client_examples(
    train: str, test: str, partition_text: str, num_clients: int, *, seed: int, data_root: Path | None = None
) -> list[ClientExamples]:
    """The examples of every client, from one reading of the training and the test set.

    Every training example is at exactly one client. The training parts are those of
    `load_examples(f"{train}:client=K/N,{partition_text},seed={seed}")`; the test parts are `matched_parts`.

    Args:
        train: The training examples, such as "fashion_mnist:train[0:6000]".
        test: The test examples, such as "fashion_mnist:test[0:2000]"; never mixed with the others.
        partition_text: "iid", "dirichlet=0.1", "mixture=0.1", "classes=2" or "shards=2".
        num_clients: N.
        seed: Of the partition and of the test parts.
        data_root: The folder that holds the known sets; None for ISTHMUS_DATA or the user's cache.

    Returns:
        N clients in the order of their numbers.

    Raises:
        InputError: A specification or the rule is wrong, a client would be without an example, or the two sets overlap
            or are normalised differently.
    """
    partition = partition_of(partition_text, num_clients, seed, f"the partition {partition_text!r}")
    trained, tested = (load_examples(text, data_root=data_root) for text in (train, test))
    _refuse_unlike(train, test, trained, tested)
    labels, test_labels = (
        known_labels(partition, examples.class_numbers, len(examples), examples.name) for examples in (trained, tested)
    )
    parts = client_parts(partition, labels, trained.name)
    for number, part in enumerate(parts):
        refuse_empty(Client(number, partition), part, len(trained), trained.name)
    clients = []
    for number, (part, test_part) in enumerate(
        zip(parts, matched_parts(parts, labels, test_labels, seed, tested.name), strict=True)
    ):
        whose = f"client {number} of {num_clients} ({partition.text}, seed {seed})"
        indices = torch.from_numpy(test_part)
        own = replace(trained.take(torch.from_numpy(part)), name=f"{trained.name}, {whose}")
        own_test = replace(tested.take(indices), name=f"{tested.name}, in the class shares of {whose}")
        rule = f"{partition.text}, seed {seed}; tested on {len(indices)} of {tested.name} in its class shares"
        clients.append(ClientExamples(number, own, own_test, indices, rule))
    return clients


def _refuse_unlike(train: str, test: str, trained: Examples, tested: Examples) -> None:
    where = f"train {train!r} and test {test!r}"
    specs = [parse_data_spec(text) for text in (train, test)]
    if any(spec.client for spec in specs):
        raise InputError("all examples of a split", "one client's part", where, "leave client=K/N out")
    starts = [spec.start or 0 for spec in specs]
    stops = [start + len(examples) for start, examples in zip(starts, (trained, tested), strict=True)]
    same = (specs[0].source, trained.split) == (specs[1].source, tested.split)
    if same and max(starts) < min(stops):
        raise InputError("test examples that no client trains on", "the same in both", where, "take another split")
    shapes = [
        (tree_text(take_rows(examples.inputs, slice(0, 1))), examples.normalization) for examples in (trained, tested)
    ]
    if shapes[0] != shapes[1]:
        raise InputError("inputs of one shape and one normalization", "two", where, "write the same options for both")
