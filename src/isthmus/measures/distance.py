"""How far apart two networks are, layer by layer."""

import math
from collections.abc import Collection
from dataclasses import dataclass

import torch

from isthmus.weights.casting import stored_in
from isthmus.weights.interpolation import tensor_difference
from isthmus.weights.state import LARGE, StateDict, parts, widen


@dataclass(frozen=True)
class LayerDistance:
    """Distance and angle of two networks over some keys.

    Attributes:
        distance: Euclidean norm of the difference.
        relative_distance: The same divided by the mean of the two norms; NaN if both are zero or one is not finite.
        cosine: Cosine of the angle between the two; NaN where `status` says why.
        status: "defined", or what is wrong with which vector: "undefined: zero vector in a", "... in b", "... in a and
            b", "undefined: NaN in a", "undefined: infinity in b"; "undefined: no numbers" where there are none.
        num_parameters: How many numbers there are.
    """

    distance: float
    relative_distance: float
    cosine: float
    status: str
    num_parameters: int


def layer_distance(a: StateDict, b: StateDict, keys: Collection[str]) -> LayerDistance:
    """Distance and cosine of two networks over some keys, as one long vector, summed in float64.

    distance = |b - a|, cosine = <a, b> / (|a| |b|). Biases at their initialisation are zero vectors; their angle is
    undefined and said to be so, as is that of vectors with NaN or infinities. Equal infinities are at distance zero.

    Args:
        a: One network. Of weights that are widened when they are read, the stored tensors are compared.
        b: The other.
        keys: The parameters to compare; a tensor that stands under several keys counts once.

    Returns:
        The figures; all are undefined for no keys.

    Example:
        >>> layer_distance({"w": torch.tensor([3.0, 0.0])}, {"w": torch.tensor([0.0, 4.0])}, ["w"]).distance
        5.0
    """
    a, b = stored_in(a), stored_in(b)
    squares = torch.zeros(4, dtype=torch.float64)
    count = 0
    seen: set[tuple[int, int]] = set()
    for key in keys:
        # Tied keys share their memory, and a tensor counts once.
        place = (a[key].data_ptr(), b[key].data_ptr())
        if place in seen:
            continue
        seen.add(place)
        # Of large tensors a part at a time: in float64 the embedding of a language model takes as much as the network.
        for first, second in zip(*(parts(weights[key].detach(), LARGE) for weights in (a, b)), strict=True):
            x, y = (widen(part.flatten().cpu()) for part in (first, second))
            apart = tensor_difference(*(t.to(torch.promote_types(x.dtype, y.dtype)) for t in (y, x)))
            products = ((x, x), (y, y), (x, y), (apart, apart))
            squares += torch.stack([torch.vdot(u, v).real for u, v in products])
            count += x.numel()
    norm_a, norm_b, distance = (float(squares[i].clamp(min=0).sqrt()) for i in (0, 1, 3))
    status = _angle_status(norm_a, norm_b) if count else "undefined: no numbers"
    defined = status == "defined"
    # Rounding carries the cosine of parallel vectors beyond 1.
    cosine = max(-1.0, min(1.0, float(squares[2]) / (norm_a * norm_b))) if defined else float("nan")
    mean_norm = (norm_a + norm_b) / 2
    relative = distance / mean_norm if mean_norm and math.isfinite(mean_norm) else float("nan")
    return LayerDistance(distance, relative, cosine, status, count)


def _angle_status(norm_a: float, norm_b: float) -> str:
    norms = (("a", norm_a), ("b", norm_b))
    for what, is_so in (("NaN", math.isnan), ("infinity", math.isinf), ("zero vector", lambda norm: norm == 0)):
        names = [name for name, norm in norms if is_so(norm)]
        if names:
            return f"undefined: {what} in {' and '.join(names)}"
    return "defined"
