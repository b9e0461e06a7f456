"""Operators that sum over axes with weights: linear maps, convolutions, attention, embeddings, recurrent layers."""

from collections.abc import Sequence
from itertools import chain

from isthmus.merging.permutation.extents import Extent, Stacked, Units, joined, nested, simplified
from isthmus.merging.permutation.operators.call import Axes, Call, Handler, held, named
from isthmus.merging.permutation.unification import factored, fix, unify

PLACES = "they are places of an image, a series or a text"
ORDERED = "the order of what is attended to counts: a mask, or each sees what came before"


def _linear(call: Call) -> Axes:
    return _affine(call, call.axes("input"), call.axes("weight"), "bias")


def _affine(call: Call, inputs: Axes, weight: Axes, bias: str) -> Axes:
    unify(inputs[-1], weight[1])
    if call.argument(bias) is not None:
        unify(call.axes(bias)[-1], weight[0])
    return (*inputs[:-1], weight[0])


def _added_product(call: Call) -> Axes:
    """`addmm`: a linear map whose weight stands the other way round."""
    first, second, added = call.axes("mat1"), call.axes("mat2"), call.axes("self")
    out = _product(first, second)
    for place, extent in enumerate(added, start=len(out) - len(added)):
        if extent.size != 1:
            unify(out[place], extent)
    return out


def _matmul(call: Call) -> Axes:
    second = "mat2" if call.name in {"mm", "bmm"} else "vec" if call.name == "mv" else "other"
    return _product(call.axes("self"), call.axes(second))


def _product(first: Axes, second: Axes) -> Axes:
    unify(first[-1], second[max(len(second) - 2, 0)])
    batch = _broadcast(first[:-2], second[:-2])
    return (*batch, *first[-2:-1], *(second[-1:] if len(second) > 1 else ()))


def _scalar_product(call: Call) -> Axes:
    unify(call.axes("self")[0], call.axes("other" if call.name == "vdot" else "tensor")[0])
    return ()


def _weight_norm(call: Call) -> Axes:
    """A weight's direction with its lengths, one for each place of an axis."""
    direction, lengths = call.axes("v"), call.axes("g")
    _broadcast(direction, lengths)
    return direction


def _broadcast(first: Axes, second: Axes) -> Axes:
    rank = max(len(first), len(second))
    alone: Extent = Units(1, "there is one alone")
    pairs = zip(*((alone,) * (rank - len(axes)) + axes for axes in (first, second)), strict=True)
    out = []
    for one, other in pairs:
        if 1 not in {one.size, other.size}:
            unify(one, other)
        out.append(other if one.size == 1 else one)
    return tuple(out)


def _einsum(call: Call) -> Axes:
    read, _, made = call.argument("equation").replace(" ", "").partition("->")
    letters = read.split(",")
    if "." in read or not made or any(len(set(word)) < len(word) for word in letters):
        raise NotImplementedError("an einsum that leaves letters out")
    found: dict[str, Extent] = {}
    for word, node in zip(letters, call.argument("tensors"), strict=True):
        for letter, extent in zip(word, call.axes_of(node), strict=True):
            unify(found.setdefault(letter, extent), extent)
    return tuple(found[letter] for letter in made)


def _convolved(call: Call) -> Axes:
    inputs, weight = call.axes("input"), call.axes("weight")
    groups, is_transposed = call.numbers("groups")[0], "transpose" in call.name
    for extent in chain(inputs[2:], weight[2:]):
        fix(extent, PLACES)
    before, after = (weight[0], weight[1]) if is_transposed else (weight[1], weight[0])
    out = _grouped(inputs[1], before, after, groups, is_transposed=is_transposed)
    if call.argument("bias") is not None:
        unify(call.axes("bias")[0], out)
    return (inputs[0], out, *held(call.shape[2:], PLACES))


