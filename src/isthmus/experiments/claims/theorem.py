"""Theorem 4.1: the loss of a deep linear network is convex along any one layer."""

from functools import partial

from isthmus.experiments.evidence.criterion import Found
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.located import Located
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.scale import Scale
from isthmus.measures.estimate import Estimate
from isthmus.questions.theorem.pairs import measure_cuts
from isthmus.questions.theorem.picture import cuts_picture
from isthmus.questions.theorem.reading import ROUNDING, cuts_reading, full_paths, one_layer
from isthmus.report.picture import Picture

NUM_PAIRS = {Scale.SMOKE: 3, Scale.SMALL: 100, Scale.PAPER: 1000}
NUM_SHOWN = 30  # pairs in the picture; more lines are one black area


def run(bench: Bench) -> Evidence:
    """Draw pairs of deep linear networks that fit the same data, and measure every cut between them in float64.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and the picture of all cuts.
    """
    num_pairs = NUM_PAIRS[bench.scale]
    bench.say(f"measuring {num_pairs} pairs of random deep linear networks")
    with bench.count_time():
        cuts = measure_cuts(num_pairs)
    single, full = one_layer(cuts), full_paths(cuts)
    above, bent, rises = (
        Located(Estimate.exact(int(count)), f"of {part.sizes['cut']}")
        for count, part in (
            ((single.relative_excess.max("alpha") > ROUNDING).sum(), single),
            ((single.convexity != "convex").sum(), single),
            ((full.relative_excess.max("alpha") > ROUNDING).sum(), full),
        )
    )
    bench.settings |= {
        "network": "deep linear, 2 to 5 layers of 2 to 6 units, the last layer the least-squares fit",
        "measured on": "32 random examples, squared error, float64",
        "alphas": f"{cuts.sizes['alpha']} evenly spaced",
    }
    found: Found = {
        "above": above,
        "bent": bent,
        "rises": rises,
    }
    sentence, shown = cuts_reading(cuts), cuts.isel(cut=(cuts["pair"] < NUM_SHOWN).values)
    title = f"Every cut of {min(num_pairs, NUM_SHOWN)} pairs"
    picture = Picture("cuts", title, partial(cuts_picture, shown), sentence)
    return Evidence({"": found}, [sentence], [picture], num_pairs)
