"""The settings of a noise study, checked before anything is loaded."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from isthmus.errors import InputError, UnknownNameError
from isthmus.runs.request.number_list import number_list

SIGMA_UNITS = ("distance", "absolute")
SIGMAS = (0.0, 0.125, 0.25, 0.5, 1.0)  # half of the way to the other network and all of it among them
NUM_DRAWS = 5


@dataclass(frozen=True)
class NoiseSettings:
    """How far to go, and along how many directions.

    Attributes:
        sigmas: Lengths of the noise, in the unit.
        sigma_unit: "distance": fractions of the distance of the two networks in the moving layers, so that 0.5 is half
            and 1 all the way of averaging, for a bias as for the full network; "absolute": lengths in weight space, as
            in Figure 5 of the paper, the same for every moving group.
        num_draws: Directions of each kind of noise.

    Raises:
        InputError: A sigma is negative, not finite or there twice, or there is no draw.
        UnknownNameError: There is no such unit.
    """

    sigmas: tuple[float, ...] = SIGMAS
    sigma_unit: str = "distance"
    num_draws: int = NUM_DRAWS

    def __post_init__(self) -> None:
        if self.sigma_unit not in SIGMA_UNITS:
            raise UnknownNameError("a unit of sigma", self.sigma_unit, SIGMA_UNITS, "--sigma-unit (sigma_unit=)")
        distinct = len(set(self.sigmas)) == len(self.sigmas) > 0
        if not distinct or not all(math.isfinite(sigma) and sigma >= 0 for sigma in self.sigmas):
            raise InputError(
                "different finite numbers from 0",
                repr(list(self.sigmas)),
                "--sigmas (sigmas= in Python)",
                "write 0,0.25,0.5,1, or leave it out",
            )
        if isinstance(self.num_draws, bool) or not isinstance(self.num_draws, int) or self.num_draws < 1:
            raise InputError(
                "a whole number of at least 1", repr(self.num_draws), "--draws (num_draws= in Python)", "write 5"
            )

    @classmethod
    def of(cls, sigmas: Sequence[float], sigma_unit: str, num_draws: int) -> "NoiseSettings":
        """The settings of numbers of any kind.

        Args:
            sigmas: Numbers, in the order in which they are to stand.
            sigma_unit: As the attribute.
            num_draws: As the attribute.

        Returns:
            The settings.
        """
        return cls(tuple(float(sigma) for sigma in sigmas), sigma_unit, num_draws)


def sigmas_of(text: str) -> tuple[float, ...]:
    """The numbers that `--sigmas` means.

    Args:
        text: Such as "0,0.25,0.5"; beyond 1 as "0,2.0".

    Returns:
        The numbers.
    """
    return number_list(text, "--sigmas", "write 0,0.25,0.5,1")
