"""What every client of a federation trains on, and is tested on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from isthmus.data.clients.dealing import client_parts, known_labels, refuse_empty
from isthmus.data.clients.matched import matched_parts
from isthmus.data.clients.partition import Client, partition_of
from isthmus.data.clients.shift import shift_of, shifted
from isthmus.data.clients.writers import load_writers
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
        test: Examples of the test split in the class shares of `train`, under the same shift.
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
        partition_text: "iid", "dirichlet=0.1", "mixture=0.1", "classes=2", "shards=2" or "natural=writers", perhaps
            with a shift: "iid,shift=rotation".
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
    specs = [parse_data_spec(text) for text in (train, test)]
    where = f"train {trained.name!r} and test {tested.name!r}"
    if any(spec.client for spec in specs):
        raise InputError("all examples of a split", "one client's part", where, "leave client=K/N out")
    refuse_unlike((train, test), (trained, tested), "test examples that no client trains on", where)
    both = list(zip((trained, tested), specs, strict=True))
    if partition.rule == "natural":
        writers, test_writers = (load_writers(examples, spec, data_root) for examples, spec in both)
        dealt, kinds, test_kinds = writers.numbers, writers.kinds, test_writers.kinds
        kind, tested_on = "kind (10 * series + digit)", "other people's digits, in the shares of digits and of series"
    else:
        kinds, test_kinds = (known_labels(partition, part.class_numbers, len(part), part.name) for part, _ in both)
        dealt, kind, tested_on = kinds, "class", "examples in the class shares"
    parts = client_parts(partition, dealt, trained.name)
    everyone = [Client(number, partition) for number in range(num_clients)]
    for client, part in zip(everyone, parts, strict=True):
        refuse_empty(client, part, len(trained), trained.name)
    test_parts = matched_parts(parts, kinds, test_kinds, seed, tested.name, kind)
    found = []
    for client, part, test_part in zip(everyone, parts, test_parts, strict=True):
        whose = f"client {client.number} of {num_clients} ({partition.text}, seed {seed})"
        indices = torch.from_numpy(test_part)
        chosen = tested.take(indices)
        own, own_test = shifted(trained.take(torch.from_numpy(part)), client), shifted(chosen, client)
        shift = shift_of(client, own.tensor.shape[1]) if partition.shift else None
        words = f"{whose}; {shift.words}" if shift else whose
        found.append(
            ClientExamples(
                client.number,
                replace(own, name=f"{trained.name}, {whose}"),
                replace(own_test, name=f"{tested.name}, for {whose}"),
                indices if own_test is chosen else None,
                f"{words}; tested on {len(indices)} {tested_on} of its training part",
            )
        )
    return found


def refuse_unlike(texts: Sequence[str], both: Sequence[Examples], expected: str, where: str) -> None:
    """Refuse two sets that share an example, or whose inputs differ in shape or normalization.

    Args:
        texts: Their specifications.
        both: What these name.
        expected: Of the two, in a message about an example in both.
        where: What names them.

    Raises:
        InputError: They do.
    """
    specs = [parse_data_spec(text) for text in texts]
    # Which of a split one client's part has is not looked up: it may be any.
    starts = [0 if spec.client else spec.start or 0 for spec in specs]
    stops = [
        math.inf if spec.client else start + len(part) for spec, start, part in zip(specs, starts, both, strict=True)
    ]
    sources = [Path(spec.source).resolve() for spec in specs]
    if sources[0] == sources[1] and both[0].split == both[1].split and max(starts) < min(stops):
        raise InputError(expected, "the same in both", where, "take another split")
    shapes = [(tree_text(take_rows(part.inputs, slice(0, 1))), part.normalization) for part in both]
    if shapes[0] != shapes[1]:
        raise InputError("inputs of one shape and one normalization", "two", where, "write the same options for both")
