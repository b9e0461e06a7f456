"""The state dict inside what a torch file holds: bare, under a usual key, or the only one there is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from isthmus.errors import InputError, short_list
from isthmus.weights.keys import NESTS

Place = tuple[str | int, ...]
DEPTH = 6  # files nest no deeper; contents that hold themselves would never end


@dataclass(frozen=True)
class FoundWeights:
    """A state dict, and what was done to find it.

    Attributes:
        weights: Its tensors.
        notes: Where it stood, and what beside it or in it was left out.
    """

    weights: dict[str, Tensor]
    notes: tuple[str, ...]


def found_weights(contents: object, where: str) -> FoundWeights:
    """The state dict inside what a torch file holds.

    A usual name (`state_dict`, `model`, ...) comes first, at every depth. Without one, the only state dict there is
    counts; the optimizer's is none. Tensors beside a nest, such as a best accuracy, are left out and named.

    Args:
        contents: What was read.
        where: The file, for messages.

    Returns:
        Its tensors, with notes.

    Raises:
        InputError: There is no state dict, or several and none under a usual name.
    """
    place = _place(contents, where)
    holder = _at(contents, place)
    notes = []
    if place:
        notes.append(f"the weights were found under {_shown(place)}")
    others = [other for other in _candidates(contents) if _has_axes(contents, other) and other[: len(place)] != place]
    if unread := [_shown(other) for other in others if other != place[: len(other)]]:
        notes.append(f"other state dicts of the file were not read: {short_list(unread)}")
    around = [(place[depth], _tensors(_at(contents, place[:depth]))) for depth in range(len(place))]
    if beside := [key for nest, tensors in around for key in tensors if key != nest]:
        notes.append(f"tensors beside the weights were left out: {short_list(beside)}")
    if skipped := [str(key) for key in holder if not isinstance(holder[key], Tensor)]:
        notes.append(f"entries that are no tensors were left out: {short_list(skipped)}")
    return FoundWeights(_tensors(holder), tuple(notes))


def _place(contents: object, where: str) -> Place:
    every = list(_candidates(contents))
    # Scalars alone, such as metrics, are no network where there is another.
    places = [place for place in every if _has_axes(contents, place)] or every
    place: Place = ()
    while nested := [found for found in places if len(found) > len(place) and found[: len(place)] == place]:
        usual = next((name for name in NESTS if any(found[len(place)] == name for found in nested)), None)
        if usual is not None:
            place = (*place, usual)
        elif place in places and _is_network(contents, place, nested):
            return place
        elif len(nested) == 1:
            return nested[0]
        else:
            raise InputError(
                f"one state dict, or one of them under {short_list(NESTS)}",
                f"{len(nested)} state dicts: {short_list(map(_shown, nested))}",
                where,
                "save the one that you mean alone: "
                f"torch.save(torch.load(path, weights_only=True){_shown(nested[0])}, 'weights.pt')",
            )
    if place in places:
        return place
    found = short_list(contents) if isinstance(contents, Mapping) else type(contents).__name__
    raise InputError(
        f"a state dict, plain or under one of {short_list(NESTS)}",
        f"none; it holds {found}",
        where,
        "save the state dict alone: torch.save(model.state_dict(), path)",
    )


def _candidates(contents: object, place: Place = (), seen: set[int] | None = None) -> Iterator[Place]:
    """Where mappings of names to tensors stand. What has parameter groups is an optimizer's."""
    seen = set() if seen is None else seen
    # Lists that hold one list a hundred times each have more places than could ever be visited.
    if len(place) > DEPTH or id(contents) in seen or (isinstance(contents, Mapping) and "param_groups" in contents):
        return
    if isinstance(contents, Mapping | list | tuple):
        seen.add(id(contents))
    if isinstance(contents, Mapping) and _tensors(contents):
        yield place
    for key, value in _items(contents):
        yield from _candidates(value, (*place, key), seen)


def _has_axes(contents: object, place: Place) -> bool:
    return any(tensor.ndim > 0 for tensor in _tensors(_at(contents, place)).values())


def _is_network(contents: object, place: Place, nested: list[Place]) -> bool:
    """Whether tensors with others nested beside them are the network: their names have dots, or they are the most."""
    own = _tensors(_at(contents, place))
    if any("." in key for key in own):
        return True
    most = max(sum(t.numel() for t in _tensors(_at(contents, found)).values()) for found in nested)
    return sum(t.numel() for t in own.values()) >= most


def _tensors(contents: object) -> dict[str, Tensor]:
    return {str(key): value for key, value in _items(contents) if isinstance(key, str) and isinstance(value, Tensor)}


def _items(contents: object) -> list[tuple[str | int, Any]]:
    """Names or places with what stands there; a mapping's numbers name an optimizer's states, never weights."""
    if isinstance(contents, Mapping):
        return [(key, value) for key, value in contents.items() if isinstance(key, str)]
    return list(enumerate(contents)) if isinstance(contents, list | tuple) else []


def _at(contents: Any, place: Place) -> Any:
    for key in place:
        contents = contents[key]
    return contents


def _shown(place: Place) -> str:
    return "".join(f"[{key!r}]" for key in place)
