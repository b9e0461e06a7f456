"""Figure 3: the minimal example, a network of two numbers."""

from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.criterion import Criterion, Estimate, at_least, at_most
from isthmus.experiments.reproduction.evidence import Evidence
from isthmus.experiments.reproduction.scale import Scale
from isthmus.report.picture import Picture

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.bench import Bench

NUM_ALPHAS = {Scale.SMOKE: 11, Scale.SMALL: 41, Scale.PAPER: 201}
MUCH = 10


def run(bench: "Bench") -> Evidence:
    """Measure the real network of two weights along its paths, beside the closed forms.

    Args:
        bench: To work on.

    Returns:
        The criteria with the losses seen, and the picture of the surface.
    """
    from isthmus.experiments.diagonal_example import DiagonalExample
    from isthmus.experiments.theorem import loss_surface, measured_paths
    from isthmus.report.theorem_page import midpoint_rows
    from isthmus.report.theorem_picture import diagonal_picture
    from isthmus.report.theorem_reading import ROUNDING, diagonal_reading, largest_difference

    example = DiagonalExample()
    with bench.counted():
        paths = measured_paths(example, NUM_ALPHAS[bench.scale])
    joint, near, far = (float(paths.loss.sel(path=path, alpha=0.5)) for path in paths["path"].values)
    verdicts = [str(paths.convexity.sel(path=path).values) for path in paths["path"].values[1:]]
    bench.settings |= {
        "network": f"f(x) = w1 w2 x, a = ({example.a:g}, {1 / example.a:g}), b = ({example.b:g}, {1 / example.b:g})",
        "alphas": f"{NUM_ALPHAS[bench.scale]} evenly spaced",
    }
    criteria = (
        at_least("loss half-way along both layers, where both ends have none", Estimate.exact(joint), 1),
        at_least("that loss divided by the one of layer 2 alone, into a", Estimate.exact(joint / near), MUCH),
        Criterion("layer 2 alone", "convex into both hosts", ", ".join(verdicts), set(verdicts) == {"convex"}),
        at_most("closed form and measurement differ by", Estimate.exact(largest_difference(paths)), ROUNDING),
        at_least(
            "the same quotient into b, whose first weight is the larger", Estimate.exact(joint / far), MUCH,
            essential=False,
        ),
    )  # fmt: skip
    rows = midpoint_rows(paths)
    sentence = diagonal_reading(paths)
    picture = Picture(
        "surface", "The loss surface and the paths", diagonal_picture(loss_surface(example), paths), sentence
    )
    return Evidence(criteria, [sentence], [picture], 1, [list(rows[0]), *(list(row.values()) for row in rows)])


CLAIM = Claim(
    name="fig3",
    title="a network of two numbers has a joint barrier and none along one layer",
    figure="Figure 3",
    says=(
        "In a one-dimensional diagonal linear network two solutions are separated by a barrier when both layers move, "
        "while moving the second layer alone meets a much lower loss."
    ),
    expected=(
        "With r the quotient of the first weights: half-way (r + 1/r − 2)²/16 for both layers, (1 − 1/r)²/4 for layer "
        "2 alone into the network with the smaller first weight, which is lower for r > 3; (r − 1)²/4 into the other, "
        "which is never lower. Both single cuts are parabolas, hence convex."
    ),
    paper_settings={"network": "f(x) = w1 w2 x; its weights are not known to us", "alphas": "not known"},
    times={Scale.SMOKE: "2 s", Scale.SMALL: "2 s", Scale.PAPER: "2 s"},
    departures=dict.fromkeys(Scale, ("The two networks are our own choice: r = 16.",)),
    run=run,
)
