"""Natural clients: the people who wrote MNIST's digits."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int

from isthmus.data.clients.draws import hashed_number
from isthmus.data.clients.partition import NATURAL, ClientPartition
from isthmus.data.examples import Examples
from isthmus.data.places import data_root_folder
from isthmus.data.spec import DataSpec
from isthmus.errors import InputError
from isthmus.gate.tables import read_parquet

Numbers = Int[np.ndarray, " _"]


@dataclass(frozen=True)
class Writers:
    """Who wrote each of some digits.

    Attributes:
        numbers: The writer's number in NIST's collection.
        kinds: 10 times the number of the series (0: employees, 4: pupils) plus the digit: what a writer's share of can
            be found among other people's digits.
    """

    numbers: Numbers
    kinds: Numbers


def load_writers(examples: Examples, spec: DataSpec, data_root: Path | None) -> Writers:
    """The writers of MNIST's digits, from the file `SPLIT-writers.parquet` beside the images.

    Args:
        examples: The digits that `spec` names.
        spec: Its source and slice.
        data_root: The folder that holds the known sets; None for ISTHMUS_DATA or the user's cache.

    Returns:
        One writer an example.

    Raises:
        InputError: The examples are others than MNIST's, or the file is absent or of other digits.

    Source:
        C. Yadav, L. Bottou, "Cold Case: The Lost MNIST Digits", NeurIPS 2019 (QMNIST has the numbers).
    """
    if spec.source != "mnist":
        expected, remedy = f"mnist, whose writers are known, for natural={NATURAL}", "leave it out, or name mnist"
        raise InputError(expected, spec.source, f"data {examples.name!r}", remedy)
    file = data_root_folder(data_root) / "mnist" / f"{examples.split}-writers.parquet"
    if not file.is_file():
        expected = f"{file.name} beside the images, with a row (writer, hsf, label) for each image"
        raise InputError(expected, "no such file", f"the folder {str(file.parent)!r}", "make it from QMNIST's labels")
    start = spec.start or 0
    table = read_parquet(file, ["writer", "hsf", "label"]).slice(start, len(examples))
    writer, series, digit = (column.to_numpy().astype(np.int64) for column in table.columns)
    labels = examples.class_numbers
    if labels is None or not np.array_equal(digit, labels):
        expected = f"the labels of {examples.name}"
        raise InputError(expected, "others", f"the column label of {file.name}", "use a file of the same images")
    # One number for both, since digits end at 9.
    return Writers(writer, 10 * series + digit)


def natural_parts(partition: ClientPartition, writers: Numbers, where: str) -> list[Numbers]:
    """Whole writers, dealt out: in random order each goes to the client with the fewest examples so far.

    With as many clients as writers each has one; sizes differ by at most the largest writer's.

    Args:
        partition: The number of clients and the seed.
        writers: The writer of each example.
        where: For the message.

    Returns:
        One part a client, none empty.

    Raises:
        InputError: There are fewer writers than clients.
    """
    names, counts = np.unique(writers, return_counts=True)
    if len(names) < partition.num_clients:
        got = f"{len(names)} writers"
        raise InputError(f"a writer for each of {partition.num_clients} clients", got, where, "write fewer clients")
    sizes = [0] * partition.num_clients
    owner: dict[int, int] = {}
    for writer, count in sorted(
        zip(names.tolist(), counts.tolist(), strict=True),
        key=lambda pair: hashed_number(partition.seed, "writer", pair[0]),
    ):
        owner[writer] = sizes.index(min(sizes))
        sizes[owner[writer]] += count
    owners = np.array([owner[writer] for writer in writers.tolist()])
    return [np.flatnonzero(owners == client) for client in range(partition.num_clients)]
