"""The paper's minimal example in closed form: a network of two numbers, f(x) = w1 w2 x. Nothing here needs torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from isthmus.errors import InputError

SMALLEST, LARGEST = 1e-3, 1e3
LEAST_DIFFERENCE = 0.01  # the loss of both layers goes as (r - 1)^4: nearer networks show nothing
Numbers = Float[np.ndarray, "..."] | float

PATHS: Mapping[str, tuple[str, str]] = MappingProxyType({
    "both layers": ("a", "all"),
    "layer 2 into a": ("a", "fc"),
    "layer 2 into b": ("b", "fc"),
})
"""The paths by name: which network is host, and what moves."""


@dataclass(frozen=True)
class DiagonalExample:
    """Two networks that are the same function y x: a with weights (a, y/a) and b with weights (b, y/b).

    The loss is L(w1, w2) = (y - w1 w2)^2. With r = b/a the losses along the paths from a host to its donor are

    - both layers: y^2 (alpha (1 - alpha) (r + 1/r - 2))^2, half-way y^2 (r + 1/r - 2)^2 / 16, where
      r + 1/r - 2 = (r - 1)^2 / r;
    - layer 2 alone into a: y^2 alpha^2 (1 - 1/r)^2, half-way y^2 (1 - 1/r)^2 / 4;
    - layer 2 alone into b: y^2 alpha^2 (r - 1)^2, half-way y^2 (r - 1)^2 / 4.

    The two last are parabolas, hence convex; the first has its maximum half-way and is zero at both ends. (Adilova et
    al., "Layer-wise linear mode connectivity", ICLR 2024, minimal example; the numbers a and b are ours.)

    Attributes:
        a: First weight of network a.
        b: First weight of network b.
        y: What both networks multiply by.

    Raises:
        InputError: A number is not in [0.001, 1000], or a and b differ by less than a hundredth.

    Example:
        >>> round(float(DiagonalExample(0.25, 4.0).loss_along("both layers", np.array(0.5))), 4)
        12.3596
    """

    a: float = 0.25
    b: float = 4.0
    y: float = 1.0

    def __post_init__(self) -> None:
        for name in ("a", "b", "y"):
            value = getattr(self, name)
            if not SMALLEST <= value <= LARGEST:
                raise InputError(
                    f"a number from {SMALLEST:g} to {LARGEST:g}", repr(value), f"--{name}", "as in --a 0.25 --b 4"
                )
        if abs(self.ratio - 1) < LEAST_DIFFERENCE:
            raise InputError(
                "two networks that differ by a hundredth or more",
                f"a = {self.a!r}, b = {self.b!r}",
                "--a and --b",
                "as in --a 0.25 --b 4",
            )

    @property
    def ratio(self) -> float:
        """The number r = b / a."""
        return self.b / self.a

    def weights(self, network: str) -> tuple[float, float]:
        """The two weights of network "a" or "b"."""
        first = {"a": self.a, "b": self.b}[network]
        return first, self.y / first

    def position(self, path: str, alpha: Numbers) -> tuple[Numbers, Numbers]:
        """Where a path runs.

        Args:
            path: One of `PATHS`.
            alpha: 0 is the host.

        Returns:
            w1 and w2 at every alpha.
        """
        host, moving = PATHS[path]
        near, far = self.weights(host), self.weights("b" if host == "a" else "a")
        moves = (moving == "all", True)
        first, second = (near[i] + (far[i] - near[i]) * alpha * moves[i] for i in (0, 1))
        return np.asarray(first), np.asarray(second)

    def loss(self, w1: Numbers, w2: Numbers) -> Numbers:
        """L(w1, w2) = (y - w1 w2)^2.

        Args:
            w1: First weight.
            w2: Second weight.

        Returns:
            The loss, of the broadcast shape.
        """
        return np.asarray((self.y - w1 * w2) ** 2)

    def loss_along(self, path: str, alpha: Numbers) -> Numbers:
        """The loss along a path by its closed form.

        Args:
            path: One of `PATHS`.
            alpha: 0 is the host.

        Returns:
            One number an alpha.
        """
        r = self.ratio
        size = {
            "both layers": alpha * (1 - alpha) * (r - 1) ** 2 / r,
            "layer 2 into a": alpha * (1 - 1 / r),
            "layer 2 into b": alpha * (r - 1),
        }[path]
        return np.asarray((self.y * size) ** 2)
