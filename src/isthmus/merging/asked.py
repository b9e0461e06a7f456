"""What is asked of a merge beside its measurements, checked before anything is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.errors import InputError, UnknownNameError
from isthmus.measures.barrier import Quantity
from isthmus.merging.files import refuse_existing, refuse_folder_of_no_folder, refuse_taken
from isthmus.merging.mergekit import refuse_no_recipe
from isthmus.merging.record import COMPANIONS, companion
from isthmus.merging.search.alphas import places_of
from isthmus.merging.search.trials import REACH
from isthmus.merging.search.worth import By
from isthmus.questions.study.settings import valid_count

MEAN = 0.5


@dataclass(frozen=True)
class Asked:
    """What is asked of a merge.

    Attributes:
        tolerance: As `isthmus.merge`.
        metric: As `isthmus.merge`.
        by: As `isthmus.merge`.
        alpha: As `isthmus.merge`.
        places: Of which each layer is taken at one; None for alpha.
        num_random: As `isthmus.merge`.
        out: As `isthmus.merge`.
        mergekit: As `isthmus.merge`.
    """

    tolerance: float
    metric: Quantity
    by: By
    alpha: float
    places: tuple[float, ...] | None
    num_random: int
    out: Path | None
    mergekit: Path | None

    @property
    def way(self) -> tuple[Any, ...]:
        """What the way of the search depends on."""
        return self.tolerance, self.metric, self.alpha, self.places, self.num_random


def asked_of(
    networks: Sequence[object],
    *,
    tolerance: float,
    metric: str,
    by: By,
    alpha: float,
    alphas: str | Sequence[float] | None,
    num_random: int,
    out: str | Path | None,
    mergekit: str | Path | None,
    measures_anew: bool,
) -> Asked:
    """What is asked of a merge.

    Args:
        networks: The host and the donors as they were given.
        tolerance: As `isthmus.merge`.
        metric: As `isthmus.merge`.
        by: As `isthmus.merge`.
        alpha: As `isthmus.merge`.
        alphas: As `isthmus.merge`.
        num_random: As `isthmus.merge`.
        out: As `isthmus.merge`.
        mergekit: As `isthmus.merge`.
        measures_anew: Whether statistics of BatchNorm are.

    Returns:
        The same, checked.

    Raises:
        InputError: A value is not allowed, or a file is there that would be made.
        UnknownNameError: There is no such metric.
    """
    if metric not in REACH:
        raise UnknownNameError("a metric", metric, REACH, "--metric (metric= in Python)")
    if not 0 < tolerance < float("inf"):
        raise InputError("a number above 0", f"{tolerance}", "--tolerance", "write 0.02, in nats for cross-entropy")
    if len(networks) > 2 and (alpha != MEAN or alphas is not None):
        name, given = ("--alpha", f"{alpha}") if alphas is None else ("--alphas", f"{alphas}")
        raise InputError(
            "the plain mean of the networks in a layer, where there are three or more", given, name, "leave it out"
        )
    valid_count("num_random", num_random, least=0)
    places = None if alphas is None else places_of(alphas)
    out, mergekit = (None if path is None else Path(path) for path in (out, mergekit))
    if out is not None:
        refuse_existing(out)
        refuse_folder_of_no_folder(out, networks[0])
        for ending in COMPANIONS:
            refuse_taken(companion(out, ending))
    if mergekit is not None:
        if measures_anew:
            raise InputError(
                "a merge of stored numbers, for a recipe", "statistics measured anew", "--mergekit", "use the file"
            )
        refuse_taken(mergekit)
        refuse_no_recipe(networks)
    return Asked(tolerance, metric, by, alpha, places, num_random, out, mergekit)
