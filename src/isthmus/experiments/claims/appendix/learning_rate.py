"""Appendix: high and low learning rates."""

from isthmus.experiments.evidence import barriers
from isthmus.experiments.evidence.along_steps import rows_along_training
from isthmus.experiments.evidence.criterion import Found
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.layerwise import SPLITS
from isthmus.experiments.evidence.located import Located, largest
from isthmus.experiments.evidence.panels import heat_maps
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.cifar10 import ALONG, END, PRECISION_ALONG, PRECISION_AT_END
from isthmus.measures.estimate import difference
from isthmus.report.picture import Picture

RATES = {"high": "fig1", "low": None}


def run(bench: Bench) -> Evidence:
    """Figure 1's first pair has the high rate, a pair of this claim's own the low one; every layer at every step.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and the heat maps of both.
    """
    along, at_end = ALONG[bench.scale], END[bench.scale]
    coarse, fine = PRECISION_ALONG.get(bench.scale), PRECISION_AT_END.get(bench.scale)
    ends, pictures, obtained = {}, list[Picture](), list[str]()
    for rate, owner in RATES.items():
        networks = bench.train_networks(owner, ("a1", "b1"))
        a, b = [networks.trajectory("a1")], [networks.trajectory("b1")]
        steps = bench.measure(f"{rate} steps", networks.model, along, a=a, b=b, precision=coarse)
        a, b = [networks.final("a1")], [networks.final("b1")]
        ends[rate] = bench.measure(f"{rate} end", networks.model, at_end, a=a, b=b, precision=fine)
        if bench.scale.is_whole:
            small = bench.threshold(f"layer_{rate}")
            obtained += [
                f"At the {rate} rate, on {words}: {rows_along_training(steps, split, small)}"
                for split, words in SPLITS.items()
            ]
        pictures += heat_maps(steps.isel(pair=0), SPLITS, f"{rate} learning rate", f"{rate}_")
    full = {rate: barriers.full_barriers(end, "train")[0] for rate, end in ends.items()}
    layer = {rate: largest(barriers.layer_barriers(end, "train")) for rate, end in ends.items()}
    apart = Located(difference(full["high"].estimate, full["low"].estimate))
    connected = [answer for end in ends.values() for answer in barriers.connectivities(end, "train")]
    found: Found = {
        "full_high": full["high"],
        "apart": apart,
        "layer_high": layer["high"],
        "layer_low": layer["low"],
        "connected": barriers.connectivity_answer(connected),
    }
    rows = list[list[str]]()
    for rate, end in ends.items():
        titles, *cells = barriers.pair_rows(end, SPLITS)
        rows += [*([] if rows else [["rate", *titles]]), *([rate, *row] for row in cells)]
    return Evidence({"": found}, obtained, pictures, len(ends), rows)
