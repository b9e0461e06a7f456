"""Appendix: two clients with i.i.d. and with different data."""

from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.criterion import (
    LARGE,
    SHARE,
    SMALL,
    Criterion,
    Estimate,
    at_least,
    at_most,
    largest,
    smallest,
)
from isthmus.experiments.reproduction.evidence import Evidence
from isthmus.experiments.reproduction.scale import Scale
from isthmus.report.picture import Picture

if TYPE_CHECKING:
    import xarray as xr

    from isthmus.experiments.reproduction.bench import Bench

TEST = {Scale.SMOKE: "digits:test[0:40]", Scale.SMALL: "cifar10:test[0:500]", Scale.PAPER: "cifar10:test"}


def run(bench: "Bench") -> Evidence:
    """Train two clients from one start for every way to deal the examples out, and average every set of layers.

    Args:
        bench: To work on.

    Returns:
        The criteria with the figures seen, and the heat map of costs.
    """
    from isthmus.experiments.reproduction.client_costs import (
        client_pairs,
        layer_set_costs,
        paper_groups,
        resnet18_layers,
    )
    from isthmus.report.client_heatmap import client_heatmap, client_sentence

    networks = bench.networks()
    groups = paper_groups(resnet18_layers())
    given = f"subsets:given:{','.join(map('+'.join, groups.values()))}"
    costs: dict[str, xr.Dataset] = {}
    for pair in client_pairs(networks):
        data = {**pair.data, "test": TEST[bench.scale]}
        a, b = networks.final(pair.a), networks.final(pair.b)
        name = f"{pair.a}-{pair.b}"
        result = bench.measured(name, networks.model, data, a=a, b=b, sweep=["single", given])
        of_pair = layer_set_costs(result)
        named = dict(zip((f"set:{k:02}" for k in range(1, len(groups) + 1)), groups, strict=True))
        renamed = {
            dim: [named.get(str(label), str(label)) for label in of_pair[dim].values] for dim in ("moving", "averaged")
        }
        costs[f"{pair.rule} ({name})"] = of_pair.assign_coords(renamed)
    bench.settings |= {
        "the two networks": "same initialisation, the data of two clients",
        "measured on": f"each client's own part, the union of both, `{TEST[bench.scale]}`",
        "sets of layers": "every layer alone; all; A: layer1.0.conv1, layer2.0.conv1 and 2, layer3.0.conv1 and 2, "
        "layer4.0.conv1 and 2, fc; B: all of layer2 and layer3; C: all but A; D: all but fc",
    }
    criteria = [criterion for name, cost in costs.items() for criterion in pair_criteria(name, cost)]
    sentences = [client_sentence(name, cost) for name, cost in costs.items()]
    picture = Picture(
        "costs", "What averaging a set of layers costs each client", client_heatmap(costs), " ".join(sentences)
    )
    return Evidence(criteria, sentences, [picture], len(costs), cost_rows(costs, ["all", *groups]))


def pair_criteria(name: str, cost: "xr.Dataset") -> list[Criterion]:
    """Averaging everything costs much, averaging one layer little, and full averaging serves the union best.

    Args:
        name: Words for the pair.
        cost: From `layer_set_costs`.

    Returns:
        Five criteria; the last one is not essential.
    """
    full = smallest(costs_of(cost, "all", "own"))
    layers = [str(label) for label in cost["moving"].values[cost["sweep"].values == "single"]]
    layer = largest(estimate for label in layers for estimate in costs_of(cost, label, "own"))
    share = largest(estimate for label in layers for estimate in costs_of(cost, label, "own", "share"))
    union = largest(estimate for label in layers for estimate in costs_of(cost, label, "union"))
    return [
        at_least(f"{name}: what averaging everything costs a client on its own data, the least", full, LARGE, "nats"),
        at_most(f"{name}: what averaging one layer costs there, the most", layer, SMALL, "nats"),
        at_most(f"{name}: the largest share that one layer makes of what everything costs there", share, SHARE),
        at_most(f"{name}: what averaging one layer costs on the union, the most", union, SMALL, "nats"),
        full_is_best(name, cost),
    ]


def costs_of(cost: "xr.Dataset", label: str, data: str, value: str = "rise") -> list[Estimate]:
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
        where = f"client {host}" if label == "all" else f"{label} of {host}"
        number, low, high = (float(cell[f"{value}{end}"]) for end in ("", "_low", "_high"))
        found.append(Estimate(number, low, high, where))
    return found


def full_is_best(name: str, cost: "xr.Dataset") -> Criterion:
    """The condition that no set of layers is better to average than all, for the union of the data.

    Args:
        name: Words for the pair.
        cost: From `layer_set_costs`.

    Returns:
        Met if the mean loss of the two clients on the union is surely higher wherever not everything is averaged.
    """
    above = []
    for label in cost["averaged"].values:
        value, low, high = (float(cost[f"above_full{end}"].sel(averaged=label)) for end in ("", "_low", "_high"))
        above += [Estimate(value, low, high, str(label))] if label != "all" else []
    statement = f"{name}: mean loss of both clients on the union above that after averaging everything, the least"
    return at_least(statement, smallest(above), 0, "nats", essential=False)


def cost_rows(costs: "dict[str, xr.Dataset]", sets: list[str]) -> list[list[str]]:
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
                cells = (estimates[h] for estimates in per_kind)
                shown = [Estimate(cell.value, cell.low, cell.high).text() for cell in cells]
                rows.append([name, "everything" if label == "all" else label, str(host), *shown])
    return rows


CLAIM = Claim(
    name="clients",
    title="two clients can average any one layer, and not everything",
    figure="appendix, two clients",
    says=(
        "Two clients train from one start on their own data, i.i.d. or not, and average layers. The paper's appendix "
        "repeats its measurements for them, and its Table 1 finds that partial averaging generally does not beat full "
        "averaging, except in extreme non-i.i.d. cases. Its figures are not known to us; what is put to the test is "
        "its general statement, that single layers have no barrier where the full network has one."
    ),
    expected=(
        "Averaging everything costs each client some tenths of a nat or more on its own data, any single layer less "
        "than a tenth of a nat and less than a fifth of it; on the union no single layer costs more than that either. "
        "Whether full averaging serves the union better than any set of layers is shown beside it."
    ),
    paper_settings={
        "network": "ResNet-18 for CIFAR-10 without normalisation",
        "trained on": "CIFAR-10, two clients, i.i.d. and non-i.i.d.; how it was dealt out is not known",
        "the two networks": "same initialisation",
        "sets of layers": "single layers; in Table 1 groups A to D",
    },
    times={Scale.SMOKE: "20 s", Scale.SMALL: "10 min on two cores", Scale.PAPER: "not run; hours on a GPU"},
    departures={
        Scale.SMOKE: ("Everything: tiny networks on digits, a few steps.",),
        Scale.SMALL: (
            "2,000 images without augmentation, learned by heart, in place of 50,000; width 16, 40 epochs: see fig1.",
            "Non-i.i.d. means that each client has five classes of its own.",
            "One exchange at the end of training, where federated learning averages in rounds: Table 1 is not "
            "repeated by it.",
            "What averaging costs a client is counted from its own network: one of the two may never have seen half "
            "of the classes, and the mean of both would count that as a barrier.",
            "One pair for each way of dealing out: the spread over pairs is not known.",
        ),
        Scale.PAPER: (
            "How the paper deals the data out is not known: i.i.d., Dirichlet 0.1 class by class, and five classes of "
            "its own for each client.",
            "One exchange at the end of training.",
        ),
    },
    run=run,
)
