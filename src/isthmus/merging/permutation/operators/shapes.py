"""Operators that only move numbers: reshapes, exchanges of axes, cuts, concatenations."""

from collections.abc import Sequence
from itertools import pairwise

from torch import fx

from isthmus.merging.permutation.extents import Extent, Stacked, Units, joined, nested, simplified
from isthmus.merging.permutation.operators.call import Axes, Call, Handler, held, named, number_of, plain, shape_of
from isthmus.merging.permutation.unification import divided, factored, fix, settled, stacked, unify

ALONE = "there is one alone"
SPLIT = {"unbind", "chunk", "split", "split_with_sizes", "tensor_split"}


def _reshaped(call: Call) -> Axes:
    """Axes are cut into factors and put together anew, as the sizes say."""
    waiting = [extent for extent in call.stacked_axes("self") if extent.size != 1]
    entered = [extent.index for extent in waiting if isinstance(extent, Stacked)]
    out: list[Extent] = []
    for place, size in enumerate(call.shape):
        gathered: list[Extent] = []
        while (missing := size // nested(gathered).size) > 1:
            extent = waiting.pop(0)
            if extent.size > missing and extent.size % missing == 0:
                cut = stacked if _is_read_one_by_one(call.node, place) else factored
                extent, rest = cut(extent, missing, extent.size // missing)
                waiting.insert(0, rest)
                entered += [rest.index] if isinstance(rest, Stacked) else []
            elif missing % extent.size:
                reason = "a reshape goes across blocks"
                for one in call.stacked_axes("self"):
                    fix(one, reason)
                return held(call.shape, reason)
            gathered.append(extent)
        out.append(nested(gathered))
    # An axis whose places go different ways is followed as long as it stands alone.
    lost = [index for index in entered if not any(extent is index for extent in out)]
    return tuple(settled(e) if isinstance(e, Stacked) and any(e.index is one for one in lost) else e for e in out)


def _is_read_one_by_one(node: fx.Node, place: int) -> bool:
    """Whether all that later happens to an axis is that its places are picked."""
    users = list(node.users)
    return bool(users) and all(_picks(user, place) for user in users)


def _picks(user: fx.Node, place: int) -> bool:
    call = Call(user, str(getattr(user.target, "__name__", "")).split(".", maxsplit=1)[0], {})
    rank = len(shape_of(user.all_input_nodes[0].meta["val"]))
    if call.name in {"select", "unbind"} or call.name in SPLIT:
        return call.dimension("dim", rank) == place
    if call.name in {"transpose", "permute"}:
        order = _order(call, rank)
        return _is_read_one_by_one(user, order.index(place))
    if call.name == "unsqueeze":
        return _is_read_one_by_one(user, place + (call.dimension("dim", rank + 1) <= place))
    if call.name == "squeeze" and user.args[1:]:
        gone = {dim % rank for dim in call.numbers("dim")}
        return place not in gone and _is_read_one_by_one(user, place - sum(dim < place for dim in gone))
    return call.name in {"contiguous", "clone"} and _is_read_one_by_one(user, place)


def _order(call: Call, rank: int) -> list[int]:
    if call.name == "permute":
        return [dim % rank for dim in call.numbers("dims")]
    order = list(range(rank))
    if call.name in {"t", "numpy_T", "mT"}:
        return order[:-2] + order[-2:][::-1]
    names = ("dim0", "dim1") if call.name == "transpose" else ("axis0", "axis1")
    first, second = (call.dimension(name, rank) for name in names)
    order[first], order[second] = order[second], order[first]
    return order


def _permuted(call: Call) -> Axes:
    axes = call.stacked_axes("self")
    return tuple(axes[place] for place in _order(call, len(axes)))


def _at(axes: Axes, place: int, index: int) -> Axes:
    """The axes of what stands at one place of an axis."""
    own = axes[place]
    if not isinstance(own, Units) or not own.reason:
        fix(own, "one of its places is picked")
    rest = axes[:place] + axes[place + 1 :]
    return tuple(
        simplified(e.options[index]) if isinstance(e, Stacked) and e.index is own else e for e in rest
    )  # fmt: skip


def _selected(call: Call) -> Axes:
    axes = call.stacked_axes("self")
    place = call.dimension("dim", len(axes))
    return _at(axes, place, call.numbers("index")[0] % axes[place].size)


def _unbound(call: Call) -> list[Axes | None]:
    axes = call.stacked_axes("self")
    place = call.dimension("dim", len(axes))
    return [_at(axes, place, index) for index in range(axes[place].size)]


def _sliced(call: Call) -> Axes:
    axes = list(call.stacked_axes("self"))
    place = call.dimension("dim", len(axes))
    size = axes[place].size
    start, stop, step = (call.argument(name) for name in ("start", "end", "step"))
    chosen = range(size)[slice(*(None if one is None else number_of(one) for one in (start, stop, step)))]
    if len(chosen) == size:
        return tuple(axes)
    if any(isinstance(extent, Stacked) and extent.index is axes[place] for extent in axes):
        axes = [settled(extent) for extent in axes]
    if chosen.step != 1 or not chosen:
        fix(axes[place], "some of its places are picked")
        axes[place] = Units(len(chosen), "some of its places are picked")
        return tuple(axes)
    axes[place] = _cut(axes[place], [chosen.start, len(chosen), size - chosen.stop])[1]
    return tuple(axes)


def _cut(extent: Extent, sizes: Sequence[int]) -> list[Extent]:
    parts: list[Extent] = []
    rest: Extent | None = extent
    for size in sizes:
        if size == 0 or rest is None:
            parts.append(Units(0, ALONE))
        elif size == rest.size:
            parts.append(rest)
            rest = None
        else:
            first, rest = divided(rest, size)
            parts.append(first)
    return parts


def _split(call: Call) -> list[Axes | None]:
    axes = call.stacked_axes("self")
    place = call.dimension("dim", len(axes))
    sizes = [shape[place] for shape in call.shapes]
    if any(isinstance(extent, Stacked) and extent.index is axes[place] for extent in axes):
        if set(sizes) == {1}:
            alone = (Units(1, ALONE),)
            rests = (_at(axes, place, index) for index in range(len(sizes)))
            return [rest[:place] + alone + rest[place:] for rest in rests]
        axes = tuple(settled(extent) for extent in axes)
    parts = _cut(axes[place], sizes)
    return [(*axes[:place], part, *axes[place + 1 :]) for part in parts]


def _joined(call: Call) -> Axes:
    given = [tuple(settled(e) for e in call.axes_of(node)) for node in call.argument("tensors")]
    given = [axes for axes in given if len(axes) == len(call.shape)]
    place = call.dimension("dim", len(call.shape))
    axes = list(given[0])
    for other in given[1:]:
        for number, extent in enumerate(other):
            if number != place:
                unify(axes[number], extent)
    axes[place] = joined([one[place] for one in given])
    return tuple(axes)


def _piled(call: Call) -> Axes:
    """`stack`: the tensors become places of a new axis."""
    given = [call.axes_of(node) for node in call.argument("tensors")]
    place = call.dimension("dim", len(call.shape))
    axes = [settled(extent) for extent in given[0]]
    for other in given[1:]:
        for one, extent in zip(axes, other, strict=True):
            unify(one, settled(extent))
    return (*axes[:place], Units(len(given), "tensors are stacked along it"), *axes[place:])


def _expanded(call: Call) -> Axes:
    axes = list(plain(call.shape))
    given = call.stacked_axes("self")
    for place, extent in enumerate(given, start=len(axes) - len(given)):
        if extent.size != 1:
            axes[place] = extent
    return tuple(axes)


def _repeated(call: Call) -> Axes:
    given = call.axes("self")
    times = call.numbers("repeats")
    axes = list(plain(times[: len(times) - len(given)]))
    for extent, count in zip(given, times[len(axes) :], strict=True):
        axes.append(Units(count) if extent.size == 1 and count > 1 else joined([extent] * count))
    return tuple(axes)


def _padded(call: Call) -> Axes:
    """Zeros on both sides; what stands there may be permuted freely, the zeros too."""
    axes = list(call.axes("self"))
    pads = call.numbers("pad")
    is_constant = call.name == "constant_pad_nd" or call.argument("mode") in {None, "constant"}
    for number, (before, after) in enumerate(zip(pads[::2], pads[1::2], strict=True), start=1):
        place = len(axes) - number
        if (before, after) == (0, 0):
            continue
        if not is_constant or min(before, after) < 0:
            fix(axes[place], "it is padded with its own values, or cut")
            axes[place] = Units(call.shape[place], "it is padded with its own values, or cut")
        else:
            axes[place] = joined([Units(before), axes[place], Units(after)])
    return tuple(axes)


def _turned(call: Call) -> Axes:
    axes = call.axes("self")
    for dim in call.numbers("dims") or range(len(axes)):
        fix(axes[dim], f"{call.name} moves its places")
    return axes


def _indexed(call: Call) -> Axes:
    """Picking places of some axes by tensors of numbers; the other axes go through."""
    axes, indices = call.axes("self"), call.argument("indices")
    used = [place for place, index in enumerate(indices) if index is not None]
    for place in used:
        fix(axes[place], "places of it are picked by number")
    for index in (indices[place] for place in used):
        for extent in call.axes_of(index):
            fix(extent, "it holds numbers of places")
    rest = [extent for place, extent in enumerate(axes) if place not in used]
    num_new = len(call.shape) - len(rest)
    is_run = all(after == before + 1 for before, after in pairwise(used))
    at = used[0] if is_run else 0
    new = held(call.shape[at : at + num_new], "places of another axis are picked along it")
    return (*rest[:at], *new, *rest[at:])


HANDLERS: dict[str, Handler] = named({
    "view reshape _unsafe_view flatten unflatten squeeze unsqueeze": _reshaped,
    "transpose permute t numpy_T mT swapaxes": _permuted,
    "select": _selected,
    "unbind": _unbound,
    "slice": _sliced,
    "chunk split split_with_sizes tensor_split": _split,
    "cat concat concatenate": _joined,
    "stack": _piled,
    "expand expand_as": _expanded,
    "repeat": _repeated,
    "pad constant_pad_nd": _padded,
    "roll flip": _turned,
    "index": _indexed,
})  # fmt: skip
