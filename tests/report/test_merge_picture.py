"""The picture of a merge: what costs more than it holds."""

import pytest

from isthmus.measures.estimate import Estimate
from isthmus.report.merging import CostShown, arrow_labels, cost_figure


def test_numbers_over_the_top_edge_do_not_overlap():
    def point(name, share, cost):
        return name, share, Estimate(cost, cost, cost)

    points = (point("all layers", 1.0, 2.1), point("plain average", 0.97, 3.3), point("random 1", 0.62, 1.4))
    tests = ((0.55, Estimate(0.02, 0.01, 0.03), True), (0.6, Estimate(1.9, 1.8, 2.0), False))
    figure = cost_figure(CostShown(points, tests, 0.05, "nats", "weights"))
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = {text.get_text(): text.get_window_extent() for text in axes.texts if text.get_text().startswith("↑")}
    assert set(boxes) == {"↑ 2.1 to 3.3", "↑ 1.4 to 1.9"}
    assert not boxes["↑ 2.1 to 3.3"].overlaps(boxes["↑ 1.4 to 1.9"])


@pytest.mark.parametrize(
    ("beyond", "expected"),
    [
        ([], []),
        ([(100.0, 2.0)], [(100.0, "↑ 2")]),
        ([(98.0, 5.0), (0.0, 1.0), (100.0, 4.0)], [(0.0, "↑ 1"), (99.0, "↑ 4 to 5")]),
        ([(0.0, 2.001), (4.0, 2.002)], [(2.0, "↑ 2")]),
        ([(0.0, float("nan"))], [(0.0, "↑ NaN")]),
    ],
)
def test_near_numbers_share_a_label(beyond, expected):
    assert arrow_labels(beyond) == expected
