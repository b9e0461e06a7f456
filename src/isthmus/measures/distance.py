"""How far apart two networks are, layer by layer."""

from collections.abc import Collection
from dataclasses import dataclass

import torch

from isthmus.weights.state import StateDict


@dataclass(frozen=True)
class LayerDistance:
    """Distance and angle of two networks over some keys.

    Attributes:
        distance: Euclidean norm of the difference.
        relative_distance: The same divided by the mean of the two norms; NaN if both are zero.
        cosine: Cosine of the angle between the two; NaN where `status` says why.
        status: "defined", or which vector is zero: "undefined: zero vector in a", "... in b", "... in a and b".
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
    undefined and said to be so.

    Args:
        a: One network.
        b: The other.
        keys: The parameters to compare; a tensor that stands under several keys counts once.

    Returns:
        The figures; all are undefined for no keys.

    Example:
        >>> layer_distance({"w": torch.tensor([3.0, 0.0])}, {"w": torch.tensor([0.0, 4.0])}, ["w"]).distance
        5.0
    """
    squares = torch.zeros(4, dtype=torch.float64)
    count = 0
    seen: set[tuple[int, int]] = set()
    for key in keys:
        place = (a[key].data_ptr(), b[key].data_ptr())
        if place in seen:
            continue
        seen.add(place)
        flat = (t.detach().flatten().cpu() for t in (a[key], b[key]))
        x, y = (t.to(torch.promote_types(t.dtype, torch.float64)) for t in flat)
        products = ((x, x), (y, y), (x, y), (y - x, y - x))
        squares += torch.stack([torch.vdot(u, v).real for u, v in products])
        count += x.numel()
    norm_a, norm_b, distance = (float(squares[i].clamp(min=0).sqrt()) for i in (0, 1, 3))
    zero = [name for name, norm in (("a", norm_a), ("b", norm_b)) if norm == 0]
    status = f"undefined: zero vector in {' and '.join(zero)}" if zero else "defined"
    cosine = float("nan") if zero else max(-1.0, min(1.0, float(squares[2]) / (norm_a * norm_b)))
    mean_norm = (norm_a + norm_b) / 2
    relative = distance / mean_norm if mean_norm else float("nan")
    return LayerDistance(distance, relative, cosine, status, count)
