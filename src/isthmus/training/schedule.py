"""The learning rate as a function of the iteration."""

import math


def warmup_cosine(iteration: int, *, peak: float, warmup_iterations: int, num_iterations: int) -> float:
    """A linear rise to the peak, then half a cosine down to zero.

    With w warm-up iterations out of n, iteration t = 0, ..., n - 1 has the rate

        peak (t + 1) / w                                  for t < w,
        peak (1 + cos(pi (t - w) / (n - w))) / 2          after that.

    Args:
        iteration: t: mini-batches seen so far.
        peak: The largest learning rate.
        warmup_iterations: w, in mini-batches (not epochs); 0 starts at the peak.
        num_iterations: n, the mini-batches of the whole training.

    Returns:
        The learning rate of this iteration.

    Example:
        >>> [warmup_cosine(t, peak=1.0, warmup_iterations=2, num_iterations=4) for t in range(4)]
        [0.5, 1.0, 1.0, 0.5]
    """
    if iteration < warmup_iterations:
        return peak * (iteration + 1) / warmup_iterations
    fraction = (iteration - warmup_iterations) / (num_iterations - warmup_iterations)
    return peak * (1 + math.cos(math.pi * fraction)) / 2
