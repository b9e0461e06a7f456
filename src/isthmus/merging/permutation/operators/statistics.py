"""Operators that read whole axes: normalisation, pooling, sums and means."""

from isthmus.merging.permutation.extents import Extent, Units, nested
from isthmus.merging.permutation.operators.call import Axes, Call, Handler, held, named
from isthmus.merging.permutation.operators.products import PLACES
from isthmus.merging.permutation.unification import factored, fix, unify


def _weights_follow(call: Call, extent: Extent, *names: str) -> None:
    for name in names:
        if call.argument(name) is not None:
            unify(extent, call.axes(name)[0])


def _batch_norm(call: Call) -> Axes:
    axes = call.axes("input")
    _weights_follow(call, axes[1], "weight", "bias", "running_mean", "running_var")
    return axes


def _layer_norm(call: Call) -> Axes:
    """Mean and variance over the last axes don't depend on the order of units."""
    axes = call.axes("input")
    for name in ("weight", "bias") if call.name == "layer_norm" else ("weight",):
        if call.argument(name) is not None:
            own = call.axes(name)
            for extent, other in zip(axes[-len(own) :], own, strict=True):
                unify(extent, other)
    return axes


def _group_norm(call: Call) -> Axes:
    """Groups change places as wholes, and channels alike in all groups; all channels do where there is one group."""
    axes = list(call.axes("input"))
    groups = call.numbers("num_groups")[0]
    if 1 < groups < axes[1].size:
        axes[1] = nested(factored(axes[1], groups, axes[1].size // groups))
    _weights_follow(call, axes[1], "weight", "bias")
    return tuple(axes)


def _as_given(call: Call) -> Axes:
    return call.axes("self")


def _reduced(call: Call) -> Axes:
    """A sum, mean or largest value over axes, whatever the order along them."""
    axes = call.axes("self")
    dims = {dim % len(axes) for dim in call.numbers("dim")} or set(range(len(axes)))
    if len(call.shape) == len(axes):  # dimensions are kept, of size one
        return tuple(Units(1, "there is one alone") if place in dims else e for place, e in enumerate(axes))
    return tuple(extent for place, extent in enumerate(axes) if place not in dims)


def _pooled(call: Call) -> Axes:
    axes = call.axes("input" if call.argument("input") is not None else "self")
    kept = len(axes) - int(next(letter for letter in call.name if letter.isdigit()))
    for extent in axes[kept:]:
        fix(extent, PLACES)
    shape = call.shape if not isinstance(call.node.meta["val"], tuple | list) else call.shapes[0]
    return (*axes[:kept], *held(shape[kept:], PLACES))


def _shuffled(call: Call) -> Axes:
    """`pixel_shuffle`: blocks of channels become places."""
    *batch, channels, height, width = call.axes("self")
    for extent in (height, width):
        fix(extent, PLACES)
    blocks, inner = factored(channels, call.shape[-3], channels.size // call.shape[-3])
    fix(inner, PLACES)
    return (*batch, blocks, *held(call.shape[-2:], PLACES))


HANDLERS: dict[str, Handler] = named({
    "batch_norm instance_norm": _batch_norm,
    "layer_norm rms_norm": _layer_norm,
    "group_norm": _group_norm,
    "softmax log_softmax _softmax": _as_given,
    "mean sum amax amin var std logsumexp linalg_vector_norm norm": _reduced,
    "max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d "
    "adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d upsample_nearest1d upsample_nearest2d "
    "upsample_bilinear2d upsample_bicubic2d upsample_linear1d upsample_nearest3d": _pooled,
    "pixel_shuffle": _shuffled,
})  # fmt: skip
