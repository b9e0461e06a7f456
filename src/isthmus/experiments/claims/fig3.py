"""Figure 3: the minimal example, a network of two numbers."""

from functools import partial

from isthmus.experiments.evidence.criterion import Answer, Found
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.located import Located
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.scale import Scale
from isthmus.measures.estimate import Estimate
from isthmus.questions.theorem.example import DiagonalExample
from isthmus.questions.theorem.page import midpoint_rows
from isthmus.questions.theorem.picture import diagonal_picture
from isthmus.questions.theorem.reading import diagonal_reading, largest_difference
from isthmus.questions.theorem.study import loss_surface, measure_paths
from isthmus.report.picture import Picture

# Odd, so that half-way is one of them.
NUM_ALPHAS = {Scale.SMOKE: 11, Scale.SMALL: 41, Scale.PAPER: 201}


def run(bench: Bench) -> Evidence:
    """Measure the real network of two weights along its paths, beside the closed forms.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and the picture of the surface.
    """
    example = DiagonalExample()
    with bench.count_time():
        paths = measure_paths(example, NUM_ALPHAS[bench.scale])
    joint, near, far = (float(paths.loss.sel(path=path, alpha=0.5)) for path in paths["path"].values)
    verdicts = [str(paths.convexity.sel(path=path).values) for path in paths["path"].values[1:]]
    bench.settings |= {
        "network": f"f(x) = w1 w2 x, a = ({example.a:g}, {1 / example.a:g}), b = ({example.b:g}, {1 / example.b:g})",
        "alphas": f"{NUM_ALPHAS[bench.scale]} evenly spaced",
    }
    found: Found = {
        "joint": Located(Estimate.exact(joint)),
        "into_a": Located(Estimate.exact(joint / near)),
        "convex": Answer(", ".join(verdicts), set(verdicts) == {"convex"}),
        "closed_form": Located(Estimate.exact(largest_difference(paths))),
        "into_b": Located(Estimate.exact(joint / far)),
    }
    rows = midpoint_rows(paths)
    sentence = diagonal_reading(paths)
    draw = partial(diagonal_picture, loss_surface(example), paths)
    picture = Picture("surface", "The loss surface and the paths", draw, sentence)
    return Evidence({"": found}, [sentence], [picture], 1, [list(rows[0]), *(list(row.values()) for row in rows)])
