"""Operators that work number by number: the axes of what they read and make are one."""

from isthmus.merging.permutation.operators.call import Axes, Call, Handler, named, plain
from isthmus.merging.permutation.unification import divided, fix, settled, unify

NUMBER_BY_NUMBER = """dropout native_dropout feature_dropout alpha_dropout masked_fill where contiguous detach
 alias _to_copy hardswish rsub log_sigmoid lift_fresh lift_fresh_copy copy add sub mul div"""
"""Those that carry no tag of PyTorch that says so."""
BLANK = "zeros ones full empty zeros_like ones_like full_like empty_like new_zeros new_ones new_full new_empty"


def elementwise(call: Call) -> Axes:
    """One number of each tensor makes one of the result; a dimension of size one is repeated.

    Args:
        call: An operator such as add or relu.

    Returns:
        Its axes.
    """
    given = call.tensors()
    shape = call.shape if not isinstance(call.node.meta["val"], tuple | list) else call.shapes[0]
    if len(given) == 1 and len(given[0]) == len(shape) and all(
        one.size == size for one, size in zip(given[0], shape, strict=True)
    ):  # fmt: skip
        return given[0]
    axes = list(plain(shape))
    for tensor in given:
        for place, extent in enumerate(tensor, start=len(shape) - len(tensor)):
            if extent.size != 1 or shape[place] == 1:
                unify(axes[place], settled(extent))
    return tuple(axes)


def _recast(call: Call) -> Axes:
    """`to`, `type_as`: a second tensor lends its type alone."""
    return call.tensors()[0]


def _blank(call: Call) -> Axes:
    return plain(call.shape)


def _slope(call: Call) -> Axes:
    """`prelu`: one slope for all channels, or one for each."""
    axes, (slope,) = call.axes("self"), call.axes("weight")
    if slope.size > 1:
        unify(axes[1], slope)
    return axes


def _halves(call: Call) -> Axes:
    """`glu`: the second half of an axis gates the first."""
    axes = list(call.axes("self"))
    place = call.dimension("dim", len(axes))
    first, second = divided(axes[place], axes[place].size // 2)
    unify(first, second)
    axes[place] = first
    return tuple(axes)


def _running(call: Call) -> Axes:
    """Operators along the order of an axis, such as `cumsum`."""
    axes = call.axes("self")
    fix(axes[call.dimension("dim", len(axes))], f"{call.name} reads it in order")
    return axes


HANDLERS: dict[str, Handler] = named({
    NUMBER_BY_NUMBER: elementwise,
    BLANK: _blank,
    "to type_as": _recast,
    "prelu": _slope,
    "glu": _halves,
    "cumsum cumprod": _running,
})  # fmt: skip
