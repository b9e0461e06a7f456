"""The only interpolation formula of isthmus, and the only difference."""

from decimal import Decimal

import torch
from jaxtyping import Shaped
from torch import Tensor

from isthmus.weights.state import parts

PART = 2**18  # numbers; larger temporaries leave holes between the tensors that stay, which no later one fits into


def interpolation(
    first: Shaped[Tensor, "*shape"], second: Shaped[Tensor, "*shape"], position: float
) -> Shaped[Tensor, "*shape"]:
    """The point `first + position (second - first)`, computed by `torch.lerp`.

    Laws. At positions 0 and 1 it is `first` and `second` to the bit, also where they hold NaN or infinities; where the
    ends are equal it is their value at every position, also where both are the same infinity, as in a causal mask
    (the formula alone gives inf - inf, which is NaN). It is *not* symmetric to the bit: `interpolation(x, y, p)` and
    `interpolation(y, x, 1 - p)` may differ in the last place, so callers put a pair into one canonical order first
    (`isthmus.paths.linear.Segment`).

    Args:
        first: Any floating-point or complex tensor.
        second: Its partner of the same shape and dtype.
        position: 0 is `first`, 1 is `second`; other values extrapolate.

    Returns:
        A tensor that shares memory with an end only at that end.

    Example:
        >>> interpolation(torch.tensor([0.0, 2.0]), torch.tensor([1.0, 4.0]), 0.5)
        tensor([0.5000, 3.0000])
    """
    # The very tensor, not a copy: the shared engine sees by it that an end takes no memory.
    if position == 0:
        return first
    if position == 1:
        return second
    blended = torch.lerp(first, second, position)
    # A sum is finite only if all terms are, and costs a processor little; an accelerator would have to wait for it.
    if blended.device.type == "cpu" and bool(blended.sum().isfinite()):
        return blended
    return torch.where(first == second, first, blended)


def rounded_interpolation(
    first: Shaped[Tensor, "*shape"],
    second: Shaped[Tensor, "*shape"],
    position: float,
    wide: torch.dtype,
    dtype: torch.dtype,
) -> Shaped[Tensor, "*shape"]:
    """The interpolation, computed in one floating-point type and rounded to another, a part at a time.

    Args:
        first: A floating-point tensor.
        second: Its partner of the same shape.
        position: 0 is `first`, 1 is `second`; other values extrapolate.
        wide: Type of the computation.
        dtype: Type of the result.

    Returns:
        `interpolation(first.to(wide), second.to(wide), position).to(dtype)` to the bit. Of a large tensor that lies in
        one piece only a part is there in `wide` at a time.

    Example:
        >>> ends = (torch.tensor([x], dtype=torch.bfloat16) for x in (1.0, 1.0078125))
        >>> rounded_interpolation(*ends, 0.25, torch.float32, torch.float32)
        tensor([1.0020])
    """
    is_cast = {first.dtype, second.dtype, dtype} != {wide}
    if not is_cast or first.numel() <= PART or not (first.is_contiguous() and second.is_contiguous()):
        return interpolation(first.to(wide), second.to(wide), position).to(dtype)
    made = torch.empty_like(first, dtype=dtype)
    for part, one, other in zip(*(parts(tensor, PART) for tensor in (made, first, second)), strict=True):
        part.copy_(interpolation(one.to(wide), other.to(wide), position))
    return made


def tensor_difference(
    minuend: Shaped[Tensor, "*shape"], subtrahend: Shaped[Tensor, "*shape"]
) -> Shaped[Tensor, "*shape"]:
    """`minuend - subtrahend`, and zero where the two are equal, infinities included.

    Args:
        minuend: Any floating-point or complex tensor.
        subtrahend: Its partner of the same shape and dtype.

    Returns:
        A new tensor.

    Example:
        >>> tensor_difference(torch.tensor([3.0, float("-inf")]), torch.tensor([1.0, float("-inf")]))
        tensor([2., 0.])
    """
    found = minuend - subtrahend
    return found.masked_fill_(minuend == subtrahend, 0)


def complement(alpha: float) -> float:
    """The number 1 - alpha, taken in decimal, so that `complement(0.1) == 0.9` and `complement(0.9) == 0.1`.

    Two hosts meet at the same blend when one stands at alpha and the other at 1 - alpha; the binary difference
    `1 - 0.9 = 0.09999999999999998` would miss that.

    Args:
        alpha: Any finite number.

    Returns:
        The double nearest to one minus the shortest decimal that reads as `alpha`.

    Example:
        >>> complement(0.9), 1 - 0.9
        (0.1, 0.09999999999999998)
    """
    # 1 - 0.9 in binary is 0.09999999999999998, and would be another point than 0.1.
    return float(1 - Decimal(repr(float(alpha))))
