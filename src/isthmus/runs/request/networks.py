"""Several networks, or networks at several times: what the user gives, with a name for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import Any, TypeGuard

from torch import Tensor

from isthmus.errors import InputError
from isthmus.runs.request.inputs import Weights, read_weights
from isthmus.weights.checkpoint import Checkpoint, load_checkpoint
from isthmus.weights.keys import NESTS
from isthmus.weights.step import Step
from isthmus.weights.trajectory import Trajectory, is_trajectory, load_trajectory

Entry = Weights | Trajectory
Networks = Mapping[str, Entry] | Sequence[Entry] | Trajectory
DEPTH = 3  # folders of a path that may tell two networks of one file name apart
HELD_BYTES = 2 * 2**30  # of checkpoints, so that a network of many pairs is read once


@dataclass(frozen=True)
class NamedNetwork:
    """A network, or a trajectory of networks.

    Attributes:
        name: For labels.
        entry: What was given; a folder of steps as its trajectory.
    """

    name: str
    entry: Entry


def is_one_network(weights: object) -> TypeGuard[Weights]:
    """Whether something stands for one network, and not for several or for a trajectory.

    Args:
        weights: What the user gave as `a` or `b`.

    Returns:
        False for None, a list, a tuple, a trajectory or its folder, and a mapping that holds networks or paths by name.
        What a torch file held, such as `{"state_dict": ..., "epoch": 3}`, is one network.
    """
    if weights is None or isinstance(weights, Trajectory | list | tuple):
        return False
    if isinstance(weights, Mapping):
        values = weights.values()
        named = any(isinstance(value, Mapping | Checkpoint | Trajectory | str | Path) for value in values)
        return not named or any(isinstance(value, Tensor) for value in values) or _is_around_weights(weights)
    return not (isinstance(weights, str | Path) and is_trajectory(weights))


def _is_around_weights(contents: Mapping[Any, Any]) -> bool:
    """Whether a mapping is what a torch file held: a state dict under a usual name and no other network beside it."""
    nest = next((name for name in NESTS if isinstance(contents.get(name), Mapping)), None)
    others = [value for name, value in contents.items() if name != nest]
    return nest is not None and not any(map(_may_be_network, others))


def _may_be_network(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(isinstance(part, Tensor) for part in value.values())
    return isinstance(value, Checkpoint | Trajectory | Path) or (isinstance(value, str) and Path(value).exists())


def named_networks(entries: Mapping[str, Entry] | Sequence[Entry]) -> list[NamedNetwork]:
    """The networks with their names.

    Args:
        entries: By name, or in a list: then a path is called by its file's name, or by the nearest folder above it
            that tells the paths apart, and what is no path by its number. The same entry twice keeps its name.

    Returns:
        One for each entry, in the order given.
    """
    if isinstance(entries, Mapping):
        return [NamedNetwork(str(name), load_entry(entry)) for name, entry in entries.items()]
    distinct = list(dict.fromkeys(map(_identity, entries)))
    names = dict(zip(distinct, _names(distinct, entries), strict=True))
    return [NamedNetwork(names[_identity(entry)], load_entry(entry)) for entry in entries]


def load_entry(entry: Entry) -> Entry:
    """The trajectory of a folder of steps; anything else as it is.

    Args:
        entry: What was given.

    Returns:
        The entry.
    """
    return load_trajectory(entry) if isinstance(entry, str | Path) and is_trajectory(entry) else entry


def _identity(entry: Entry) -> Path | int:
    return Path(entry).absolute() if isinstance(entry, str | Path) else id(entry)


def _names(distinct: list[Path | int], entries: Sequence[Entry]) -> list[str]:
    # Backwards, so that a network that is given twice has its first number.
    numbers = {_identity(entry): str(number) for number, entry in reversed(list(enumerate(entries, start=1)))}
    stems = [_stem(entry) if isinstance(entry, Path) else numbers[entry] for entry in distinct]
    for parts in [slice(-k, 1 - k or None) for k in range(1, DEPTH + 1)] + [
        slice(-k, None) for k in range(2, DEPTH + 1)
    ]:
        names = [
            "/".join((*entry.parts[:-1], stem)[parts]) or stem if isinstance(entry, Path) else stem
            for entry, stem in zip(distinct, stems, strict=True)
        ]
        if len(set(names)) == len(names):
            return names
    return [f"{stem}-{number}" for number, stem in enumerate(stems, start=1)]


def _stem(path: Path) -> str:
    return path.name if path.is_dir() else path.stem


class HeldCheckpoints:
    """Checkpoints that several members need, each read once as long as all fit; the one used least recently goes first.

    Args:
        limit: Bytes of weights to hold.
    """

    def __init__(self, limit: int = HELD_BYTES) -> None:
        self._limit = limit
        self._held: dict[Path, Checkpoint] = {}

    def checkpoint(self, network: NamedNetwork, step: Step | None = None) -> Checkpoint:
        """The weights of a network.

        Args:
            network: One of a collection.
            step: Of a trajectory.

        Returns:
            A checkpoint, under the name of its file where it has one.

        Raises:
            InputError: It is neither a state dict nor a checkpoint that can be read.
        """
        entry = network.entry
        if isinstance(entry, Trajectory):
            assert step is not None, "a trajectory is measured at steps"
            entry = entry.files[step]
        if isinstance(entry, Checkpoint):
            return entry
        if not isinstance(entry, str | Path):
            return Checkpoint(*_own_weights(entry, network.name))
        path = Path(entry)
        # Taken out and put back in: a dict then stands in the order of use.
        found = self._held.pop(path, None) or load_checkpoint(path)
        self._held[path] = found
        # The one just read stays, however large it is.
        while len(self._held) > 1 and sum(map(_num_bytes, self._held.values())) > self._limit:
            del self._held[next(iter(self._held))]
        return found


def _own_weights(entry: Weights, name: str) -> tuple[dict[str, Tensor], str, tuple[str, ...]]:
    weights, _, notes = read_weights(entry, name)
    return dict(weights), name, notes


def _num_bytes(checkpoint: Checkpoint) -> int:
    return sum(tensor.nbytes for tensor in checkpoint.weights.values())


def read_apart(networks: Sequence[Weights]) -> list[Checkpoint]:
    """The weights of several networks under names that differ: by their folder too where files have one name.

    Args:
        networks: As `read_weights`, network a first.

    Returns:
        One for each. Weights that were given directly are called "a", "b", "c", ...
    """
    letters = [*ascii_lowercase, *map(str, range(len(ascii_lowercase) + 1, len(networks) + 1))]
    read = [read_weights(weights, letter) for weights, letter in zip(networks, letters, strict=False)]
    files = [name for _, name, _ in read]
    names = list(files)
    for number, (given, name) in enumerate(zip(networks, files, strict=True)):
        if files.count(name) > 1 and isinstance(given, str | Path):
            names[number] = f"{Path(given).resolve().parent.name}/{name}"
    named: list[Checkpoint] = []
    for (weights, _, notes), name in zip(read, names, strict=True):
        count = sum(name in {one.name, one.name.rpartition(" (")[0]} for one in named)
        named.append(Checkpoint(dict(weights), f"{name} ({count + 1})" if count else name, notes))
    return named


def refuse_one_network(weights: object) -> None:
    """Say how to give more networks than one.

    Args:
        weights: A single network, without a second one.

    Raises:
        InputError: Always.
    """
    raise InputError(
        "two networks, several by name, or two trajectories",
        f"one {'path' if isinstance(weights, str | Path) else type(weights).__name__} alone",
        "networks a and b",
        "give a second one; three or more give all pairs: isthmus measure A B C, or a mapping of names in Python",
    )
