"""Many numbers with their intervals, as arrays of one shape."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from isthmus.measures.estimate import Estimate


@dataclass(frozen=True)
class Estimates:
    """Numbers with the ends of their 95 % intervals."""

    value: Float[np.ndarray, "*shape"]
    low: Float[np.ndarray, "*shape"]
    high: Float[np.ndarray, "*shape"]

    @classmethod
    def of(cls, estimates: Iterable[Estimate], shape: tuple[int, ...]) -> "Estimates":
        """Estimates one by one, as arrays.

        Args:
            estimates: As many as the shape holds, the last dimension fastest.
            shape: Of the arrays.

        Returns:
            The arrays.
        """
        found = list(estimates)
        return cls(
            *(
                np.array([getattr(one, end) for one in found], dtype=np.float64).reshape(shape)
                for end in ("value", "low", "high")
            )
        )
