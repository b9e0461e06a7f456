"""How well clients do under a rule: means over clients and seeds, the worst clients, differences.

Clients count equally.

The unit of uncertainty is the seed: a seed deals out the data, draws the start and orders the batches anew, and all
rules of a recipe share it. Clients of one seed train together and are no repetitions of each other.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from isthmus.measures.estimate import Estimate
from isthmus.measures.intervals.student import student_mean

if TYPE_CHECKING:
    import pandas as pd

Value = Literal["error_rate", "loss"]
Data = Literal["own", "global"]
When = Literal["before", "after", "final"]
WORST_SHARE = 10
"""The worst tenth: of n clients the worst n // 10, and one at least."""


@dataclass(frozen=True)
class Level:
    """What clients reach, as error rate or loss: larger is worse.

    Attributes:
        mean: Over clients in each seed, then over seeds, with Student's 95 % interval over seeds.
        std: Standard deviation over clients (with n - 1) in each seed, mean over seeds; NaN of one client.
        worst_tenth: Mean over the worst tenth of clients in each seed, then as `mean`.
        num_seeds: How many; of one seed the ends of intervals are infinite.
        num_clients: Of a seed; of the one with fewest where they differ.
    """

    mean: Estimate
    std: float
    worst_tenth: Estimate
    num_seeds: int
    num_clients: int


@dataclass(frozen=True)
class Comparison:
    """Two sides, client by client and seed by seed: below zero where the first is better.

    Attributes:
        difference: The first's error rate or loss less the other's: mean over clients in each seed, then over seeds.
        num_better: Pairs of seed and client in which the first is better.
        num_equal: In which both are equal.
        num_worse: In which it is worse, or in which one of them is NaN.
        num_seeds: How many both have.
    """

    difference: Estimate
    num_better: int
    num_equal: int
    num_worse: int
    num_seeds: int

    @property
    def num_pairs(self) -> int:
        """Pairs of seed and client."""
        return self.num_better + self.num_equal + self.num_worse


def per_client(
    outcomes: "pd.DataFrame", rule: str, num_round: int, when: When = "final", data: Data = "own",
    value: Value = "error_rate",
) -> "pd.Series":  # fmt: skip
    """One number a client and seed.

    Args:
        outcomes: Of `FederationTables`.
        rule: Its label.
        num_round: Which round.
        when: "before" averaging (after local training), "after", or "final": after the rule's last phases, which follow
            the last round, if it has any, else "after".
        data: The client's "own" test part, or "global".
        value: Of what.

    Returns:
        By (seed, client), ascending; empty where there are none.
    """
    rows = outcomes[(outcomes["rule"] == rule) & (outcomes["data"] == data)]
    last = rows[rows["when"] == "last"]
    if when == "final" and not last.empty:
        chosen = last
    else:
        chosen = rows[(rows["round"] == num_round) & (rows["when"] == ("after" if when == "final" else when))]
    found: pd.Series = chosen.set_index(["seed", "client"])[value].sort_index()
    return found


def level_of(values: "pd.Series") -> Level | None:
    """Means, spread and the worst tenth.

    Args:
        values: From `per_client`.

    Returns:
        The level; None where there are no numbers.
    """
    if values.empty:
        return None
    seeds = _by_seed(values)
    spreads = [float(clients.std(ddof=1)) if len(clients) > 1 else np.nan for clients in seeds]
    return Level(
        student_mean(np.array([clients.mean() for clients in seeds])),
        float(np.mean(spreads)),
        student_mean(np.array([worst_tenth(clients) for clients in seeds])),
        len(seeds),
        min(map(len, seeds)),
    )


def worst_tenth(clients: np.ndarray) -> float:
    """The mean over the worst tenth of clients, which holds one at least.

    Args:
        clients: Error rate or loss of each.

    Returns:
        The mean of the largest n // 10; NaN if a client has no number.

    Example:
        >>> worst_tenth(np.arange(20.0)), worst_tenth(np.array([0.1, 0.4]))
        (18.5, 0.4)
    """
    count = max(1, len(clients) // WORST_SHARE)
    return float(np.sort(clients)[-count:].mean())  # NaN sorts last


def comparison_of(values: "pd.Series", others: "pd.Series") -> Comparison | None:
    """The difference of two sides over the seeds and clients that both have.

    Args:
        values: From `per_client`.
        others: What is taken away.

    Returns:
        The comparison; None where they share no client.
    """
    shared = values.index.intersection(others.index).sort_values()
    if shared.empty:
        return None
    differences = values[shared] - others[shared]
    seeds = _by_seed(differences)
    better, equal = int((differences < 0).sum()), int((differences == 0).sum())
    difference = student_mean(np.array([clients.mean() for clients in seeds]))
    return Comparison(difference, better, equal, len(differences) - better - equal, len(seeds))


def by_round(
    outcomes: "pd.DataFrame",
    rule: str,
    when: Literal["before", "after"] = "after",
    data: Data = "own",
    value: Value = "error_rate",
) -> dict[int, Estimate]:
    """The mean over clients and seeds in every round that was evaluated.

    Args:
        outcomes: Of `FederationTables`.
        rule: Its label.
        when: "before" or "after" averaging; before the first round (0) there is only the start.
        data: As `per_client`.
        value: Of what.

    Returns:
        Round -> mean with its interval over seeds, ascending.
    """
    rows = outcomes[(outcomes["rule"] == rule) & (outcomes["data"] == data)]
    rows = rows[(rows["when"] == when) | (rows["round"] == 0)].sort_values(["round", "seed", "client"])
    means = rows.groupby(["round", "seed"])[value].mean(skipna=False)
    numbers = sorted(set(rows["round"].tolist()))
    return {number: student_mean(means.loc[number].to_numpy()) for number in numbers}


def _by_seed(values: "pd.Series") -> list[np.ndarray]:
    return [part.to_numpy(dtype=np.float64) for _, part in values.groupby(level="seed")]
