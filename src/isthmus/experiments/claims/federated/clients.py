"""Appendix: two clients with i.i.d. and with different data."""

from functools import partial

import xarray as xr

from isthmus.experiments.evidence.barriers import ends_wrong
from isthmus.experiments.evidence.criterion import Found
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.located import Located, largest, smallest
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.scale import Scale
from isthmus.layers.paper_groups import paper_groups, resnet18_layers
from isthmus.questions.clients.costs import HALF, client_pairs, layer_set_costs
from isthmus.questions.clients.picture import client_heatmap, client_sentence
from isthmus.report.picture import Picture
from isthmus.results.estimates import estimate_at
from isthmus.results.rows import in_split, single_layers
from isthmus.sweeps.group import FULL_NETWORK

TEST = {
    Scale.SMOKE: "digits:test[0:40]",
    Scale.SMALL: "cifar10:test[0:500]",
    Scale.EVENING: "cifar10:test",
    Scale.PAPER: "cifar10:test",
}


def run(bench: Bench) -> Evidence:
    """Train two clients from one start for every way to deal the examples out, and average every set of layers.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and the heat map of costs.
    """
    networks = bench.train_networks()
    groups = paper_groups(resnet18_layers())
    given = f"subsets:given:{','.join(map('+'.join, groups.values()))}"
    costs: dict[str, xr.Dataset] = {}
    wrong = list[str]()
    for pair in client_pairs(networks):
        data = {**pair.data, "test": TEST[bench.scale]}
        a, b = networks.final(pair.a), networks.final(pair.b)
        name = f"{pair.a}-{pair.b}"
        result = bench.measure(name, networks.model, data, a=a, b=b, sweep=["single", given])
        of_pair = layer_set_costs(result)
        named = dict(zip((f"set:{k:02}" for k in range(1, len(groups) + 1)), groups, strict=True))
        renamed = {
            dim: [named.get(str(label), str(label)) for label in of_pair[dim].values] for dim in ("moving", "averaged")
        }
        words = f"{pair.rule} ({name})"
        costs[words] = of_pair.assign_coords(renamed)
        wrong.append(f"{words}: on the test images, of all classes, {wrong_sentence(result)}")
    bench.settings |= {
        "the two networks": "same initialisation, the data of two clients",
        "measured on": f"each client's own part, the union of both, `{TEST[bench.scale]}`",
        "sets of layers": "every layer alone; all; A: layer1.0.conv1, layer2.0.conv1 and 2, layer3.0.conv1 and 2, "
        "layer4.0.conv1 and 2, fc; B: all of layer2 and layer3; C: all but A; D: all but fc",
    }
    found = {name: pair_found(cost) for name, cost in costs.items()}
    sentences = [client_sentence(name, cost) for name, cost in costs.items()]
    obtained = sentences + (wrong if bench.scale.is_whole else [])
    picture = Picture(
        "costs", "What averaging a set of layers costs each client", partial(client_heatmap, costs), " ".join(sentences)
    )
    return Evidence(found, obtained, [picture], len(costs), cost_rows(costs, [FULL_NETWORK, *groups]))


def wrong_sentence(result: xr.Dataset) -> str:
    """How good the clients' networks are, and their mean.

    Args:
        result: Of one pair of classifiers, with the midpoint and the split "test".

    Returns:
        The end of a sentence, with errors on the test images.
    """
    part = in_split(result, "test")
    mean = float(part["error_rate"].sel(moving=FULL_NETWORK, alpha=HALF).isel(host=0))
    return f"the two networks get {ends_wrong(part)} % wrong, and their mean {100 * mean:.1f} %."


def pair_found(cost: xr.Dataset) -> Found:
    """What averaging costs two clients.

    Args:
        cost: From `layer_set_costs`.

    Returns:
        On a client's own data "everything", the least, "layer", the most, and the largest "share" of one layer; on the
        union "layer", as "union", and how far any set of layers, and no averaging, stay above averaging all, the least
        ("full_is_best").
    """
    layers = single_layers(cost)
    above = [
        Located(estimate_at(cost.sel(averaged=label), "above_full"), str(label))
        for label in cost["averaged"].values
        if label != FULL_NETWORK
    ]
    return {
        "everything": smallest(costs_of(cost, FULL_NETWORK, "own")),
        "layer": largest(found for label in layers for found in costs_of(cost, label, "own")),
        "share": largest(found for label in layers for found in costs_of(cost, label, "own", "share")),
        "union": largest(found for label in layers for found in costs_of(cost, label, "union")),
        "full_is_best": smallest(above),
    }


def costs_of(cost: xr.Dataset, label: str, data: str, value: str = "rise") -> list[Located]:
    """What a set of layers costs each client.

    Args:
        cost: From `layer_set_costs`.
        label: The set.
        data: On which data.
        value: "rise" over the client's own network, or its "share" of that of averaging everything.

    Returns:
        One a client.
    """
    found = []
    for host in cost["host"].values:
        cell = cost.sel(moving=label, host=host, data=data)
        where = f"client {host}" if label == FULL_NETWORK else f"{label} of {host}"
        found.append(Located(estimate_at(cell, value), where))
    return found


def cost_rows(costs: dict[str, xr.Dataset], sets: list[str]) -> list[list[str]]:
    """What larger sets cost, as a table.

    Args:
        costs: By the words for a pair.
        sets: Their labels.

    Returns:
        Rows of cells, the titles first.
    """
    kinds = {"own": "own data", "other": "the other's data", "union": "union", "test": "test"}
    rows = [["clients", "averaged", "client", *(f"{words}, nats" for words in kinds.values())]]
    for name, cost in costs.items():
        for label in sets:
            per_kind = [costs_of(cost, label, kind) for kind in kinds]
            for h, host in enumerate(cost["host"].values):
                shown = [of_kind[h].estimate.whole_text for of_kind in per_kind]
                rows.append([name, "everything" if label == FULL_NETWORK else label, str(host), *shown])
    return rows
