"""Theorem 4.1: the loss of a deep linear network is convex along any one layer."""

from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.criterion import Estimate, at_least, at_most
from isthmus.experiments.reproduction.evidence import Evidence
from isthmus.experiments.reproduction.scale import Scale
from isthmus.report.picture import Picture

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.bench import Bench

NUM_PAIRS = {Scale.SMOKE: 3, Scale.SMALL: 100, Scale.PAPER: 1000}
NUM_SHOWN = 30


def run(bench: "Bench") -> Evidence:
    """Draw pairs of deep linear networks that fit the same data, and measure every cut between them in float64.

    Args:
        bench: To work on.

    Returns:
        The criteria with the counts seen, and the picture of all cuts.
    """
    from isthmus.experiments.linear_pairs import measured_cuts
    from isthmus.report.theorem_picture import cuts_picture
    from isthmus.report.theorem_reading import ROUNDING, cuts_reading, full_paths, one_layer

    num_pairs = NUM_PAIRS[bench.scale]
    bench.say(f"measuring {num_pairs} pairs of random deep linear networks")
    with bench.counted():
        cuts = measured_cuts(num_pairs)
    single, full = one_layer(cuts), full_paths(cuts)
    above, bent, rises = (
        Estimate.exact(int(count), f"of {part.sizes['cut']}")
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
    criteria = (
        at_most("cuts of one layer that rise above the line between their own ends", above, 0),
        at_most("cuts of one layer that are not convex, by second differences", bent, 0),
        at_least("paths of all layers that rise above it, so that the test could have failed", rises, 1),
    )
    sentence, shown = cuts_reading(cuts), cuts.isel(cut=(cuts["pair"] < NUM_SHOWN).values)
    title = f"Every cut of {min(num_pairs, NUM_SHOWN)} pairs"
    return Evidence(criteria, [sentence], [Picture("cuts", title, cuts_picture(shown), sentence)], num_pairs)


CLAIM = Claim(
    name="theorem",
    title="deep linear networks are convex along any one layer",
    figure="Theorem 4.1",
    says=(
        "In a deep linear network under the squared error the loss is convex along the interpolation of any one layer, "
        "for the output is affine in that layer. It is not so for two layers at once."
    ),
    expected="No cut of one layer above its chord, among many; some paths of all layers above theirs.",
    paper_settings={"network": "deep linear", "measured on": "squared error; a proof, no experiment"},
    times={Scale.SMOKE: "5 s", Scale.SMALL: "20 s", Scale.PAPER: "2 min"},
    departures=dict.fromkeys(
        Scale,
        (
            "The paper proves it; here random networks are measured, which shows that the measuring is right.",
            "The excess is counted from the cut's own ends, of which the theorem speaks, not from the mean of the two "
            "networks.",
        ),
    ),
    run=run,
)
