"""Where each layer is taken between two networks, chosen from a few places."""

from collections.abc import Sequence

import numpy as np

from isthmus.errors import InputError
from isthmus.measures.barrier import Quantity
from isthmus.merging.search.trials import Trials
from isthmus.runs.request.settings import alpha_grid, alphas_of


def places_of(alphas: str | Sequence[float]) -> tuple[float, ...]:
    """Places of which a layer chooses one.

    Args:
        alphas: Numbers, or a text of them with commas.

    Returns:
        The numbers.

    Raises:
        InputError: They are none, or one is outside (0, 1].

    Example:
        >>> places_of("0.3,0.5")
        (0.3, 0.5)
    """
    found = alpha_grid(alphas_of(alphas) if isinstance(alphas, str) else alphas)
    if not all(0 < alpha <= 1 for alpha in found):
        shown = ",".join(f"{alpha:g}" for alpha in found)
        raise InputError("numbers above 0 and up to 1", shown, "--alphas", "write 0.3,0.5,0.7; 0 would average nothing")
    return found


def cheapest_alphas(trials: Trials, alphas: Sequence[float], metric: Quantity) -> dict[str, float]:
    """For each layer the place where it costs the host least by itself.

    Args:
        trials: On the examples of the search.
        alphas: Places to choose from; of equal costs the first counts.
        metric: Loss or error.

    Returns:
        One of them for each layer, in layer order. Costs that are no numbers count as infinite.
    """
    segment = trials.segment
    points = [segment.point("a", (label,), alpha) for label in segment.layers for alpha in alphas]
    costs = trials.differences(points, metric).mean(axis=1).reshape(-1, len(alphas))
    cheapest = np.where(np.isnan(costs), np.inf, costs).argmin(axis=1)
    return {label: float(alphas[place]) for label, place in zip(segment.layers, cheapest, strict=True)}
