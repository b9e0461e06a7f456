"""The rise of the loss under noise as estimates that criteria can be stated on: kinds of direction compared."""

from collections.abc import Sequence

import xarray as xr

from isthmus.experiments.evidence.located import Located
from isthmus.measures.estimate import UNKNOWN, Estimate, difference
from isthmus.questions.noise.reading import half_way_sigma, rise_at
from isthmus.results.rows import labels
from isthmus.sweeps.group import FULL_NETWORK


def rise(study: xr.Dataset, pair: str, host: str, moving: str, kind: str) -> Located:
    """The rise over the host at half the way to the other network.

    Args:
        study: From `isthmus.subspace_noise`, with half the way among its sigmas.
        pair: What the pair is called.
        host: The host.
        moving: The moving group.
        kind: "averaging", "training", "null" or "random".

    Returns:
        Nats; NaN where there is no such direction, or the two networks do not differ.
    """
    where = f"pair {pair}, {f'{moving} of {host}' if moving != FULL_NETWORK else f'leaving {host}'}"
    sigma = half_way_sigma(study, moving)
    if sigma is None:
        return Located(UNKNOWN, where)
    return Located(rise_at(study, host, moving, kind, sigma), where)


def differences(studies: dict[str, xr.Dataset], moving: Sequence[str], kind: str, other: str) -> list[Located]:
    """By how much the loss rises more along one kind of direction than along another of the same length.

    Args:
        studies: By pair.
        moving: Moving groups.
        kind: The one.
        other: The other.

    Returns:
        One for each pair, group and host, with the widest interval that those of its parts allow.
    """
    found = []
    for pair, study in studies.items():
        for group in moving:
            for host in labels(study, "host"):
                one, two = (rise(study, pair, host, group, name) for name in (kind, other))
                found.append(Located(difference(one.estimate, two.estimate), one.where))
    return found


def share_above_zero(estimates: Sequence[Estimate]) -> Located:
    """How many of some differences are told to be above zero, and how many may be.

    Args:
        estimates: At least one; NaN is not above zero.

    Returns:
        The share whose value is; from the share whose whole interval is to the share that reaches above zero.

    Example:
        >>> share_above_zero([Estimate(1, 0.5, 2), Estimate(1, -1, 2), Estimate(-1, -2, 0.1), Estimate(-1, -2, -0.5)])
        Located(estimate=Estimate(value=0.5, low=0.25, high=0.75, trusted=True, unit=''), where='of 4')
    """
    count = len(estimates)
    value, low, high = (sum(getattr(e, name) > 0 for e in estimates) / count for name in ("value", "low", "high"))
    return Located(Estimate(value, low, high), f"of {count}")


def half_way_rows(studies: dict[str, xr.Dataset], moving: Sequence[str]) -> list[list[str]]:
    """The rises at half way as a table: a row for each pair, group and host.

    Args:
        studies: By pair.
        moving: Moving groups.

    Returns:
        Rows of cells, the titles first.
    """
    kinds = ("averaging", "training", "null", "random")
    rows = [["pair", "layers", "host", *(f"{kind}, nats" for kind in kinds)]]
    for pair, study in studies.items():
        for group in moving:
            for host in labels(study, "host"):
                shown = (rise(study, pair, host, group, kind).estimate.whole_text for kind in kinds)
                rows.append([pair, "full network" if group == FULL_NETWORK else group, host, *shown])
    return rows
