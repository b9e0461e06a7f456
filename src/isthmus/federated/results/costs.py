"""What a rule costs: bytes and seconds, and which part of them is for measuring barriers."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from isthmus.federated.results.tables import FederationTables

BYTES = ("bytes_up", "bytes_down", "bytes_measured")
SECONDS = ("training", "averaging", "evaluating", "measuring")


@dataclass(frozen=True)
class Cost:
    """Over all rounds and clients, mean over seeds.

    Attributes:
        bytes_up: Sent by clients to be averaged.
        bytes_down: Sent to clients.
        bytes_measured: Sent to measure barriers, beside the others.
        seconds: Of everything but evaluating, which is for the report.
        seconds_measuring: Of these, for measuring barriers.
    """

    bytes_up: float
    bytes_down: float
    bytes_measured: float
    seconds: float
    seconds_measuring: float

    @property
    def num_bytes(self) -> float:
        """All that were sent."""
        return self.bytes_up + self.bytes_down + self.bytes_measured

    @property
    def bytes_share(self) -> float:
        """The part of all bytes that is for measuring; NaN where nothing was sent."""
        return self.bytes_measured / self.num_bytes if self.num_bytes else math.nan

    @property
    def seconds_share(self) -> float:
        """The part of all seconds that is for measuring; NaN where no time was recorded."""
        return self.seconds_measuring / self.seconds if self.seconds else math.nan


def cost_of(federation: "FederationTables", rule: str) -> Cost:
    """The cost of a rule. What is measured under a rule that doesn't go by it is for the report and costs it nothing.

    Args:
        federation: The training.
        rule: Its label.

    Returns:
        The cost.
    """
    traffic, seconds = federation.traffic, federation.seconds
    num_seeds = len(federation.seeds)
    up, down, measured = (float(traffic.loc[traffic["rule"] == rule, name].sum()) / num_seeds for name in BYTES)
    spent = {name: math.fsum(seconds.loc[seconds["rule"] == rule, name]) / num_seeds for name in SECONDS}
    if rule not in federation.labels_of("barrier"):
        measured = spent["measuring"] = 0.0
    return Cost(up, down, measured, spent["training"] + spent["averaging"] + spent["measuring"], spent["measuring"])


def left_out(federation: "FederationTables") -> "pd.DataFrame":
    """Who was left out of a round, and why.

    Args:
        federation: The training.

    Returns:
        Rows of rule, seed, round, client and the reason.
    """
    traffic = federation.traffic
    found: pd.DataFrame = traffic.loc[traffic["left_out"] != "", ["rule", "seed", "round", "client", "left_out"]]
    return found.reset_index(drop=True)
