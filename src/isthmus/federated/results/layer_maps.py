"""Layers by rounds: how large barriers between clients are, and how many clients average each layer."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from isthmus.federated.results.tables import FederationTables


def largest_barriers(federation: "FederationTables", rule: str) -> "pd.DataFrame":
    """The largest loss barrier of each layer over pairs of clients, mean over seeds.

    Args:
        federation: The training.
        rule: A label.

    Returns:
        Layers in the order of first use by the rounds that were measured, in nats; NaN where a pair's is NaN. No
        columns where nothing was measured under this rule.
    """
    barriers = federation.barriers
    of_seed = barriers[barriers["rule"] == rule].groupby(["layer", "round", "seed"])["loss_barrier"]
    return _map(federation, of_seed.max(skipna=False).groupby(["layer", "round"]).mean(skipna=False))


def averaging_shares(federation: "FederationTables", rule: str) -> "pd.DataFrame":
    """The share of clients that average each layer, mean over seeds.

    Args:
        federation: The training.
        rule: A label.

    Returns:
        Layers in the order of first use by rounds from 1, each a number of [0, 1].
    """
    exchanges = federation.exchanges
    counts = exchanges[exchanges["rule"] == rule].groupby(["layer", "round"]).size()
    found = _map(federation, counts).reindex(columns=range(1, federation.num_rounds + 1))
    return found.fillna(0) / len(federation.clients)


def _map(federation: "FederationTables", values: "pd.Series") -> "pd.DataFrame":
    found = values.unstack("round") if len(values) else values.to_frame().iloc[:0, :0]
    return found.reindex(index=federation.layers["layer"].tolist()).astype(np.float64)
