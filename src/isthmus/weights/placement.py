"""Which entry of a file belongs to which key of a network: prefixes, wrappers, missing and extra entries."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from torch import Tensor, nn

from isthmus.errors import InputError, short_list
from isthmus.weights.keys import AROUND, AVERAGED, TRANSPARENT, full_key, prefixes, usual_first, without_wrappers
from isthmus.weights.state import (
    Kind,
    StateDict,
    StructureDifference,
    entry_kinds,
    same_bits,
    structure_difference,
    tensors_of,
    tied_keys,
)

BATCH_COUNTER = "num_batches_tracked"
PROFILED = frozenset({"total_ops", "total_params"})  # the profiler thop leaves these in every module


@dataclass(frozen=True)
class ExpectedEntries:
    """What a network's state dict holds.

    Attributes:
        tensors: Key -> a tensor of the right shape.
        counters: Keys of step counters, which have no effect on outputs in evaluation.
        ties: Groups of keys that are one tensor.
        unsaved: Key -> value of buffers that the network has and does not save.
    """

    tensors: StateDict
    counters: frozenset[str] = frozenset()
    ties: tuple[tuple[str, ...], ...] = ()
    unsaved: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Placement:
    """Where the entries of a file belong, or how far they miss.

    Attributes:
        keys: Key of the network -> key of the file.
        difference: What is wrong; false where the network is found and nothing else stands in it.
        prefix: Under which the network stands in the file.
        notes: What was stripped, added or left out.
    """

    keys: Mapping[str, str]
    difference: StructureDifference
    prefix: str = ""
    notes: tuple[str, ...] = ()


def entries_of_model(model: nn.Module) -> ExpectedEntries:
    """What a model's state dict holds.

    Args:
        model: The network; not changed.

    Returns:
        Its entries, with those that a file may lack or have besides.
    """
    tensors, kinds = tensors_of(model), entry_kinds(model)
    counters = {key for key, kind in kinds.items() if kind is Kind.COUNTER} | ({AVERAGED} & tensors.keys())
    unsaved = {key: buffer for key, buffer in model.named_buffers() if key not in tensors}
    return ExpectedEntries(tensors, frozenset(counters), tuple(tied_keys(model)), unsaved)


def entries_like(weights: StateDict) -> ExpectedEntries:
    """What another file of one architecture holds, where no model is known.

    Args:
        weights: The entries of one of them.

    Returns:
        They; BatchNorm's counters are known by their name beside running means.
    """
    counters = (key for key in weights if _path(key, BATCH_COUNTER) is not None)
    return ExpectedEntries(
        weights,
        frozenset(key for key in counters if full_key(_path(key, BATCH_COUNTER) or "", "running_mean") in weights),
    )


def placement(weights: StateDict, expected: ExpectedEntries, where: str) -> Placement:
    """Find the network among the entries of a file.

    The keys may stand under a prefix (`model.`), lack one that the network has, and hold or lack the parts of wrappers.
    What stands outside the prefix under which the whole network is found, such as a loss's own weights, is left out.
    What stands inside is not: it would be part of another network than the one expected.

    Args:
        weights: Entries of a file.
        expected: Of the network.
        where: The file, for messages.

    Returns:
        The placement, or the nearest one with what is wrong.

    Raises:
        InputError: The network is found under several prefixes, none of which is usual.
    """
    nearest = None
    for view in _views(weights, expected):
        tried = [view.place(prefix) for prefix in prefixes(view.file_keys, view.model_keys)]
        covering = [found for found in tried if not (found.difference.missing or found.difference.reshaped)]
        if covering:
            chosen = _chosen(covering, where)
            return view.with_notes(chosen, [found for found in covering if found is not chosen])
        # For the message: how far the keys miss as they are.
        nearest = nearest or next(iter(tried), None)
    return nearest or Placement({}, structure_difference(weights, expected.tensors))


def _chosen(covering: list[Placement], where: str) -> Placement:
    by_prefix = {found.prefix: found for found in covering}
    usual = usual_first(by_prefix)
    if usual is None:
        first = f"{covering[0].prefix}."
        raise InputError(
            "one network of the model's keys",
            f"{len(covering)}, under the prefixes {short_list(f'{prefix}.' for prefix in by_prefix)}",
            where,
            f"save the one that you mean alone: {{key.removeprefix({first!r}): tensor for key, tensor in "
            f"state_dict.items() if key.startswith({first!r})}}",
        )
    return by_prefix[usual]


@dataclass(frozen=True)
class _View:
    """The entries of a file and those expected, under names that may agree where the keys do not.

    Attributes:
        weights: Entries of the file.
        expected: Of the network.
        file_keys: Name -> key of the file.
        model_keys: Name -> key of the network.
        head: What every key of the network begins with and the names do not.
        removed: Parts of wrappers that the names lack.
    """

    weights: StateDict
    expected: ExpectedEntries
    file_keys: Mapping[str, str]
    model_keys: Mapping[str, str]
    head: str
    removed: frozenset[str]

    def place(self, prefix: str) -> Placement:
        """Everything below a prefix at its place."""
        keys = {
            key: self.file_keys[full_key(prefix, name)]
            for name, key in self.model_keys.items()
            if full_key(prefix, name) in self.file_keys
        }
        found = {key: self.weights[source] for key, source in keys.items()}
        difference = structure_difference(found, self.expected.tensors)
        filled = self.expected.counters | {
            key for group in self.expected.ties if set(group) & keys.keys() for key in group
        }
        missing = tuple(key for key in difference.missing if key not in filled)
        unexpected = tuple(
            self.file_keys[name] for name in self._beside(keys, prefix) if not self._is_idle(name, prefix)
        )
        return Placement(keys, replace(difference, missing=missing, unexpected=unexpected), prefix)

    def with_notes(self, found: Placement, others: list[Placement]) -> Placement:
        """A placement with what was done in words."""
        used, notes = set(found.keys.values()), []
        outside = [key for name, key in self.file_keys.items() if not _is_below(name, found.prefix)]
        if self.removed:
            notes.append(f"the parts of wrappers were taken out of the keys: {short_list(sorted(self.removed))}")
        if found.prefix:
            from_which = f"{len(used)} keys" if outside else "every key"
            notes.append(f"the prefix '{found.prefix}.' was stripped from {from_which}")
        if self.head:
            notes.append(f"the prefix '{self.head}.' of the model was added to every key")
        for other in others:
            notes.append(f"a second network of these keys, under '{other.prefix}.', was not read")
            used |= set(other.keys.values())
        unread = set(found.difference.unexpected) | used
        if left_out := [key for key in self.weights if key not in unread]:
            notes.append(f"keys that the model does not have were left out: {short_list(left_out)}")
        return replace(found, notes=tuple(notes))

    def _beside(self, keys: Mapping[str, str], prefix: str) -> list[str]:
        used = set(keys.values())
        return [name for name, key in self.file_keys.items() if key not in used and _is_below(name, prefix)]

    def _is_idle(self, name: str, prefix: str) -> bool:
        """Whether an entry of the file has no part in what the network computes."""
        tensor, name = self.weights[self.file_keys[name]], name.removeprefix(f"{prefix}.")
        path, last = name.rpartition(".")[::2]
        if last == BATCH_COUNTER:
            return full_key(path, "running_mean") in self.model_keys
        unsaved = self.expected.unsaved.get(full_key(self.head, name))
        if unsaved is not None:
            return tensor.shape == unsaved.shape and same_bits(tensor.to(unsaved.dtype), unsaved)
        return name == AVERAGED or last in PROFILED


def _views(weights: StateDict, expected: ExpectedEntries) -> Iterator[_View]:
    """From the keys as they are to those without wrappers' parts; each also without what all of the network's share."""
    before = None
    # Keys as they are come first: names are taken out only where that is needed to make them fit.
    for removed in (frozenset[str](), TRANSPARENT, TRANSPARENT | AROUND):
        try:
            file_keys = without_wrappers(weights, removed, "")
            model_keys = without_wrappers(expected.tensors, removed, "")
        except InputError:  # two keys would become one
            continue
        names = (list(file_keys), list(model_keys))
        if names == before:
            continue
        before = names
        parts = {part for key in (*weights, *expected.tensors) for part in key.split(".")[:-1]} & removed
        for head in _heads(model_keys):
            below = {name.removeprefix(f"{head}."): key for name, key in model_keys.items()}
            yield _View(weights, expected, file_keys, below, head, frozenset(parts))


def _heads(names: Mapping[str, str]) -> Iterator[str]:
    """The dotted paths that all names begin with, shortest first, as long as modules remain below."""
    head = ""
    while True:
        yield head
        below = [name.removeprefix(f"{head}.") if head else name for name in names]
        firsts = {name.partition(".")[0] for name in below}
        # A head is a part that all keys of the model share, as `model.` of a wrapper.
        if len(firsts) != 1 or not any(name.count(".") > 1 for name in below):
            return
        head = full_key(head, firsts.pop())


def _path(key: str, last: str) -> str | None:
    """The path of the module whose entry of that name the key is; None for another key."""
    path, _, name = key.rpartition(".")
    return path if name == last else None


def _is_below(name: str, prefix: str) -> bool:
    return not prefix or name.startswith(f"{prefix}.")
