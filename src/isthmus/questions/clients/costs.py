"""What averaging sets of layers costs two clients: on their own data, on the union of both, and on data of neither."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from isthmus.data.spec import parse_data_spec
from isthmus.measures.estimate import UNKNOWN
from isthmus.measures.estimates import Estimates
from isthmus.measures.intervals.paired_mean import paired_mean
from isthmus.measures.intervals.paired_ratio import paired_ratio
from isthmus.results.studies import ABOVE_FULL, CLIENT_COSTS, COST_RISE, COST_SHARE
from isthmus.results.variables import LOSS, Values, with_dimensions
from isthmus.runs.folder.loading import examples
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.recipes import TrainedNetworks

OWN, TEST = {"a": "own_a", "b": "own_b"}, "test"
NOTHING = "nothing"
HALF = 0.5


@dataclass(frozen=True)
class ClientPair:
    """Two clients that share out one set of examples.

    Attributes:
        a: The name of the first network.
        b: Of the second.
        rule: How the examples were dealt out, in words, such as "i.i.d." or "classes=5".
        data: Each client's own part: "own_a" and "own_b".
    """

    a: str
    b: str
    rule: str
    data: Mapping[str, str]


def client_pairs(networks: "TrainedNetworks") -> list[ClientPair]:
    """The pairs of a recipe in which a and b are the two clients of one partition.

    Args:
        networks: Whose data names a client.

    Returns:
        One a pair.
    """
    data = {recipe.name: recipe.data for recipe in networks.recipes}
    found = []
    for a, b in networks.pairs:
        clients = [parse_data_spec(data[name]).client for name in (a, b)]
        assert all(client is not None and client.partition.num_clients == 2 for client in clients), "two clients a pair"
        first, second = clients
        assert first
        assert second
        assert (first.number, second.number) == (0, 1)
        assert first.partition == second.partition, "both clients of one partition"
        rule = "i.i.d." if first.partition.rule == "iid" else first.partition.text
        found.append(ClientPair(a, b, rule, {OWN["a"]: data[a], OWN["b"]: data[b]}))
    return found


def layer_set_costs(result: xr.Dataset) -> xr.Dataset:
    """What averaging each set of layers costs: the rise over the host, and its share of that of all layers.

    The union is both clients' own examples one after the other, which is all of them.

    Args:
        result: Of one pair, with the midpoint, both hosts, and the splits "own_a", "own_b" and perhaps "test".

    Returns:
        Over (moving, host, data): `loss`, and with the ends `_low` and `_high` of their 95 % intervals `rise` over the
        host and `share` (the rise divided by that of averaging everything, paired on the examples); data is "own" (the
        host's), "other", "union" and perhaps "test". Host a with the layers averaged is what client a would go on
        with. Over (host, data): `loss_host`. Over (averaged), the sets and "nothing": `above_full`, how far the mean
        loss of both clients on the union lies above that after averaging everything, with its interval.
    """
    splits = [name for name in (*OWN.values(), TEST) if name in result["split"].values]
    tables = {name: examples(result, name).sel(alpha=HALF) for name in splits}
    union = xr.concat([tables[name].drop_vars("target", errors="ignore") for name in OWN.values()], "example")
    hosts = [str(host) for host in result["host"].values]
    moving = [str(label) for label in result["moving"].values]
    kinds = ["own", "other", "union", *([TEST] if TEST in tables else [])]
    shape = (len(moving), len(hosts), len(kinds))
    loss, loss_host = np.full(shape, math.nan), np.full(shape[1:], math.nan)
    rise, share = (np.full(shape, UNKNOWN, dtype=object) for _ in range(2))
    for h, host in enumerate(hosts):
        (other,) = set(OWN) - {host}
        data = {"own": tables[OWN[host]], "other": tables[OWN[other]], "union": union, TEST: tables.get(TEST)}
        for k, kind in enumerate(kinds):
            table = data[kind]
            assert table is not None
            at_host = table[LOSS.ends[host].name].values.astype(np.float64)
            full = table["loss"].sel(moving=FULL_NETWORK, host=host).values - at_host
            loss_host[h, k] = at_host.mean(dtype=np.float64)
            for m, label in enumerate(moving):
                losses = table["loss"].sel(moving=label, host=host).values
                loss[m, h, k] = losses.mean(dtype=np.float64)
                rise[m, h, k] = paired_mean(losses.astype(np.float64) - at_host)
                share[m, h, k] = paired_ratio(losses - at_host, full)
    values: Values = {"loss": loss}
    for number, found in ((COST_RISE, rise), (COST_SHARE, share)):
        values |= number.values_of(Estimates.of(found.flat, shape))
    values["loss_host"] = loss_host
    labels = {"moving": moving, "host": hosts, "data": kinds, "sweep": ("moving", result["sweep"].values)}
    return xr.Dataset(with_dimensions(values, CLIENT_COSTS), labels).merge(_above_full(union))


def _above_full(union: xr.Dataset) -> xr.Dataset:
    """What every set of layers, and no averaging at all, leaves above averaging everything; paired on the examples."""
    averaged = union["loss"].astype(np.float64).mean("host")
    full = averaged.sel(moving=FULL_NETWORK).values
    local = (union["loss_a"].values.astype(np.float64) + union["loss_b"].values) / 2
    losses = {str(label): averaged.sel(moving=label).values for label in averaged["moving"].values} | {NOTHING: local}
    with np.errstate(invalid="ignore"):
        above = Estimates.of((paired_mean(values - full) for values in losses.values()), (len(losses),))
    return xr.Dataset(with_dimensions(ABOVE_FULL.values_of(above), CLIENT_COSTS), {"averaged": list(losses)})