def _grouped(channels: Extent, before: Extent, after: Extent, groups: int, *, is_transposed: bool) -> Extent:
    """The channels that a convolution makes; groups change places as wholes, and channels alike in all groups."""
    if groups == 1:
        unify(channels, before)
        return after
    if is_transposed:  # its first axis are all channels, its second those of one group
        unify(channels, before)
        return nested([factored(channels, groups, channels.size // groups)[0], after])
    if before.size == 1 and after.size == groups:
        unify(channels, after)
        return after
    blocks, inner = factored(channels, groups, before.size)
    unify(inner, before)
    unify(after, nested([blocks, Units(after.size // groups)]))
    return simplified(after)


def _embedding(call: Call) -> Axes:
    weight = call.axes("weight")
    fix(weight[0], "inputs name its places")
    return (*call.axes("indices"), *weight[1:])


def _attention(call: Call) -> Axes:
    query, key, value = (call.axes(name) for name in ("query", "key", "value"))
    unify(query[-1], key[-1])
    unify(key[-2], value[-2])
    mask = call.argument("attn_mask")
    if mask is not None or call.argument("is_causal"):
        for extent in (query[-2], key[-2], *(call.axes_of(mask)[-2:] if mask is not None else ())):
            fix(extent, ORDERED)
    if call.argument("enable_gqa"):
        (own, few), shared = (query[-3], key[-3]), value[-3]
        unify(few, shared)
        unify(own, nested([few, Units(own.size // few.size)]))
        batch = (*_broadcast(query[:-3], key[:-3]), own)
    else:
        batch = _broadcast(_broadcast(query[:-2], key[:-2]), value[:-2])
    if mask is not None:
        batch = _broadcast(batch, call.axes_of(mask)[:-2])
    return (*batch, query[-2], value[-1])


def _recurrent(call: Call) -> list[Axes | None]:
    """`lstm`, `gru`, `rnn`: all gates of a layer permute its hidden units alike."""
    inputs, weights = call.axes("input"), [call.axes_of(node) for node in call.argument("params")]
    num_layers, has_biases = call.numbers("num_layers")[0], call.argument("has_biases")
    directions = 2 if call.argument("bidirectional") else 1
    step = len(weights) // (num_layers * directions)
    if step != (4 if has_biases else 2):
        raise NotImplementedError("a recurrent layer with projections")
    reads, hidden = inputs[-1], []
    for layer in range(num_layers):
        made = []
        for direction in range(directions):
            number = layer * directions + direction
            rows, own, *biases = weights[number * step : (number + 1) * step]
            units = own[1]
            gates = joined([units] * (own[0].size // units.size))
            unify(rows[1], reads)
            for extent in (rows[0], own[0], *chain.from_iterable(biases)):
                unify(extent, gates)
            made.append(units)
        reads = joined(made)
        hidden += made
    _bind_starts(call, hidden)
    return _recurrent_outputs(call, inputs, reads, hidden)


def _bind_starts(call: Call, hidden: Sequence[Extent]) -> None:
    """A state at the start that isn't zero has the layer's units."""
    starts = call.argument("hx")
    for node in starts if isinstance(starts, list | tuple) else [starts]:
        if str(node.target).startswith("aten.zeros"):
            continue  # zeros are the same for every layer, however its units are permuted
        for units in hidden:
            unify(call.axes_of(node)[-1], units)


def _recurrent_outputs(call: Call, inputs: Axes, reads: Extent, hidden: Sequence[Extent]) -> list[Axes | None]:
    made: list[Axes | None] = [(*inputs[:-1], reads)]
    for shape in call.shapes[1:]:
        index = Units(shape[0], "its places are layers and directions")
        own: Extent = Stacked(index, tuple(hidden)) if len(hidden) > 1 else hidden[0]
        made.append((index, *held(shape[1:-1], "they are examples"), own))
    return made


HANDLERS: dict[str, Handler] = named({
    "linear": _linear,
    "addmm": _added_product,
    "matmul mm bmm mv": _matmul,
    "einsum": _einsum,
    "vdot dot": _scalar_product,
    "_weight_norm": _weight_norm,
    "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d": _convolved,
    "embedding": _embedding,
    "scaled_dot_product_attention": _attention,
    "lstm gru rnn_tanh rnn_relu": _recurrent,
})  # fmt: skip
